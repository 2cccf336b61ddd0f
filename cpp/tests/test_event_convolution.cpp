// The event convolution in registers against the one in memory, over shapes, tiles and vectors.
#include "annconv/kernels/event_convolution.hpp"

#include <algorithm>
#include <memory>
#include <random>
#include <vector>

#include "annconv/kernels/convolution.hpp"
#include "check.hpp"
#include "slots.hpp"

using annconv::Extents;
using annconv::Output;

namespace {

// Rows x cols inputs, kernel extents, stride, padding in front, dilation, channels, tiles, vectors.
template <int rows, int cols, int high, int wide, int stride, int pad, int dilation, int channels,
          int filters, int tile_rows, int tile_cols, int tile_channels, int together,
          int block_rows, int sum_bytes, int patterns>
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
    static constexpr int kTileSteps = 3;
    static constexpr int kTileRows = tile_rows;
    static constexpr int kTileCols = tile_cols;
    static constexpr int kTileChannels = tile_channels;
    static constexpr int kRowsTogether = together;
    static constexpr int kBlockRows = block_rows;
    static constexpr int kSumBytes = sum_bytes;
    static constexpr int kPatterns = patterns;
    static constexpr int kSafeAdditions = 0;
};

// The same with sums of so many weights of 16 bits that they would overflow.
template <class Shape>
struct Wide : Shape {
    static constexpr int kSafeAdditions = 64;
};

// The weight of one entry of an input channel: its own, or the sum of a pattern of four channels.
template <class Shape, class Weight>
Weight entry_weight(const std::vector<Weight>& kernel, int tap, int entry, int out) {
    const auto weight = [&](int in) {
        const int place = (tap * Shape::kChannelsIn + in) * Shape::kChannelsOut + out;
        return kernel[static_cast<std::size_t>(place)];
    };
    if (Shape::kPatterns == 0) return weight(entry);
    Weight sum = 0;
    for (int bit = 0; bit < 4; ++bit) {
        const int in = entry / 16 * 4 + bit;
        if (entry % 16 >> bit & 1 && in < Shape::kChannelsIn) sum += weight(in);
    }
    return sum;
}

// The kernel in the order in which events read it.
template <class Shape, class Weight>
std::vector<Weight> laid_out(const std::vector<Weight>& kernel) {
    constexpr int kTile = Shape::kTileChannels;
    constexpr int kTiles = (Shape::kChannelsOut + kTile - 1) / kTile;
    constexpr int kEntries =
        Shape::kPatterns != 0 ? (Shape::kChannelsIn + 3) / 4 * 16 : Shape::kChannelsIn;
    constexpr int kHigh = Shape::kSize[1], kWide = Shape::kSize[2];
    std::vector<Weight> result(static_cast<std::size_t>(kTiles * kHigh * kWide * kEntries * kTile));
    for (int out = 0; out < Shape::kChannelsOut; ++out) {
        for (int entry = 0; entry < kEntries; ++entry) {
            for (int tap = 0; tap < kHigh * kWide; ++tap) {
                const int row = tap / kWide, col = tap % kWide, tile = out / kTile;
                const int before = Shape::kRowsTogether != 0
                                       ? (tile * kEntries + entry) * kHigh + row
                                       : (tile * kHigh + row) * kEntries + entry;
                const int place = (before * kWide + col) * kTile + out % kTile;
                result[static_cast<std::size_t>(place)] =
                    entry_weight<Shape>(kernel, tap, entry, out);
            }
        }
    }
    return result;
}

