// What sources hand out is what the plain kernels compute.
#include "annconv/kernels/sources.hpp"

#include <memory>
#include <random>
#include <vector>

#include "annconv/kernels/convolution.hpp"
#include "annconv/kernels/dense.hpp"
#include "annconv/kernels/shared_inputs.hpp"
#include "check.hpp"
#include "slots.hpp"

using annconv::Extents;
using annconv::LanesOf;
using annconv::Output;

namespace {

constexpr int kSteps = 3;

std::vector<std::int8_t> random_spikes(int count, int one_in) {
    std::mt19937 random(static_cast<unsigned>(count));
    std::vector<std::int8_t> spikes(static_cast<std::size_t>(count));
    for (auto& spike : spikes) spike = static_cast<int>(random()) % one_in == 0;
    return spikes;
}

// Multiples of 1/64, so that every order of addition gives the same sums.
std::vector<float> random_weights(int count) {
    std::mt19937 random(static_cast<unsigned>(count) + 1);
    std::vector<float> weights(static_cast<std::size_t>(count));
    for (auto& weight : weights)
        weight = static_cast<float>(static_cast<int>(random() % 129) - 64) / 64;
    return weights;
}

alignas(64) std::byte scratch[1 << 18];

template <int rows, int cols, int high, int wide, int stride, int pad, int filters>
struct OneChannel {
    static constexpr Extents kIn{1, rows, cols};
    static constexpr Extents kOut{1, (rows + 2 * pad - high) / stride + 1,
                                  (cols + 2 * pad - wide) / stride + 1};
    static constexpr Extents kSize{1, high, wide};
    static constexpr Extents kStride{1, stride, stride};
    static constexpr Extents kPad{0, pad, pad};
    static constexpr Extents kDilation{1, 1, 1};
    static constexpr int kChannelsIn = 1, kChannelsOut = filters, kGroups = 1;
    static constexpr int kTileChannels = 16, kBlockRows = 2, kTileSteps = kSteps;
    static constexpr int kSkipsResting = 1;
};

template <class Shape>
void check_row_tables() {
    using Value = LanesOf<float, 32>;
    using Source = annconv::RowTableSource<Shape, float>;
    constexpr int kCells = Shape::kIn[1] * Shape::kIn[2], kTaps = Shape::kSize[1] * Shape::kSize[2];
    constexpr int kFilters = Shape::kChannelsOut, kPatterns = 1 << Shape::kSize[2];
    constexpr int kSums = Shape::kOut[1] * Shape::kOut[2] * kFilters;
    const auto spikes = random_spikes(kSteps * kCells, 3);
    const auto kernel = random_weights(kTaps * kFilters);
    std::vector<float> tables(
        static_cast<std::size_t>(Source::channel_blocks() * Shape::kSize[1] * kPatterns * 16));
    for (int filter = 0; filter < kFilters; ++filter) {
        for (int row = 0; row < Shape::kSize[1]; ++row) {
            for (int pattern = 0; pattern < kPatterns; ++pattern) {
                float sum = 0;
                for (int col = 0; col < Shape::kSize[2]; ++col) {
                    if (pattern >> col & 1)
                        sum += kernel[static_cast<std::size_t>(
                            (row * Shape::kSize[2] + col) * kFilters + filter)];
                }
                const int table = filter / 16 * Shape::kSize[1] + row;
                tables[static_cast<std::size_t>((table * kPatterns + pattern) * 16 + filter % 16)] =
                    sum;
            }
        }
    }
    CHECK(Source::kScratchBytes <= sizeof scratch);
    for_bytes_and_bits(spikes, kCells, [&](const auto& slots) {
        Source source(slots, tables.data(), kSteps, scratch);
        for (int step = 0; step < kSteps; ++step) {
            std::vector<float> expected(kSums);
            annconv::convolve<Shape, Output::kWrite>(spikes.data() + step * kCells, kernel.data(),
                                                     expected.data());
            for (int place = 0; place < kSums; ++place) {
                const int filter = place % kFilters, cell = place / kFilters;
                const int row = cell / Shape::kOut[2], col = cell % Shape::kOut[2];
                source.compute(row / 2, filter / 16);
                const auto value =
                    source.template arrived<Value>(step, row % 2, col, filter % 16 / 8 * 8);
                CHECK(value.numbers[filter % 8] == expected[static_cast<std::size_t>(place)]);
            }
        }
    });
}

// Few spikes: which windows they reach, in any step.
template <class Shape, class Source>
void check_reached() {
    constexpr int kInputs = Shape::kIn[1] * Shape::kIn[2] * Shape::kChannelsIn;
    const auto spikes = random_spikes(kSteps * kInputs, 40);
    const std::vector<float> weights(1 << 16);
    CHECK(Source::kScratchBytes <= sizeof scratch);
    std::vector<int> expected(Shape::kOut[1] * Shape::kOut[2]);
    for (int step = 0; step < kSteps; ++step) {
        for (int place = 0; place < static_cast<int>(expected.size()); ++place) {
            for (int tap = 0; tap < Shape::kSize[1] * Shape::kSize[2]; ++tap) {
                const int row = place / Shape::kOut[2] * Shape::kStride[1] - Shape::kPad[1] +
                                tap / Shape::kSize[2] * Shape::kDilation[1];
                const int col = place % Shape::kOut[2] * Shape::kStride[2] - Shape::kPad[2] +
                                tap % Shape::kSize[2] * Shape::kDilation[2];
                if (row < 0 || col < 0 || row >= Shape::kIn[1] || col >= Shape::kIn[2]) continue;
                for (int channel = 0; channel < Shape::kChannelsIn; ++channel) {
                    const int input = (row * Shape::kIn[2] + col) * Shape::kChannelsIn + channel;
                    expected[static_cast<std::size_t>(place)] |=
                        spikes[static_cast<std::size_t>(step * kInputs + input)];
                }
            }
        }
    }
    for_bytes_and_bits(spikes, kInputs, [&](const auto& slots) {
        Source source(slots, weights.data(), kSteps, scratch);
        int reached = 0;
        for (int row = 0; row < Shape::kOut[1]; ++row) {
            source.compute(row / Source::kBlockRows, 0);
            for (int col = 0; col < Shape::kOut[2]; ++col) {
                const bool found = source.reached(row % Source::kBlockRows, col);
                const auto place = static_cast<std::size_t>(row * Shape::kOut[2] + col);
                CHECK(found == (expected[place] != 0));
                reached += found;
            }
        }
        CHECK(reached > 0 && reached < static_cast<int>(expected.size()));
    });
}

// Several channels, as a ConvolutionSource reads them.
template <int rows, int cols, int channels, int stride, int dilation, int pad>
struct SeveralChannels {
    static constexpr int kReach = 2 * dilation;
    static constexpr Extents kIn{1, rows, cols};
    static constexpr Extents kOut{1, (rows + 2 * pad - kReach - 1) / stride + 1,
                                  (cols + 2 * pad - kReach - 1) / stride + 1};
    static constexpr Extents kSize{1, 3, 3};
    static constexpr Extents kStride{1, stride, stride};
    static constexpr Extents kPad{0, pad, pad};
    static constexpr Extents kDilation{1, dilation, dilation};
    static constexpr int kChannelsIn = channels, kChannelsOut = 8;
    static constexpr int kSumBytes = 32, kTileRows = 1, kTileCols = 2, kTileChannels = 8;
    static constexpr int kRowsTogether = 1, kBlockRows = 2, kPatterns = 0, kTileSteps = kSteps;
    static constexpr int kSkipsResting = 1, kSafeAdditions = 0;
};

template <int inputs, int outputs, int tile>
struct Matrix {
    static constexpr int kInputs = inputs, kOutputs = outputs, kChannelsOut = outputs;
    static constexpr int kTileChannels = tile, kTileSteps = kSteps, kSumBytes = 32;
    static constexpr int kSafeAdditions = 0;
};

// The same with sums of so many weights of 16 bits that they would overflow.
template <int inputs, int outputs, int tile>
struct WideMatrix : Matrix<inputs, outputs, tile> {
    static constexpr int kSafeAdditions = 64;
};

template <class Shape, class Weight>
std::vector<Weight> laid_out(const std::vector<Weight>& weights) {
    constexpr int kTile = Shape::kTileChannels;
    constexpr int kBlocks = (Shape::kOutputs + kTile - 1) / kTile;
    std::vector<Weight> result(static_cast<std::size_t>(kBlocks * Shape::kInputs * kTile));
    for (int in = 0; in < Shape::kInputs; ++in) {
        for (int out = 0; out < Shape::kOutputs; ++out) {
            const int place = (out / kTile * Shape::kInputs + in) * kTile + out % kTile;
            result[static_cast<std::size_t>(place)] =
                weights[static_cast<std::size_t>(in * Shape::kOutputs + out)];
        }
    }
    return result;
}

template <class Shape>
void check_matrix() {
    using Value = LanesOf<float, 32>;
    const auto spikes = random_spikes(kSteps * Shape::kInputs, 3);
    const auto weights = random_weights(Shape::kInputs * Shape::kOutputs);
    const auto blocks = laid_out<Shape>(weights);
    for_bytes_and_bits(spikes, Shape::kInputs, [&](const auto& slots) {
        annconv::DenseSource<Shape, float> source(slots, blocks.data(), Shape::kInputs,
                                                  Shape::kInputs, kSteps, scratch);
        for (int step = 0; step < kSteps; ++step) {
            std::vector<float> plain(Shape::kOutputs), events(Shape::kOutputs);
            const std::int8_t* now = spikes.data() + step * Shape::kInputs;
            annconv::multiply<Shape, Output::kWrite>(now, weights.data(), plain.data());
            annconv::multiply_events<Shape, Output::kWrite>(now, weights.data(), events.data());
            CHECK(plain == events);
            for (int out = 0; out < Shape::kOutputs; ++out) {
                source.compute(0, out / Shape::kTileChannels);
                const int channel = out % Shape::kTileChannels / 8 * 8;
                const auto value = source.template arrived<Value>(step, 0, 0, channel);
                CHECK(value.numbers[out % 8] == plain[static_cast<std::size_t>(out)]);
            }
        }
    });
}

// Weights of one sign and as large as they may be.
template <class Shape>
void check_wide_matrix() {
    using Value = LanesOf<float, 32>;
    const auto spikes = random_spikes(kSteps * Shape::kInputs, 2);
    std::vector<std::int16_t> weights(Shape::kInputs * Shape::kOutputs);
    for (std::size_t index = 0; index < weights.size(); ++index)
        weights[index] = static_cast<std::int16_t>(511 - index % 13);
    const std::vector<float> exact(weights.begin(), weights.end());
    const auto blocks = laid_out<Shape>(weights);
    for_bytes_and_bits(spikes, Shape::kInputs, [&](const auto& slots) {
        annconv::DenseSource<Shape, std::int16_t> source(slots, blocks.data(), Shape::kInputs,
                                                         Shape::kInputs, kSteps, scratch);
        for (int step = 0; step < kSteps; ++step) {
            std::vector<float> plain(Shape::kOutputs);
            const std::int8_t* now = spikes.data() + step * Shape::kInputs;
            annconv::multiply<Shape, Output::kWrite>(now, exact.data(), plain.data());
            for (int out = 0; out < Shape::kOutputs; ++out) {
                source.compute(0, out / Shape::kTileChannels);
                const int channel = out % Shape::kTileChannels / 8 * 8;
                const auto value = source.template arrived<Value>(step, 0, 0, channel);
                CHECK(value.numbers[out % 8] == plain[static_cast<std::size_t>(out)]);
            }
        }
    });
}

struct SixteenRates {
    static constexpr int kTileChannels = 16;
};

void check_rates() {
    using Value = LanesOf<float, 32>;
    std::vector<float> rates(2 * 21);
    for (std::size_t index = 0; index < rates.size(); ++index)
        rates[index] = static_cast<float>(index);
    annconv::RatesSource<SixteenRates, float> source(rates.data(), 21, 21, kSteps, scratch);
    CHECK(source.channel_blocks() == 2);
    source.compute(0, 1);
    CHECK(source.arrived<Value>(0, 0, 0, 0).numbers[4] == 20);
    CHECK(source.arrived<Value>(0, 0, 0, 0).numbers[5] == 0);  // beyond the last rate
    CHECK(source.arrived<Value>(0, 0, 0, 8).numbers[0] == 0);
    source.compute(0, 0);
    CHECK(source.arrived<Value>(1, 0, 0, 8).numbers[3] == 21 + 11);
}

template <class Shared>
void check_five_rates(const Shared& shared, const std::vector<float>& rates,
                      const std::vector<float>& weights) {
    const int inputs = static_cast<int>(rates.size());
    CHECK(shared.count() == 16);  // five rates, and silent ones up to a whole vector
    CHECK(shared.rates(rates.data())[3] == 3);
    CHECK(shared.rates(rates.data())[5] == 0);
    const float* rows = shared.weights(weights.data());
    for (int group = 0; group < 5; ++group) {
        float expected = 0;
        for (int input = group; group < 5 && input < inputs; input += 5) {
            expected += weights[static_cast<std::size_t>((inputs + input) * 16 + 3)];
        }
        CHECK(rows[(shared.rows() + group) * 16 + 3] == expected);  // block 1, channel 3
    }
}

void check_shared_inputs() {
    constexpr int kInputs = 300, kOutputs = 20;
    using Shape = Matrix<kInputs, kOutputs, 16>;
    const auto weights = laid_out<Shape>(random_weights(kInputs * kOutputs));
    auto shared = std::make_unique<annconv::SharedInputs<float, float, kInputs, 2, 16>>();
    std::vector<float> rates(kInputs);
    for (int input = 0; input < kInputs; ++input)
        rates[static_cast<std::size_t>(input)] = static_cast<float>(input % 5);
    std::vector<std::int8_t> spikes(2 * kInputs);
    for (int group = 0; group < 5; ++group)
        spikes[static_cast<std::size_t>(group % 2 * kInputs + group)] = 1;
    for_bytes_and_bits(spikes, kInputs, [&](const auto& slots) {
        shared->start(rates.data(), true);
        shared->prepare(slots, 2, weights.data());
        check_five_rates(*shared, rates, weights);
    });
    shared->start(rates.data(), false);  // rates that change: the inputs themselves
    CHECK(shared->count() == kInputs && shared->rows() == kInputs);
    CHECK(shared->weights(weights.data()) == weights.data());
    for (int input = 0; input < kInputs; ++input)
        rates[static_cast<std::size_t>(input)] = static_cast<float>(input);
    shared->start(rates.data(), true);  // more rates than there is room for
    CHECK(shared->count() == kInputs);
    CHECK(shared->rates(rates.data()) == rates.data());
}

}  // namespace

