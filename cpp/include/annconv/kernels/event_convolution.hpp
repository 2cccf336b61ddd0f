// Convolution of spikes with the sums of a tile of outputs in registers.
//
// A tile is a few output rows, columns and vectors of channels. Its sums stay in registers while
// the bits of the input rows below it are scanned; one bit adds all its taps, which lie side by
// side. Everything but the spikes is known when this is compiled, borders included.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "annconv/kernels/plane_bits.hpp"
#include "annconv/kernels/shape_blocks.hpp"
#include "annconv/kernels/window.hpp"
#include "annconv/lanes.hpp"

namespace annconv {

// Sums that have the weights' own type, and those of so many weights of 16 bits that they could
// overflow: these are added up in 16 bits as long as that is safe, then go to 32 bits in memory.
template <class Shape, class Weight>
using SumOf = std::conditional_t<Shape::kSafeAdditions != 0, std::int32_t, Weight>;

// Adds a vector of sums to wider ones in memory.
template <class Vector>
ANNCONV_INLINE void add_to_wide(Vector sums, std::int32_t* wide) {
    constexpr int kLanes = sizeof sums / sizeof sums[0];
    for (int lane = 0; lane < kLanes; ++lane) wide[lane] += sums[lane];
}

// The same, in place of what is there.
template <class Vector>
ANNCONV_INLINE void write_wide(Vector sums, std::int32_t* wide) {
    constexpr int kLanes = sizeof sums / sizeof sums[0];
    for (int lane = 0; lane < kLanes; ++lane) wide[lane] = sums[lane];
}

template <class Shape, class Weight>
class EventConvolution : public ShapeBlocks<Shape> {
   public:
    using Sum = SumOf<Shape, Weight>;
    using Bits = PlaneBits<Shape>;
    using Word = typename Bits::Word;

    // Output rows and channels of which a block holds the sums of all steps of a tile.
    using ShapeBlocks<Shape>::kBlockRows, ShapeBlocks<Shape>::kBlockChannels;
    using ShapeBlocks<Shape>::kRowBlocks, ShapeBlocks<Shape>::channel_blocks;

    // Sums of a block in one step: (rows, columns, channels).
    static constexpr int kRowSums = Shape::kOut[2] * kBlockChannels;
    static constexpr int kBlockSums = kBlockRows * kRowSums;

    // Computes the sums of a block for `steps` steps: (steps, kBlockRows, columns, channels). The
    // kernel is laid out as (channel blocks, inputs, kernel rows, kernel columns, channels) or,
    // where one kernel row serves all rows before the next, as (channel blocks, kernel rows,
    // inputs, kernel columns, channels); missing channels are zero. With kPatterns every four
    // inputs are replaced by sixteen sums, one for each pattern of their spikes.
    static void block(const Bits& bits, const Weight* kernel, int row_block, int channel_block,
                      int steps, Sum* sums) {
        const Weight* weights =
            kernel + static_cast<std::ptrdiff_t>(channel_block) * kRows * kInputs * kTapRow;
        const int first = row_block * kBlockRows;
        const int rows = std::min(kBlockRows, Shape::kOut[1] - first);
        if constexpr (Shape::kRowsTogether != 0) {
            for (int slot = 0; slot < steps; ++slot) {
                add_rows(bits, slot, first, rows, weights, sums + slot * kBlockSums);
            }
        } else {
            for (int tap = 0; tap < kRows; ++tap) {
                add_kernel_row(bits, steps, first, rows, tap, weights + tap * kInputs * kTapRow,
                               sums);
            }
        }
    }

   private:
    static constexpr int kLanes = Shape::kSumBytes / static_cast<int>(sizeof(Weight));
    static constexpr int kVectors = Shape::kTileChannels / kLanes;
    // Inputs in groups, each with the sums of weights for every pattern of its spikes; or one by
    // one.
    static constexpr int kGroup = Shape::kPatterns != 0 ? 4 : 1;
    static constexpr int kEntries = Shape::kPatterns != 0 ? 16 : 1;  // of a group
    static constexpr int kInputs = (Shape::kChannelsIn + kGroup - 1) / kGroup * kEntries;
    static constexpr int kRows = Shape::kSize[1], kTaps = Shape::kSize[2];
    static constexpr int kTapRow = kTaps * Shape::kTileChannels;
    static constexpr int kEntryWeights = (Shape::kRowsTogether != 0 ? kRows : 1) * kTapRow;
    static constexpr int kTileRows = Shape::kTileRows, kTileCols = Shape::kTileCols;
    static constexpr bool kWholeRow = kTileCols == Shape::kOut[2];

