// Convolution of spikes with the sums of a row of outputs in registers.
//
// Spikes become bits, one word per 64 channels, in rows that are padded with silent columns, so
// that no border needs a test. For a tile of output columns and channels the sums stay in registers
// while the bits of the input rows below it are scanned; one bit adds all taps of a kernel row,
// which lie side by side.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

#include "annconv/kernels/window.hpp"

namespace annconv {

#define ANNCONV_INLINE __attribute__((always_inline)) inline

// `lanes` reals that one instruction handles.
template <class Real, int lanes>
struct VectorOf {
    typedef Real type __attribute__((vector_size(lanes * sizeof(Real))));
};

// Bits of one input plane, rows padded to the columns that the windows of a row cover.
template <class Shape>
class SpikeBits {
   public:
    static constexpr int kWords = (Shape::kChannelsIn + 63) / 64;
    static constexpr int kCols =
        (Shape::kOut[2] - 1) * Shape::kStride[2] + (Shape::kSize[2] - 1) * Shape::kDilation[2] + 1;

    explicit SpikeBits(const std::int8_t* spikes) {
        for (int row = 0; row < Shape::kIn[1]; ++row) {
            for (int col = 0; col < Shape::kIn[2]; ++col) {
                const std::int8_t* cell = spikes + (row * Shape::kIn[2] + col) * Shape::kChannelsIn;
                const int padded = col + Shape::kPad[2];
                if (padded < kCols) pack(cell, words_.data() + (row * kCols + padded) * kWords);
            }
        }
    }

    const std::uint64_t* at(int row, int padded_col) const {
        return words_.data() + (row * kCols + padded_col) * kWords;
    }

   private:
    // Eight bytes, each 0 or 1, become eight bits by one multiplication.
    static void pack(const std::int8_t* cell, std::uint64_t* words) {
        constexpr std::uint64_t kLowBits = 0x0101010101010101, kGather = 0x0102040810204080;
        for (int first = 0; first < Shape::kChannelsIn; first += 8) {
            std::uint64_t bytes = 0;
            std::memcpy(&bytes, cell + first,
                        static_cast<std::size_t>(std::min(8, Shape::kChannelsIn - first)));
            const std::uint64_t bits = (bytes & kLowBits) * kGather >> 56;
            words[first / 64] |= bits << first % 64;
        }
    }

    std::array<std::uint64_t, static_cast<std::size_t>(Shape::kIn[1] * kCols * kWords)> words_{};
};

template <class Shape, class Real>
class EventConvolution {
   public:
    // Adds the convolution of all spikes to the output. The kernel is laid out as (channel tiles,
    // kernel rows, input channels, kernel columns, channels of a tile), padded with zeros.
    static void run(const std::int8_t* spikes, const Real* kernel, Real* output) {
        const SpikeBits<Shape> bits(spikes);
        for (int tile = 0; tile < kChannelTiles; ++tile) {
            const Real* weights = kernel + tile * Shape::kSize[1] * kRowWeights;
            Real* sums = output + tile * Shape::kTileChannels;
            const int channels =
                std::min(Shape::kTileChannels, Shape::kChannelsOut - tile * Shape::kTileChannels);
            if constexpr (Shape::kRowsTogether != 0) {
                for (int row = 0; row < Shape::kOut[1]; ++row) {
                    add_row(bits, weights, sums, channels, row, 0, Shape::kSize[1]);
                }
            } else {  // a kernel row at a time, whose weights stay in the cache
                for (int tap = 0; tap < Shape::kSize[1]; ++tap) {
                    for (int row = 0; row < Shape::kOut[1]; ++row) {
                        add_row(bits, weights, sums, channels, row, tap, tap + 1);
                    }
                }
            }
        }
    }

   private:
    static constexpr int kLanes = Shape::kVectorBytes / static_cast<int>(sizeof(Real));
    static constexpr int kVectors = Shape::kTileChannels / kLanes;
    static constexpr int kChannelTiles =
        (Shape::kChannelsOut + Shape::kTileChannels - 1) / Shape::kTileChannels;
    static constexpr int kTaps = Shape::kSize[2];
    static constexpr int kTapWeights = kTaps * Shape::kTileChannels;
    static constexpr int kRowWeights = Shape::kChannelsIn * kTapWeights;
    static constexpr int kWords = SpikeBits<Shape>::kWords;

    using Vector = typename VectorOf<Real, kLanes>::type;
    template <int cols>
    using Sums = Vector[cols][kVectors];