// The sums of all blocks in three steps.
template <class Shape, class Real, class Weight>
void check_blocks(const annconv::PlaneBits<Shape>& bits, const std::vector<std::int8_t>& spikes,
                  const std::vector<Real>& kernel, const std::vector<Weight>& tiled) {
    using Convolution = annconv::EventConvolution<Shape, Weight>;
    static_assert(std::is_same_v<typename Convolution::Sum, Real>);
    constexpr int kCells = Shape::kOut[1] * Shape::kOut[2];
    std::vector<Real> sums(3 * Convolution::kBlockSums), expected(kCells * Shape::kChannelsOut);
    for (int step = 0; step < 3; ++step) {
        annconv::convolve_spikes<Shape, Output::kWrite>(
            spikes.data() + static_cast<std::size_t>(step) * spikes.size() / 3, kernel.data(),
            expected.data());
        for (int block = 0; block < Convolution::channel_blocks() * Convolution::kRowBlocks;
             ++block) {
            const int row_block = block / Convolution::channel_blocks();
            const int first = block % Convolution::channel_blocks() * Convolution::kBlockChannels;
            Convolution::block(bits, tiled.data(), row_block, block % Convolution::channel_blocks(),
                               3, sums.data());
            const int begin = row_block * Convolution::kBlockRows * Shape::kOut[2];
            const int cells = std::min(Convolution::kBlockRows * Shape::kOut[2], kCells - begin);
            const int channels = std::min(Convolution::kBlockChannels, Shape::kChannelsOut - first);
            for (int cell = 0; cell < cells; ++cell) {
                for (int channel = 0; channel < channels; ++channel) {
                    const int sum = step * Convolution::kBlockSums +
                                    cell * Convolution::kBlockChannels + channel;
                    const int place = (begin + cell) * Shape::kChannelsOut + first + channel;
                    CHECK(sums[static_cast<std::size_t>(sum)] ==
                          expected[static_cast<std::size_t>(place)]);
                }
            }
        }
    }
}

// Three steps of one tile, the first and the last with a part of the spikes: columns are in use in
// some steps only.
template <class Shape, class Real, class Weight>
void check_steps(const std::vector<std::int8_t>& all, const std::vector<Real>& kernel,
                 const std::vector<Weight>& tiled) {
    std::vector<std::int8_t> spikes(3 * all.size());
    for (std::size_t index = 0; index < all.size(); ++index) {
        if (index % 7 == 0) spikes[index] = all[index];
        if (index < all.size() / 2) spikes[2 * all.size() + index] = all[index];
    }
    for_bytes_and_bits(spikes, static_cast<int>(all.size()), [&](const auto& slots) {
        auto bits = std::make_unique<annconv::PlaneBits<Shape>>();
        bits->pack(slots, 3);
        check_blocks<Shape>(*bits, spikes, kernel, tiled);
    });
}

// Weights are multiples of 1/64, so that every order of addition gives the same sums.
template <class Shape, class Real>
void check() {
    constexpr int kTaps = Shape::kSize[1] * Shape::kSize[2];
    constexpr int kSums = Shape::kOut[1] * Shape::kOut[2] * Shape::kChannelsOut;
    std::mt19937 random(kSums);
    std::vector<std::int8_t> spikes(Shape::kIn[1] * Shape::kIn[2] * Shape::kChannelsIn);
    for (auto& spike : spikes) spike = random() % 4 == 0;
    std::vector<Real> kernel(kTaps * Shape::kChannelsIn * Shape::kChannelsOut);
    for (auto& weight : kernel)
        weight = static_cast<Real>(static_cast<int>(random() % 129) - 64) / 64;
    const std::vector<Real> tiled = laid_out<Shape>(kernel);
    std::vector<Real> expected(kSums, 3), received(kSums, 3);
    const auto memory = std::make_unique<annconv::EventScratch<Shape, Real>>();
    auto* const scratch = reinterpret_cast<std::byte*>(memory.get());
    for (int step = 0; step < 2; ++step) {
        annconv::convolve_spikes<Shape, Output::kAdd>(spikes.data(), kernel.data(),
                                                      expected.data());
        annconv::convolve_events<Shape, Output::kAdd>(spikes.data(), tiled.data(), received.data(),
                                                      scratch);
        CHECK(expected == received);
    }
    annconv::convolve_spikes<Shape, Output::kWrite>(spikes.data(), kernel.data(), expected.data());
    annconv::convolve_events<Shape, Output::kWrite>(spikes.data(), tiled.data(), received.data(),
                                                    scratch);
    CHECK(expected == received);
    check_steps<Shape>(spikes, kernel, tiled);
}

