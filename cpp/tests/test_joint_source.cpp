// Spikes that arrive as they are, alone and together with others.
#include "annconv/kernels/joint_source.hpp"

#include <cstdlib>
#include <random>
#include <type_traits>
#include <vector>

#include "annconv/kernels/element_source.hpp"
#include "check.hpp"
#include "slots.hpp"

using annconv::Extents;
using annconv::LanesOf;

namespace {

constexpr int kSteps = 3;

alignas(64) std::byte scratch[1 << 14];

std::vector<std::int8_t> random_spikes(int count, int one_in) {
    std::mt19937 random(static_cast<unsigned>(count));
    std::vector<std::int8_t> spikes(static_cast<std::size_t>(count));
    for (auto& spike : spikes) spike = static_cast<int>(random()) % one_in == 0;
    return spikes;
}

// The first rows and columns of a plane of 5 rows and 7 columns.
template <int rows, int cols, int channels>
struct Plane {
    static constexpr Extents kIn{1, 5, 7}, kOut{1, rows, cols};
    static constexpr int kChannelsOut = channels, kTileChannels = 16, kBlockRows = 2;
    static constexpr int kSkipsResting = 1, kTileSteps = kSteps;
};

template <class Shape>
int place_of(int row, int col, int channel) {
    return (row * Shape::kIn[2] + col) * Shape::kChannelsOut + channel;
}

// Every neuron receives the spikes at its own place; lanes beyond the channels receive nothing.
template <class Shape>
void check_elements() {
    using Value = LanesOf<float, 32>;
    constexpr int kNeurons = Shape::kIn[1] * Shape::kIn[2] * Shape::kChannelsOut;
    const auto spikes = random_spikes(kSteps * kNeurons, 3);
    for_bytes_and_bits(spikes, kNeurons, [&](const auto& slots) {
        using Source = annconv::ElementSource<Shape, std::decay_t<decltype(slots)>>;
        CHECK(Source::kScratchBytes <= sizeof scratch);
        Source source(slots, kSteps, scratch);
        for (int step = 0; step < kSteps; ++step) {
            for (int row = 0; row < Shape::kOut[1]; ++row) {
                for (int col = 0; col < Shape::kOut[2]; ++col) {
                    for (int channel = 0; channel < 16 * Source::channel_blocks(); ++channel) {
                        source.compute(row / 2, channel / 16);
                        const auto value = source.template arrived<Value>(step, row % 2, col,
                                                                          channel % 16 / 8 * 8);
                        const int place = step * kNeurons + place_of<Shape>(row, col, channel);
                        const bool exists = channel < Shape::kChannelsOut;
                        CHECK(value.numbers[channel % 8] ==
                              (exists ? spikes[static_cast<std::size_t>(place)] : 0));
                    }
                }
            }
        }
    });
}

// Few spikes: which cells they are in, in any step.
template <class Shape>
void check_reached() {
    constexpr int kNeurons = Shape::kIn[1] * Shape::kIn[2] * Shape::kChannelsOut;
    const auto spikes = random_spikes(kSteps * kNeurons, 40);
    for_bytes_and_bits(spikes, kNeurons, [&](const auto& slots) {
        annconv::ElementSource<Shape, std::decay_t<decltype(slots)>> source(slots, kSteps, scratch);
        int reached = 0;
        for (int row = 0; row < Shape::kOut[1]; ++row) {
            source.compute(row / 2, 0);
            for (int col = 0; col < Shape::kOut[2]; ++col) {
                int expected = 0;
                for (int step = 0; step < kSteps; ++step) {
                    for (int channel = 0; channel < Shape::kChannelsOut; ++channel) {
                        const int place = step * kNeurons + place_of<Shape>(row, col, channel);
                        expected |= spikes[static_cast<std::size_t>(place)];
                    }
                }
                CHECK(source.reached(row % 2, col) == (expected != 0));
                reached += expected;
            }
        }
        CHECK(reached > 0 && reached < Shape::kOut[1] * Shape::kOut[2]);
    });
}

// Two full matrices, and the spikes themselves.
struct Matrix {
    static constexpr Extents kIn{1, 1, 1}, kOut{1, 1, 1};
    static constexpr int kInputs = 70, kChannelsOut = 16, kTileChannels = 16, kBlockRows = 1;
    static constexpr int kTileSteps = kSteps, kSumBytes = 32, kSafeAdditions = 0;
    static constexpr int kSkipsResting = 0;
};

// What arrives from each source is what it hands out alone.
void check_joint() {
    using Value = LanesOf<float, 32>;
    using Dense = annconv::DenseSource<Matrix, float>;
    using Element = annconv::ElementSource<Matrix, annconv::ByteSlots>;
    using Joint = annconv::JointSource<Dense, Dense, Element>;
    const auto few = random_spikes(kSteps * 70, 5), many = random_spikes(kSteps * 71, 2);
    std::vector<float> weights(70 * 16);
    for (std::size_t at = 0; at < weights.size(); ++at) weights[at] = static_cast<float>(at % 37);
    const annconv::ByteSlots first{few.data(), 70}, second{many.data(), 71};
    alignas(64) static std::byte own[2][1 << 12];
    CHECK(Joint::kScratchBytes <= sizeof scratch && Dense::kScratchBytes <= sizeof own[0]);
    Dense dense[] = {Dense(first, weights.data(), kSteps, own[0]),
                     Dense(second, weights.data(), kSteps, own[1])};
    Element element(second, kSteps, nullptr);
    Joint joint(Dense(first, weights.data(), kSteps, scratch + Joint::scratch_of(0)),
                Dense(second, weights.data(), kSteps, scratch + Joint::scratch_of(1)), element);
    joint.compute(0, 0);
    for (auto& source : dense) source.compute(0, 0);
    for (int step = 0; step < kSteps; ++step) {
        for (int channel = 0; channel < 16; channel += 8) {
            const auto arrived = joint.arrived<Value>(step, 0, 0, channel);
            for (std::size_t at = 0; at < 2; ++at) {
                const auto expected = dense[at].arrived<Value>(step, 0, 0, channel);
                CHECK(annconv::same_bits(arrived[at], expected));
            }
            CHECK(annconv::same_bits(arrived[2], element.arrived<Value>(step, 0, 0, channel)));
        }
    }
}

// Cells that spikes of either source reach.
void check_joint_reached() {
    using Part = annconv::ElementSource<Plane<4, 6, 10>, annconv::ByteSlots>;
    constexpr int kNeurons = 5 * 7 * 10;
    const auto few = random_spikes(kSteps * kNeurons, 60);
    const auto others = random_spikes(kSteps * kNeurons + 1, 60);
    Part parts[] = {Part({few.data(), kNeurons}, kSteps, scratch),
                    Part({others.data(), kNeurons}, kSteps, scratch)};
    annconv::JointSource<Part, Part> joint(parts[0], parts[1]);
    int by_one = 0;
    for (int row = 0; row < 4; ++row) {
        joint.compute(row / 2, 0);
        for (auto& part : parts) part.compute(row / 2, 0);
        for (int col = 0; col < 6; ++col) {
            const bool reached[] = {parts[0].reached(row % 2, col), parts[1].reached(row % 2, col)};
            CHECK(joint.reached(row % 2, col) == (reached[0] || reached[1]));
            by_one += reached[0] != reached[1];
        }
    }
    CHECK(by_one > 0);
}

}  // namespace

int main() {
    check_elements<Plane<5, 7, 16>>();
    check_elements<Plane<4, 6, 10>>();
    check_elements<Plane<5, 7, 3>>();
    check_elements<Plane<5, 6, 37>>();
    check_reached<Plane<5, 7, 3>>();
    check_reached<Plane<4, 6, 16>>();
    check_joint();
    check_joint_reached();
    return EXIT_SUCCESS;
}
