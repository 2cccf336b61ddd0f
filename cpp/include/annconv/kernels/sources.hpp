// How what arrives at a layer's neurons is computed from the spikes of the layer before it.
//
// A source prepares the spikes of a tile of steps, computes the sums of one block of neurons for
// all of its steps, and hands out what arrives at a vector of neurons in a step. It tells which
// neurons no spike reaches in the tile.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "annconv/kernels/event_convolution.hpp"
#include "annconv/kernels/shape_blocks.hpp"
#include "annconv/kernels/spikes.hpp"
#include "annconv/lanes.hpp"

namespace annconv {

constexpr std::size_t aligned_size(std::size_t bytes) { return (bytes + 63) / 64 * 64; }

// A vector of sums, of reals or of integers of 16 or 32 bits, as reals.
template <class Value, class Sums>
ANNCONV_INLINE Value as_reals(Sums sums) {
    using Words = typename VectorOf<std::int32_t, Value::kLanes>::type;
    if constexpr (std::is_same_v<Sums, typename Value::Vector>) {
        return Value(sums);
    } else if constexpr (std::is_same_v<Sums, Words>) {
        return Value(__builtin_convertvector(sums, typename Value::Vector));
    } else {
        return Value(__builtin_convertvector(widen<Words>(sums), typename Value::Vector));
    }
}

// Sums in memory as a vector of reals.
template <class Value, class Sum>
ANNCONV_INLINE Value load_sums(const Sum* sums) {
    typename VectorOf<Sum, Value::kLanes>::type values;
    std::memcpy(&values, sums, sizeof values);
    return as_reals<Value>(values);
}

// Convolution by events.
template <class Shape, class Weight>
class ConvolutionSource : public ShapeBlocks<Shape> {
    using Convolution = EventConvolution<Shape, Weight>;
    using Bits = typename Convolution::Bits;
    using Sum = typename Convolution::Sum;

   public:
    using ShapeBlocks<Shape>::kBlockRows, ShapeBlocks<Shape>::kBlockChannels;
    using ShapeBlocks<Shape>::kRowBlocks, ShapeBlocks<Shape>::channel_blocks;
    using Reached = std::uint8_t[Shape::kOut[1]][Shape::kOut[2]];
    static constexpr std::size_t kScratchBytes =
        aligned_size(sizeof(Bits)) + aligned_size(sizeof(Reached)) +
        sizeof(Sum) * Shape::kTileSteps * Convolution::kBlockSums;

    template <class Slots>
    ConvolutionSource(const Slots& spikes, const Weight* kernel, int steps, std::byte* scratch)
        : bits_(*reinterpret_cast<Bits*>(scratch)),
          reached_(reinterpret_cast<std::uint8_t (*)[Shape::kOut[2]]>(scratch +
                                                                      aligned_size(sizeof(Bits)))),
          sums_(reinterpret_cast<Sum*>(scratch + aligned_size(sizeof(Bits)) +
                                       aligned_size(sizeof(Reached)))),
          kernel_(kernel),
          steps_(steps) {
        bits_.pack(spikes, steps);
        if constexpr (Shape::kSkipsResting != 0) find_reached();
    }

    // A function of its own, so that the neurons' code leaves it all registers.
    __attribute__((noinline)) void compute(int row_block, int channel_block) {
        first_ = row_block * kBlockRows;
        Convolution::block(bits_, kernel_, row_block, channel_block, steps_, sums_);
    }

    // Whether a spike reaches the neurons of a cell in this tile.
    bool reached(int row, int col) const { return reached_[first_ + row][col] != 0; }

    // `row` and `channel` count from the start of the block.
    template <class Value>
    ANNCONV_INLINE Value arrived(int slot, int row, int col, int channel) const {
        return load_sums<Value>(sums_ + slot * Convolution::kBlockSums +
                                row * Convolution::kRowSums + col * kBlockChannels + channel);
    }

   private:
    // Which windows hold a spike of any step: columns of each row first, then rows.
    void find_reached() {
        std::uint8_t rows[Bits::kRows][Shape::kOut[2]] = {};
        for (int row = 0; row < Bits::kRows; ++row) {
            std::uint8_t spiked[Bits::kCols];
            for (int col = 0; col < Bits::kCols; ++col) spiked[col] = bits_.spiked(row, col);
            for (int tap = 0; tap < Shape::kSize[2]; ++tap) {
                for (int col = 0; col < Shape::kOut[2]; ++col) {
                    rows[row][col] |= spiked[col * Shape::kStride[2] + tap * Shape::kDilation[2]];
                }
            }
        }
        std::memset(reached_, 0, sizeof(Reached));
        for (int row = 0; row < Shape::kOut[1]; ++row) {
            for (int tap = 0; tap < Shape::kSize[1]; ++tap) {
                const auto* below = rows[row * Shape::kStride[1] + tap * Shape::kDilation[1]];
                for (int col = 0; col < Shape::kOut[2]; ++col) reached_[row][col] |= below[col];
            }
        }
    }