int main() {
    check_row_tables<OneChannel<7, 9, 5, 5, 1, 2, 16>>();
    check_row_tables<OneChannel<8, 70, 3, 3, 1, 1, 20>>();
    check_row_tables<OneChannel<2, 3, 3, 3, 1, 66, 16>>();  // words of padding
    check_row_tables<OneChannel<3, 28, 3, 3, 1, 26, 16>>();
    check_row_tables<OneChannel<9, 8, 2, 3, 2, 0, 33>>();  // windows that leave cells out
    check_reached<OneChannel<12, 14, 3, 3, 1, 1, 16>,
                  annconv::RowTableSource<OneChannel<12, 14, 3, 3, 1, 1, 16>, float>>();
    check_reached<OneChannel<12, 14, 2, 3, 2, 0, 16>,
                  annconv::RowTableSource<OneChannel<12, 14, 2, 3, 2, 0, 16>, float>>();
    check_reached<SeveralChannels<9, 11, 2, 1, 1, 1>,
                  annconv::ConvolutionSource<SeveralChannels<9, 11, 2, 1, 1, 1>, float>>();
    check_reached<SeveralChannels<12, 13, 3, 2, 2, 1>,
                  annconv::ConvolutionSource<SeveralChannels<12, 13, 3, 2, 2, 1>, float>>();
    check_matrix<Matrix<70, 10, 16>>();
    check_matrix<Matrix<130, 40, 32>>();
    check_matrix<Matrix<128, 40, 32>>();  // whole words of bits
    check_wide_matrix<WideMatrix<192, 20, 32>>();
    check_wide_matrix<WideMatrix<2500, 20, 32>>();
    check_rates();
    check_shared_inputs();
    return EXIT_SUCCESS;
}