// Weights of one sign and as large as they may be; half of the inputs spike.
template <class Shape>
void check_wide() {
    constexpr int kTaps = Shape::kSize[1] * Shape::kSize[2];
    std::mt19937 random(kTaps);
    std::vector<std::int8_t> spikes(Shape::kIn[1] * Shape::kIn[2] * Shape::kChannelsIn);
    for (auto& spike : spikes) spike = random() % 2 == 0;
    std::vector<std::int16_t> kernel(kTaps * Shape::kChannelsIn * Shape::kChannelsOut);
    for (auto& weight : kernel) weight = static_cast<std::int16_t>(511 - random() % 20);
    const std::vector<std::int32_t> wide(kernel.begin(), kernel.end());
    check_steps<Wide<Shape>>(spikes, wide, laid_out<Shape>(kernel));
}

}  // namespace

int main() {
    check<Case<5, 5, 5, 5, 1, 2, 1, 64, 64, 1, 5, 32, 0, 5, 64, 0>, float>();
    check<Case<5, 5, 5, 5, 1, 2, 1, 64, 64, 1, 5, 32, 0, 2, 64, 1>, float>();  // patterns
    check<Case<6, 6, 5, 5, 1, 2, 1, 16, 24, 2, 6, 8, 1, 2, 64, 0>, double>();  // two rows
    check<Case<6, 6, 5, 5, 1, 2, 1, 16, 24, 2, 6, 8, 1, 2, 64, 1>, double>();
    check<Case<6, 11, 3, 3, 1, 1, 1, 3, 10, 1, 4, 16, 1, 1, 64, 0>,
          float>();  // a narrower last tile
    check<Case<5, 9, 3, 3, 1, 0, 1, 17, 17, 2, 7, 32, 1, 2, 64, 1>, float>();   // a row left over
    check<Case<9, 9, 3, 3, 2, 1, 1, 70, 20, 1, 5, 16, 0, 5, 32, 0>, double>();  // stride, two words
    check<Case<9, 9, 3, 3, 2, 1, 1, 70, 20, 2, 5, 16, 1, 4, 32, 1>, float>();   // of channels
    check<Case<9, 8, 3, 2, 1, 2, 2, 5, 8, 2, 8, 8, 1, 2, 32, 0>, float>();      // dilation, padding
    check<Case<8, 9, 2, 4, 3, 0, 1, 100, 12, 1, 2, 4, 1, 1, 16, 0>, double>();  // cells left out
    check<Case<1, 12, 1, 3, 1, 0, 1, 2, 5, 1, 10, 8, 1, 1, 16, 0>, float>();    // a single row
    check<Case<3, 90, 3, 3, 1, 1, 1, 8, 8, 1, 13, 8, 1, 1, 32, 0>, float>();    // many columns
    check<Case<3, 90, 3, 3, 1, 1, 1, 8, 8, 1, 10, 8, 0, 2, 32, 1>, float>();
    check<Case<4, 76, 3, 8, 4, 0, 1, 4, 16, 1, 18, 16, 1, 1, 64, 0>, float>();   // and in one tile
    check<Case<4, 9, 3, 3, 1, 1, 1, 32, 8, 2, 9, 8, 1, 2, 32, 1>, float>();      // words that cells
    check<Case<4, 9, 3, 3, 1, 1, 1, 128, 8, 1, 9, 8, 1, 1, 32, 1>, float>();     // fill
    check<Case<5, 6, 3, 3, 1, 1, 1, 40, 48, 1, 6, 48, 0, 3, 64, 0>, float>();    // three vectors
    check<Case<5, 6, 3, 3, 1, 1, 1, 57, 112, 2, 2, 112, 1, 2, 64, 0>, float>();  // seven
    check<Case<5, 6, 3, 3, 1, 1, 1, 58, 100, 1, 4, 112, 0, 2, 64, 1>, float>();
    check_wide<Case<5, 6, 3, 3, 1, 1, 1, 300, 40, 1, 4, 32, 0, 3, 64, 0>>();
    check_wide<Case<5, 6, 3, 3, 1, 1, 1, 300, 40, 1, 4, 32, 0, 3, 64, 1>>();
    check_wide<Case<6, 5, 3, 3, 2, 1, 1, 290, 20, 2, 3, 16, 1, 2, 32, 0>>();
    check_wide<Case<6, 5, 3, 3, 1, 1, 2, 310, 16, 2, 2, 16, 1, 2, 32, 1>>();
    return EXIT_SUCCESS;
}