    Bits& bits_;
    std::uint8_t (*reached_)[Shape::kOut[2]];
    Sum* sums_;
    const Weight* kernel_;
    int steps_;
    int first_ = 0;
};

// Convolution of a single channel: every pattern of spikes under a kernel row has its sum in a
// table, laid out as (channel blocks, kernel rows, patterns, channels).
template <class Shape, class Weight>
class RowTableSource : public ShapeBlocks<Shape> {
   public:
    using ShapeBlocks<Shape>::kBlockRows, ShapeBlocks<Shape>::kBlockChannels;
    using ShapeBlocks<Shape>::kRowBlocks, ShapeBlocks<Shape>::channel_blocks;
    static constexpr int kPaddedRows = (Shape::kOut[1] - 1) * Shape::kStride[1] + Shape::kSize[1];
    // Where in a table the pattern under every window of a row lies; silent rows above and below.
    using Offsets = std::uint16_t[kPaddedRows][Shape::kOut[2]];
    static constexpr std::size_t kScratchBytes = sizeof(Offsets) * (Shape::kTileSteps + 1);

    template <class Slots>
    RowTableSource(const Slots& spikes, const Weight* tables, int steps, std::byte* scratch)
        : offsets_(reinterpret_cast<Offsets*>(scratch)), tables_(tables) {
        std::memset(scratch, 0, kScratchBytes);
        for (int slot = 0; slot < steps; ++slot) find_patterns(spikes.at(slot), offsets_[slot]);
        if constexpr (Shape::kSkipsResting != 0) find_spiking(steps);
    }

    void compute(int row_block, int channel_block) {
        first_ = row_block * kBlockRows;
        table_ = tables_ + static_cast<std::ptrdiff_t>(channel_block) * Shape::kSize[1] * kTable;
    }

    template <class Value>
    ANNCONV_INLINE Value arrived(int slot, int row, int col, int channel) const {
        const auto* rows = offsets_[slot] + (first_ + row) * Shape::kStride[1];
        Entry<Value> sum = entry<Value>(rows[0][col], 0, channel);
        for (int tap = 1; tap < Shape::kSize[1]; ++tap) {
            sum += entry<Value>(rows[tap][col], tap, channel);
        }
        return as_reals<Value>(sum);
    }

    // Whether a spike reaches the neurons of a cell in this tile.
    bool reached(int row, int col) const {
        const auto* rows = offsets_[Shape::kTileSteps] + (first_ + row) * Shape::kStride[1];
        int any = 0;
        for (int tap = 0; tap < Shape::kSize[1]; ++tap) any |= rows[tap][col];
        return any != 0;
    }

   private:
    static constexpr int kPatterns = 1 << Shape::kSize[2];
    static constexpr int kTable = kPatterns * kBlockChannels;
    // A row as bits is one word, or words that overlap, so that each window lies in one.
    static constexpr int kPaddedCols = (Shape::kOut[2] - 1) * Shape::kStride[2] + Shape::kSize[2];
    using PatternWord = std::conditional_t<kPaddedCols <= 32, std::uint32_t, std::uint64_t>;
    static constexpr int kWindowsInWord =
        std::min(Shape::kOut[2], (64 - Shape::kSize[2]) / Shape::kStride[2] + 1);
    static constexpr int kBitsInWord = (kWindowsInWord - 1) * Shape::kStride[2] + Shape::kSize[2];
    static_assert(kTable <= 1 << 16, "offsets have 16 bits");

    // The pattern under every window of every row.
    template <class Spikes>
    static void find_patterns(const Spikes& spikes, Offsets& offsets) {
        for (int row = 0; row < std::min(Shape::kIn[1], kPaddedRows - Shape::kPad[1]); ++row) {
            std::uint16_t* row_offsets = offsets[row + Shape::kPad[1]];
            for (int first = 0; first < Shape::kOut[2]; first += kWindowsInWord) {
                const int start = first * Shape::kStride[2] - Shape::kPad[2];
                const int begin = std::max(start, 0);
                const int end = std::max(begin, std::min(start + kBitsInWord, Shape::kIn[2]));
                std::uint64_t packed = 0;
                spikes.pack(row * Shape::kIn[2] + begin, end - begin, &packed);
                PatternWord bits = static_cast<PatternWord>(packed);
                bits <<= std::min(begin - start, kBitsInWord - 1);  // no bits if there are more
                const int count = std::min(kWindowsInWord, Shape::kOut[2] - first);
                for (int window = 0; window < count; ++window) {
                    const PatternWord pattern = bits >> window * Shape::kStride[2];
                    row_offsets[first + window] =
                        static_cast<std::uint16_t>((pattern & (kPatterns - 1)) * kBlockChannels);
                }
            }
        }
    }

