// Convolution of any rank up to 3, stride, padding, dilation and number of groups.
#pragma once

#include <cstdint>

#include "annconv/kernels/window.hpp"

namespace annconv {

// output (positions, kChannelsOut) = correlation of input (cells, kChannelsIn) with
// kernel (taps, kChannelsIn / kGroups, kChannelsOut). Silent inputs cost nothing.
template <class Shape, Output mode, class In, class Real>
void convolve(const In* input, const Real* kernel, Real* output) {
    constexpr int kGroupIn = Shape::kChannelsIn / Shape::kGroups;
    constexpr int kGroupOut = Shape::kChannelsOut / Shape::kGroups;
    for_each_position<Shape>([&](const Extents& position, int out_cell) {
        std::array<Real, Shape::kChannelsOut> sum{};
        for_each_tap<Shape>(position, [&](int cell, int tap) {
            const In* values = input + cell * Shape::kChannelsIn;
            for (int channel = 0; channel < Shape::kChannelsIn; ++channel) {
                if (values[channel] == 0) continue;
                const Real value = static_cast<Real>(values[channel]);
                const int first = channel / kGroupIn * kGroupOut;
                const Real* row =
                    kernel + (tap * kGroupIn + channel % kGroupIn) * Shape::kChannelsOut + first;
                Real* group = sum.data() + first;
                for (int out = 0; out < kGroupOut; ++out) group[out] += value * row[out];
            }
        });
        put<mode>(sum, output + out_cell * Shape::kChannelsOut);
    });
}

// Every tap of every window that covers one input cell: its row of weights and its sums.
template <class Shape, class Real>
struct CoveringWindows {
    static constexpr int kTaps = Shape::kSize[0] * Shape::kSize[1] * Shape::kSize[2];
    static constexpr int kTapSize = Shape::kChannelsIn / Shape::kGroups * Shape::kChannelsOut;

    struct Tap {
        const Real* weights;
        Real* sums;
    };
    std::array<Tap, kTaps> taps{};
    int count = 0;

    CoveringWindows(const Extents& cell, const Real* kernel, Real* output) {
        for (int d = 0; d < Shape::kSize[0]; ++d) {
            const int depth = position(0, cell[0], d);
            if (depth < 0) continue;
            for (int r = 0; r < Shape::kSize[1]; ++r) {
                const int row = position(1, cell[1], r);
                if (row < 0) continue;
                for (int c = 0; c < Shape::kSize[2]; ++c) {
                    const int col = position(2, cell[2], c);
                    if (col < 0) continue;
                    const int tap = (d * Shape::kSize[1] + r) * Shape::kSize[2] + c;
                    const int out = (depth * Shape::kOut[1] + row) * Shape::kOut[2] + col;
                    taps[static_cast<std::size_t>(count++)] = {kernel + tap * kTapSize,
                                                               output + out * Shape::kChannelsOut};
                }
            }
        }
    }

    // Where the window lies whose tap covers a cell along one axis; -1 where there is none.
    static int position(std::size_t axis, int cell, int tap) {
        const int start = cell + Shape::kPad[axis] - tap * Shape::kDilation[axis];
        const bool fits = start >= 0 && start % Shape::kStride[axis] == 0 &&
                          start / Shape::kStride[axis] < Shape::kOut[axis];
        return fits ? start / Shape::kStride[axis] : -1;
    }
};

// The same convolution of spikes: each adds its rows of weights to the windows that cover it.
template <class Shape, Output mode, class Real>
void convolve_spikes(const std::int8_t* spikes, const Real* kernel, Real* output) {
    constexpr int kGroupIn = Shape::kChannelsIn / Shape::kGroups;
    constexpr int kGroupOut = Shape::kChannelsOut / Shape::kGroups;
    constexpr int kCells = Shape::kOut[0] * Shape::kOut[1] * Shape::kOut[2];
    if constexpr (mode == Output::kWrite)
        std::fill_n(output, kCells * Shape::kChannelsOut, Real{0});
    for (int cell = 0; cell < Shape::kIn[0] * Shape::kIn[1] * Shape::kIn[2]; ++cell) {
        const std::int8_t* emitted = spikes + cell * Shape::kChannelsIn;
        const auto spiked = [](std::int8_t value) { return value != 0; };
        if (std::none_of(emitted, emitted + Shape::kChannelsIn, spiked)) continue;
        const int row = cell / Shape::kIn[2];
        const Extents place{row / Shape::kIn[1], row % Shape::kIn[1], cell % Shape::kIn[2]};
        const CoveringWindows<Shape, Real> windows(place, kernel, output);
        for (int channel = 0; channel < Shape::kChannelsIn; ++channel) {
            if (emitted[channel] == 0) continue;
            const int first = channel / kGroupIn * kGroupOut;
            const int offset = channel % kGroupIn * Shape::kChannelsOut + first;
            for (int index = 0; index < windows.count; ++index) {
                const auto& tap = windows.taps[static_cast<std::size_t>(index)];
                const Real* weights = tap.weights + offset;
                Real* sums = tap.sums + first;
                for (int out = 0; out < kGroupOut; ++out) {
                    if constexpr (Shape::kSigned != 0) {
                        sums[out] += static_cast<Real>(emitted[channel]) * weights[out];
                    } else {
                        sums[out] += weights[out];
                    }
                }
            }
        }
    }
}

}  // namespace annconv