    // All tiles of columns of one output row; the last tile may be narrower.
    static void add_row(const SpikeBits<Shape>& bits, const Real* weights, Real* output,
                        int channels, int row, int first_tap, int last_tap) {
        constexpr int kRest = Shape::kOut[2] % Shape::kTileCols;
        Real* sums = output + row * Shape::kOut[2] * Shape::kChannelsOut;
        int col = 0;
        for (; col + Shape::kTileCols <= Shape::kOut[2]; col += Shape::kTileCols) {
            add_tile<Shape::kTileCols>(bits, weights, sums + col * Shape::kChannelsOut, channels,
                                       row, col, first_tap, last_tap);
        }
        if constexpr (kRest != 0) {
            add_tile<kRest>(bits, weights, sums + col * Shape::kChannelsOut, channels, row, col,
                            first_tap, last_tap);
        }
    }

    template <int cols>
    static void add_tile(const SpikeBits<Shape>& bits, const Real* weights, Real* output,
                         int channels, int row, int col, int first_tap, int last_tap) {
        constexpr int kSpan =
            (cols - 1) * Shape::kStride[2] + (kTaps - 1) * Shape::kDilation[2] + 1;
        Sums<cols> sums;
        load<cols>(output, channels, sums);
        for (int tap = first_tap; tap < last_tap; ++tap) {
            const int in_row = row * Shape::kStride[1] - Shape::kPad[1] + tap * Shape::kDilation[1];
            if (in_row < 0 || in_row >= Shape::kIn[1]) continue;
            scan_columns<cols>(bits.at(in_row, col * Shape::kStride[2]),
                               weights + tap * kRowWeights, sums,
                               std::make_integer_sequence<int, kSpan>());
        }
        store<cols>(sums, channels, output);
    }

    template <int cols, int... columns>
    static ANNCONV_INLINE void scan_columns(const std::uint64_t* words, const Real* weights,
                                            Sums<cols>& sums,
                                            std::integer_sequence<int, columns...>) {
        (scan_column<cols, columns>(words + columns * kWords, weights, sums), ...);
    }

    template <int cols, int column>
    static ANNCONV_INLINE void scan_column(const std::uint64_t* words, const Real* weights,
                                           Sums<cols>& sums) {
        for (int word = 0; word < kWords; ++word) {
            const Real* word_weights = weights + word * 64 * kTapWeights;
            for (std::uint64_t left = words[word]; left != 0; left &= left - 1) {
                const Real* taps = word_weights + __builtin_ctzll(left) * kTapWeights;
                add_taps<cols, column>(taps, sums, std::make_integer_sequence<int, kTaps>());
            }
        }
    }

    template <int cols, int column, int... taps>
    static ANNCONV_INLINE void add_taps(const Real* weights, Sums<cols>& sums,
                                        std::integer_sequence<int, taps...>) {
        (add_tap<cols, column, taps>(weights + taps * Shape::kTileChannels, sums), ...);
    }

    // The tap reaches the output whose window has this column under it, if there is one.
    template <int cols, int column, int tap>
    static ANNCONV_INLINE void add_tap(const Real* weights, Sums<cols>& sums) {
        constexpr int kStart = column - tap * Shape::kDilation[2];
        if constexpr (kStart >= 0 && kStart % Shape::kStride[2] == 0 &&
                      kStart / Shape::kStride[2] < cols) {
            for (int vector = 0; vector < kVectors; ++vector) {
                Vector added;
                std::memcpy(&added, weights + vector * kLanes, sizeof added);
                sums[kStart / Shape::kStride[2]][vector] += added;
            }
        }
    }

    template <int cols>
    static ANNCONV_INLINE void load(const Real* output, int channels, Sums<cols>& sums) {
        for (int col = 0; col < cols; ++col) {
            const Real* cell = output + col * Shape::kChannelsOut;
            if (channels == Shape::kTileChannels) {
                std::memcpy(&sums[col], cell, sizeof sums[col]);
            } else {
                Real part[Shape::kTileChannels] = {};
                std::memcpy(part, cell, static_cast<std::size_t>(channels) * sizeof(Real));
                std::memcpy(&sums[col], part, sizeof part);
            }
        }
    }

    template <int cols>
    static ANNCONV_INLINE void store(const Sums<cols>& sums, int channels, Real* output) {
        for (int col = 0; col < cols; ++col) {
            const auto bytes = channels == Shape::kTileChannels
                                   ? sizeof sums[col]
                                   : static_cast<std::size_t>(channels) * sizeof(Real);
            std::memcpy(output + col * Shape::kChannelsOut, &sums[col], bytes);
        }
    }
};

template <class Shape, Output mode, class Real>
void convolve_events(const std::int8_t* spikes, const Real* kernel, Real* output) {
    constexpr int kSize = Shape::kOut[1] * Shape::kOut[2] * Shape::kChannelsOut;
    if constexpr (mode == Output::kWrite) std::fill_n(output, kSize, Real{0});
    EventConvolution<Shape, Real>::run(spikes, kernel, output);
}

#undef ANNCONV_INLINE

}  // namespace annconv