    // The last offsets tell which windows hold a spike of any step.
    void find_spiking(int steps) {
        auto& spiking = offsets_[Shape::kTileSteps];
        for (int slot = 0; slot < steps; ++slot) {
            for (int row = 0; row < kPaddedRows; ++row) {
                for (int col = 0; col < Shape::kOut[2]; ++col) {
                    spiking[row][col] |= offsets_[slot][row][col];
                }
            }
        }
    }

    template <class Value>
    using Entry = typename VectorOf<Weight, Value::kLanes>::type;

    template <class Value>
    ANNCONV_INLINE Entry<Value> entry(std::size_t offset, int tap, int channel) const {
        Entry<Value> sums;
        std::memcpy(&sums, table_ + tap * kTable + channel + offset, sizeof sums);
        return sums;
    }

    Offsets* offsets_;
    const Weight* tables_;
    const Weight* table_ = nullptr;
    int first_ = 0;
};

// Full matrix by events: the sums of a block of outputs in registers, laid out as (channel blocks,
// inputs, channels).
template <class Shape, class Weight>
class DenseSource {
    using Sum = SumOf<Shape, Weight>;

   public:
    static constexpr int kBlockRows = 1, kRowBlocks = 1;
    static constexpr int kBlockChannels = Shape::kTileChannels;
    static constexpr int channel_blocks() {
        return (Shape::kChannelsOut + kBlockChannels - 1) / kBlockChannels;
    }
    static constexpr int kWords = (Shape::kInputs + 63) / 64;
    static constexpr std::size_t kBitsBytes =
        aligned_size(sizeof(std::uint64_t) * Shape::kTileSteps * kWords);
    static constexpr std::size_t kScratchBytes =
        kBitsBytes + sizeof(Sum) * Shape::kTileSteps * kBlockChannels;

    template <class Slots>
    DenseSource(const Slots& spikes, const Weight* weights, int steps, std::byte* scratch)
        : DenseSource(spikes, weights, Shape::kInputs, Shape::kInputs, steps, scratch) {}

    // `count` of the `rows` of a block's weights are in use.
    template <class Slots>
    DenseSource(const Slots& spikes, const Weight* weights, int rows, int count, int steps,
                std::byte* scratch)
        : rows_(rows),
          words_used_((count + 63) / 64),
          words_(reinterpret_cast<std::uint64_t (*)[kWords]>(scratch)),
          sums_(reinterpret_cast<Sum*>(scratch + kBitsBytes)),
          weights_(weights),
          steps_(steps) {
        std::memset(scratch, 0, sizeof words_[0] * static_cast<std::size_t>(steps));
        for (int slot = 0; slot < steps; ++slot) {
            spikes.at(slot).pack(0, std::min(count, Shape::kInputs), words_[slot]);
        }
    }

    void compute(int, int channel_block) {
        const Weight* weights =
            weights_ + static_cast<std::ptrdiff_t>(channel_block) * rows_ * kBlockChannels;
        // Copies, which no store to memory can change.
        const auto* const words = words_;
        Sum* const sums = sums_;
        const int words_used = words_used_, steps = steps_;
        for (int slot = 0; slot < steps; ++slot) {
            add_rows(words[slot], words_used, weights, sums + slot * kBlockChannels,
                     std::make_integer_sequence<int, kVectors>());
        }
    }

    template <class Value>
    ANNCONV_INLINE Value arrived(int slot, int, int, int channel) const {
        return load_sums<Value>(sums_ + slot * kBlockChannels + channel);
    }

   private:
    static constexpr int kLanes = Shape::kSumBytes / static_cast<int>(sizeof(Weight));
    static constexpr int kVectors = kBlockChannels / kLanes;
    static constexpr int kFewVectors = 4;  // additions to fewer sums wait for one another
    using Vector = typename VectorOf<Weight, kLanes>::type;

