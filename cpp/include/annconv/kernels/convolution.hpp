// Convolution of any rank up to 3, stride, padding, dilation and number of groups.
#pragma once

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

}  // namespace annconv