    static constexpr bool kWide = Shape::kSafeAdditions != 0;
    static_assert(!kWide || Shape::kSafeAdditions >= 64,
                  "the spikes of a word are added in one go");

    using Vector = typename VectorOf<Weight, kLanes>::type;

    // Sums of a tile. Every access has an index that is known when this is compiled, so that the
    // compiler gives each vector a register.
    template <int rows, int cols>
    struct Sums {
        static constexpr int kCount = rows * cols * kVectors;
        Vector vectors[kCount];
        Sum* output;
        int pending = 0;  // weights added since sums went to memory

        // From nothing, or from what `sums` in memory hold.
        ANNCONV_INLINE Sums(Sum* sums, bool from_nothing) : output(sums) {
            if (kWide || from_nothing) {
                clear(std::make_integer_sequence<int, kCount>());
                if (kWide && from_nothing) clear_wide();
            } else {
                load(sums, std::make_integer_sequence<int, kCount>());
            }
        }
        // Before the weights of the spikes of a word are added.
        ANNCONV_INLINE void make_room([[maybe_unused]] std::uint64_t spikes) {
            if constexpr (kWide) {
                const int additions = __builtin_popcountll(spikes);
                if (pending + additions > Shape::kSafeAdditions) {
                    add_to_output(*this);
                    clear(std::make_integer_sequence<int, kCount>());
                    pending = 0;
                }
                pending += additions;
            }
        }
        ANNCONV_INLINE void store() const {
            if constexpr (kWide) {
                add_to_output(*this);
            } else {
                store(output, std::make_integer_sequence<int, kCount>());
            }
        }
        template <int row, int col>
        ANNCONV_INLINE void add(const Weight* weights) {
            add<(row * cols + col) * kVectors>(weights,
                                               std::make_integer_sequence<int, kVectors>());
        }

       private:
        // Rows of a tile lie kRowSums apart, columns one after another.
        static constexpr int place(int vector) {
            return vector / (cols * kVectors) * kRowSums + vector % (cols * kVectors) * kLanes;
        }
        template <int... at>
        ANNCONV_INLINE void clear(std::integer_sequence<int, at...>) {
            ((vectors[at] = Vector{}), ...);
        }
        void clear_wide() {
            for (int vector = 0; vector < kCount; ++vector) {
                std::fill_n(output + place(vector), kLanes, Sum{0});
            }
        }
        // Of a copy, so that the sums themselves stay in registers.
        __attribute__((noinline)) static void add_to_output(Sums sums) {
            for (int vector = 0; vector < kCount; ++vector) {
                add_to_wide(sums.vectors[vector], sums.output + place(vector));
            }
        }
        template <int... at>
        ANNCONV_INLINE void load(const Sum* sums, std::integer_sequence<int, at...>) {
            (std::memcpy(&vectors[at], sums + place(at), sizeof(Vector)), ...);
        }
        template <int... at>
        ANNCONV_INLINE void store(Sum* sums, std::integer_sequence<int, at...>) const {
            (std::memcpy(sums + place(at), &vectors[at], sizeof(Vector)), ...);
        }
        template <int first, int... at>
        ANNCONV_INLINE void add(const Weight* weights, std::integer_sequence<int, at...>) {
            (add_vector<first + at>(weights + at * kLanes), ...);
        }
        template <int at>
        ANNCONV_INLINE void add_vector(const Weight* weights) {
            Vector added;
            std::memcpy(&added, weights, sizeof added);
            vectors[at] += added;
        }
    };

    // Sums of some rows from all kernel rows, a few rows at a time.
    static void add_rows(const Bits& bits, int slot, int first, int rows, const Weight* weights,
                         Sum* sums) {
        int row = 0;
        for (; row + kTileRows <= rows; row += kTileRows) {
            add_row_tiles<kTileRows>(bits, slot, first + row, weights, sums + row * kRowSums);
        }
        if constexpr (kTileRows > 1) {
            for (int rest = 1; rest < kTileRows && row < rows; ++rest, ++row) {
                add_row_tiles<1>(bits, slot, first + row, weights, sums + row * kRowSums);
            }
        }
    }