    // The rows of weights of all spikes of a step. Words take turns with two sets of sums, so that
    // fewer additions wait for the one before.
    template <int... vectors>
    static void add_rows(const std::uint64_t* words, int count, const Weight* weights, Sum* output,
                         std::integer_sequence<int, vectors...> all) {
        if constexpr (Shape::kSafeAdditions != 0) {
            int additions = 0;
            for (int word = 0; word < count; ++word) additions += __builtin_popcountll(words[word]);
            if (additions > Shape::kSafeAdditions) {
                add_rows_in_parts(words, count, weights, output, all);
                return;
            }
        }
        // Every index is a constant: each vector gets a register.
        Vector even[kVectors], odd[kVectors];
        ((even[vectors] = Vector{}), ...);
        ((odd[vectors] = Vector{}), ...);
        for (int word = 0; word < count; ++word) {
            add_word(words, word, weights, even, all);
            if (++word < count) {
                add_word(words, word, weights, kVectors < kFewVectors ? odd : even, all);
            }
        }
        ((even[vectors] += odd[vectors]), ...);
        if constexpr (sizeof(Sum) != sizeof(Weight)) {
            (write_wide(even[vectors], output + vectors * kLanes), ...);
        } else {
            (std::memcpy(output + vectors * kLanes, &even[vectors], sizeof(Vector)), ...);
        }
    }

    // The same for more spikes than narrow sums hold.
    template <int... vectors>
    __attribute__((noinline)) static void add_rows_in_parts(
        const std::uint64_t* words, int count, const Weight* weights, Sum* output,
        std::integer_sequence<int, vectors...> all) {
        static_assert(Shape::kSafeAdditions >= 64, "the spikes of a word are added in one go");
        std::fill_n(output, kBlockChannels, Sum{0});
        Vector sums[kVectors];
        ((sums[vectors] = Vector{}), ...);
        int pending = 0;  // weights added since sums went to memory
        for (int word = 0; word < count; ++word) {
            const int additions = __builtin_popcountll(words[word]);
            if (pending + additions > Shape::kSafeAdditions) {
                (add_to_wide(sums[vectors], output + vectors * kLanes), ...);
                ((sums[vectors] = Vector{}), ...);
                pending = 0;
            }
            pending += additions;
            add_word(words, word, weights, sums, all);
        }
        (add_to_wide(sums[vectors], output + vectors * kLanes), ...);
    }

    // The rows of weights of the spikes of a word.
    template <int... vectors>
    static ANNCONV_INLINE void add_word(const std::uint64_t* words, int word, const Weight* weights,
                                        Vector* sums, std::integer_sequence<int, vectors...>) {
        const Weight* block = weights + word * 64 * kBlockChannels;
        for (std::uint64_t left = words[word]; left != 0; left &= left - 1) {
            const Weight* row = block + __builtin_ctzll(left) * kBlockChannels;
            (add_vector(row + vectors * kLanes, sums[vectors]), ...);
        }
    }

    static ANNCONV_INLINE void add_vector(const Weight* weights, Vector& sum) {
        Vector added;
        std::memcpy(&added, weights, sizeof added);
        sum += added;
    }

    int rows_;
    int words_used_;
    std::uint64_t (*words_)[kWords];
    Sum* sums_;
    const Weight* weights_;
    int steps_;
};

// The rates of a sample: the first `count` numbers, `advance` numbers further on in each step.
template <class Shape, class Real>
class RatesSource {
   public:
    static constexpr int kBlockRows = 1, kRowBlocks = 1;
    static constexpr int kBlockChannels = Shape::kTileChannels;
    static constexpr std::size_t kScratchBytes = 0;

    RatesSource(const Real* rates, std::ptrdiff_t advance, int steps, std::byte* scratch)
        : RatesSource(rates, advance, Shape::kChannelsOut, steps, scratch) {}

    RatesSource(const Real* rates, std::ptrdiff_t advance, int count, int, std::byte*)
        : rates_(rates), advance_(advance), count_(count) {}

    int channel_blocks() const { return (count_ + kBlockChannels - 1) / kBlockChannels; }

    void compute(int, int channel_block) { first_ = channel_block * kBlockChannels; }

    template <class Value>
    ANNCONV_INLINE Value arrived(int slot, int, int, int channel) const {
        const Real* rates = rates_ + slot * advance_ + first_ + channel;
        const int left = std::max(0, count_ - first_ - channel);
        if (left >= Value::kLanes) return load<Value>(rates);
        Value some(Real{0});
        std::memcpy(&some.numbers, rates, static_cast<std::size_t>(left) * sizeof(Real));
        return some;
    }

   private:
    const Real* rates_;
    std::ptrdiff_t advance_;
    int count_;
    int first_ = 0;
};

}  // namespace annconv
