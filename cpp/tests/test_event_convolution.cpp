// The event convolution in registers against the one in memory, over shapes, tiles and vectors.
#include "annconv/kernels/event_convolution.hpp"

#include <random>
#include <vector>

#include "annconv/kernels/convolution.hpp"
#include "check.hpp"

using annconv::Extents;
using annconv::Output;

namespace {

// Rows x cols inputs, kernel extents, stride, padding in front, dilation, channels, tiles, vectors.
template <int rows, int cols, int high, int wide, int stride, int pad, int dilation, int channels,
          int filters, int tile_cols, int tile_channels, int together, int vector_bytes>
struct Case {
    static constexpr int out(int extent, int kernel) {
        return (extent + 2 * pad - (kernel - 1) * dilation - 1) / stride + 1;
    }
    static constexpr Extents kIn{1, rows, cols};
    static constexpr Extents kOut{1, out(rows, high), out(cols, wide)};
    static constexpr Extents kSize{1, high, wide};
    static constexpr Extents kStride{1, stride, stride};
    static constexpr Extents kPad{0, pad, pad};
    static constexpr Extents kDilation{1, dilation, dilation};
    static constexpr int kChannelsIn = channels;
    static constexpr int kChannelsOut = filters;
    static constexpr int kGroups = 1;
    static constexpr int kSigned = 0;
    static constexpr int kTileCols = tile_cols;
    static constexpr int kTileChannels = tile_channels;
    static constexpr int kRowsTogether = together;
    static constexpr int kVectorBytes = vector_bytes;
};

// Weights are multiples of 1/64, so that every order of addition gives the same sums.
template <class Shape, class Real>
void check() {
    constexpr int kTile = Shape::kTileChannels;
    constexpr int kTiles = (Shape::kChannelsOut + kTile - 1) / kTile;
    constexpr int kTaps = Shape::kSize[1] * Shape::kSize[2];
    constexpr int kSums = Shape::kOut[1] * Shape::kOut[2] * Shape::kChannelsOut;
    std::mt19937 random(kSums);
    std::vector<std::int8_t> spikes(Shape::kIn[1] * Shape::kIn[2] * Shape::kChannelsIn);
    for (auto& spike : spikes) spike = random() % 4 == 0;
    std::vector<Real> kernel(kTaps * Shape::kChannelsIn * Shape::kChannelsOut);
    for (auto& weight : kernel)
        weight = static_cast<Real>(static_cast<int>(random() % 129) - 64) / 64;
    std::vector<Real> tiled(kTaps * Shape::kChannelsIn * kTiles * kTile);
    for (int row = 0; row < Shape::kSize[1]; ++row) {
        for (int col = 0; col < Shape::kSize[2]; ++col) {
            for (int in = 0; in < Shape::kChannelsIn; ++in) {
                for (int out = 0; out < Shape::kChannelsOut; ++out) {
                    const int tap_row = out / kTile * Shape::kSize[1] + row;
                    const int place = (tap_row * Shape::kChannelsIn + in) * Shape::kSize[2] + col;
                    const int tap = row * Shape::kSize[2] + col;
                    tiled[place * kTile + out % kTile] =
                        kernel[(tap * Shape::kChannelsIn + in) * Shape::kChannelsOut + out];
                }
            }
        }
    }
    std::vector<Real> expected(kSums, 3), received(kSums, 3);
    for (int step = 0; step < 2; ++step) {
        annconv::convolve_spikes<Shape, Output::kAdd>(spikes.data(), kernel.data(),
                                                      expected.data());
        annconv::convolve_events<Shape, Output::kAdd>(spikes.data(), tiled.data(), received.data());
        CHECK(expected == received);
    }
    annconv::convolve_spikes<Shape, Output::kWrite>(spikes.data(), kernel.data(), expected.data());
    annconv::convolve_events<Shape, Output::kWrite>(spikes.data(), tiled.data(), received.data());
    CHECK(expected == received);
}

template <class Shape>
void check_both() {
    check<Shape, float>();
    check<Shape, double>();
}

}  // namespace

int main() {
    check_both<Case<7, 7, 5, 5, 1, 2, 1, 64, 64, 7, 32, 0, 64>>();
    check_both<Case<14, 14, 5, 5, 1, 2, 1, 16, 64, 14, 16, 1, 64>>();
    check_both<Case<6, 11, 3, 3, 1, 1, 1, 3, 10, 4, 16, 1, 64>>();   // a narrower last tile
    check_both<Case<5, 17, 3, 3, 1, 0, 1, 17, 17, 9, 32, 1, 64>>();  // channels that fill no vector
    check_both<Case<9, 9, 3, 3, 2, 1, 1, 70, 20, 5, 16, 0, 32>>();  // stride, two words of channels
    check_both<Case<9, 8, 3, 2, 1, 2, 2, 5, 8, 8, 8, 1, 32>>();     // dilation, wide padding
    check_both<Case<8, 9, 2, 4, 3, 0, 1, 100, 12, 2, 4, 1, 16>>();  // windows that leave cells out
    check_both<Case<1, 12, 1, 3, 1, 0, 1, 2, 5, 10, 8, 1, 16>>();   // a single row
    return EXIT_SUCCESS;
}