    // All tiles of columns; the last one may be narrower.
    template <int rows>
    static void add_row_tiles(const Bits& bits, int slot, int row, const Weight* weights,
                              Sum* sums) {
        constexpr int kRest = Shape::kOut[2] % kTileCols;
        int col = 0;
        for (; col + kTileCols <= Shape::kOut[2]; col += kTileCols) {
            add_tile<rows, kTileCols>(bits, slot, row, col, weights, sums + col * kBlockChannels);
        }
        if constexpr (kRest != 0) {
            add_tile<rows, kRest>(bits, slot, row, col, weights, sums + col * kBlockChannels);
        }
    }

    // The sums of one tile from all kernel rows.
    template <int rows, int cols>
    static void add_tile(const Bits& bits, int slot, int row, int col, const Weight* weights,
                         Sum* output) {
        constexpr int kInRows = Bits::span(1, rows);
        const int in_row = row * Shape::kStride[1], in_col = col * Shape::kStride[2];
        Sums<rows, cols> sums(output, true);
        scan_columns<rows, cols>(bits.words[slot][in_row][in_col],
                                 bits.used_columns(in_row, kInRows, in_col), weights, sums,
                                 std::make_integer_sequence<int, kInRows>(),
                                 std::make_integer_sequence<int, Bits::span(2, cols)>());
        sums.store();
    }

    // What one kernel row adds to all rows of a block in all steps; the first one starts the sums.
    static void add_kernel_row(const Bits& bits, int steps, int first, int rows, int tap,
                               const Weight* weights, Sum* sums) {
        for (int slot = 0; slot < steps; ++slot) {
            for (int row = 0; row < rows; ++row) {
                const int in_row = (first + row) * Shape::kStride[1] + tap * Shape::kDilation[1];
                const bool padding =
                    in_row < Shape::kPad[1] || in_row >= Shape::kPad[1] + Shape::kIn[1];
                if (padding && tap > 0) continue;
                Sum* output = sums + slot * kBlockSums + row * kRowSums;
                constexpr int kRest = Shape::kOut[2] % kTileCols;
                int col = 0;
                for (; col + kTileCols <= Shape::kOut[2]; col += kTileCols) {
                    add_to_tile<kTileCols>(bits.words[slot][in_row][col * Shape::kStride[2]],
                                           weights, tap == 0, output + col * kBlockChannels);
                }
                if constexpr (kRest != 0) {
                    add_to_tile<kRest>(bits.words[slot][in_row][col * Shape::kStride[2]], weights,
                                       tap == 0, output + col * kBlockChannels);
                }
            }
        }
    }

    template <int cols>
    static void add_to_tile(const Word* words, const Weight* weights, bool starts, Sum* output) {
        Sums<1, cols> sums(output, starts);
        scan_columns<1, cols>(words, ~std::uint64_t{0}, weights, sums,
                              std::make_integer_sequence<int, 1>(),
                              std::make_integer_sequence<int, Bits::span(2, cols)>());
        sums.store();
    }

    // The columns of words below a tile, from its first row and column on; those of the first 64
    // that are not `used` are empty.
    template <int rows, int cols, class Offsets, int... columns>
    static ANNCONV_INLINE void scan_columns(const Word* words, std::uint64_t used,
                                            const Weight* weights, Sums<rows, cols>& sums,
                                            Offsets offsets,
                                            std::integer_sequence<int, columns...>) {
        (scan_column<rows, cols, columns>(words, used, weights, sums, offsets), ...);
    }

    template <int rows, int cols, int column, int... offsets>
    static ANNCONV_INLINE void scan_column(const Word* words, std::uint64_t used,
                                           const Weight* weights, Sums<rows, cols>& sums,
                                           std::integer_sequence<int, offsets...>) {
        constexpr int kCell = column - Shape::kPad[2];
        constexpr bool kPadding = kWholeRow && (kCell < 0 || kCell >= Shape::kIn[2]);
        if constexpr (!kPadding) {
            if constexpr (column < 64) {
                if ((used >> column & 1) == 0) return;
            }
            (scan_cell<rows, cols, offsets, column>(
                 words + (offsets * Bits::kCols + column) * Bits::kWords, weights, sums),
             ...);
        }
    }

    // One input cell, `offset` rows and `column` columns from the first one below the tile.
    template <int rows, int cols, int offset, int column>
    static ANNCONV_INLINE void scan_cell(const Word* words, const Weight* weights,
                                         Sums<rows, cols>& sums) {
        for (int word = 0; word < Bits::kWords; ++word) {
            const std::uint64_t spikes = words[word];
            if (spikes == 0) continue;  // most words, so this is tested before anything else
            sums.make_room(spikes);
            const Weight* entries = weights + word * 64 * kEntries / kGroup * kEntryWeights;
            std::uint64_t left = first_of_groups(spikes);
            do {
                const int first = __builtin_ctzll(left);
                add_taps<rows, cols, offset, column>(entries + entry(spikes, first) * kEntryWeights,
                                                     sums, std::make_integer_sequence<int, kTaps>(),
                                                     std::make_integer_sequence<int, rows>());
                left &= left - 1;
            } while (left != 0);
        }
    }

    // The first bit of every group of inputs that holds a spike.
    static ANNCONV_INLINE std::uint64_t first_of_groups(std::uint64_t spikes) {
        if constexpr (kGroup == 1) return spikes;
        constexpr std::uint64_t kFirsts = 0x1111111111111111;
        spikes |= spikes >> 1;
        spikes |= spikes >> 2;
        return spikes & kFirsts;
    }

    // Which row of weights belongs to the spikes of the group that starts at bit `first`.
    static ANNCONV_INLINE int entry(std::uint64_t spikes, int first) {
        if constexpr (kGroup == 1) return first;
        return kEntries / kGroup * first + static_cast<int>(spikes >> first & (kEntries - 1));
    }

    template <int rows, int cols, int offset, int column, int... taps, int... tile_rows>
    static ANNCONV_INLINE void add_taps(const Weight* weights, Sums<rows, cols>& sums,
                                        std::integer_sequence<int, taps...>,
                                        std::integer_sequence<int, tile_rows...>) {
        (add_tap_to_rows<rows, cols, offset, column, taps, tile_rows...>(weights, sums), ...);
    }

    template <int rows, int cols, int offset, int column, int tap, int... tile_rows>
    static ANNCONV_INLINE void add_tap_to_rows(const Weight* weights, Sums<rows, cols>& sums) {
        (add_tap<rows, cols, offset, column, tap, tile_rows>(weights, sums), ...);
    }

    // The tap reaches the output of a row whose window has this column and row under it, if any.
    template <int rows, int cols, int offset, int column, int tap, int row>
    static ANNCONV_INLINE void add_tap(const Weight* weights, Sums<rows, cols>& sums) {
        constexpr int kAbove = offset - row * Shape::kStride[1];
        constexpr int kRow = kAbove / Shape::kDilation[1];
        constexpr int kStart = column - tap * Shape::kDilation[2];
        constexpr int kCol = kStart / Shape::kStride[2];
        if constexpr (kAbove >= 0 && kAbove % Shape::kDilation[1] == 0 && kRow < kRows &&
                      kStart >= 0 && kStart % Shape::kStride[2] == 0 && kCol < cols) {
            sums.template add<row, kCol>(weights + kRow * kTapRow + tap * Shape::kTileChannels);
        }
    }
};

// What `convolve_events` needs for a step.
template <class Shape, class Real>
struct EventScratch {
    typename EventConvolution<Shape, Real>::Bits bits;
    alignas(64) Real sums[EventConvolution<Shape, Real>::kBlockSums];
};

// The same for one step, from bytes to all sums (rows, columns, channels). `scratch` holds an
// EventScratch.
template <class Shape, Output mode, class Real>
void convolve_events(const std::int8_t* spikes, const Real* kernel, Real* output,
                     std::byte* scratch) {
    using Convolution = EventConvolution<Shape, Real>;
    auto& [bits, sums] = *reinterpret_cast<EventScratch<Shape, Real>*>(scratch);
    bits.pack(ByteSlots{spikes, 0}, 1);
    for (int channel_block = 0; channel_block < Convolution::channel_blocks(); ++channel_block) {
        const int channel = channel_block * Convolution::kBlockChannels;
        const int channels = std::min(Convolution::kBlockChannels, Shape::kChannelsOut - channel);
        for (int row_block = 0; row_block < Convolution::kRowBlocks; ++row_block) {
            Convolution::block(bits, kernel, row_block, channel_block, 1, sums);
            const int first = row_block * Convolution::kBlockRows * Shape::kOut[2];
            const int cells = std::min(Convolution::kBlockRows * Shape::kOut[2],
                                       Shape::kOut[1] * Shape::kOut[2] - first);
            for (int cell = 0; cell < cells; ++cell) {
                const Real* from = sums + cell * Convolution::kBlockChannels;
                Real* to = output + (first + cell) * Shape::kChannelsOut + channel;
                for (int index = 0; index < channels; ++index) {
                    if constexpr (mode == Output::kAdd) {
                        to[index] += from[index];
                    } else {
                        to[index] = from[index];
                    }
                }
            }
        }
    }
}

}  // namespace annconv
