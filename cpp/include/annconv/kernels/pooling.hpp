// Maximum and mean over windows; cells outside the input do not count.
#pragma once

#include <limits>

#include "annconv/kernels/window.hpp"

namespace annconv {

template <class Shape, Output mode, class In, class Real>
void max_pool(const In* input, Real* output) {
    for_each_position<Shape>([&](const Extents& position, int out_cell) {
        std::array<Real, Shape::kChannels> highest;
        highest.fill(std::numeric_limits<Real>::lowest());
        for_each_tap<Shape>(position, [&](int cell, int) {
            const In* values = input + cell * Shape::kChannels;
            for (std::size_t channel = 0; channel < highest.size(); ++channel) {
                highest[channel] = std::max(highest[channel], static_cast<Real>(values[channel]));
            }
        });
        put<mode>(highest, output + out_cell * Shape::kChannels);
    });
}

template <class Shape, Output mode, class In, class Real>
void mean_pool(const In* input, Real* output) {
    for_each_position<Shape>([&](const Extents& position, int out_cell) {
        std::array<Real, Shape::kChannels> mean{};
        int cells = 0;
        for_each_tap<Shape>(position, [&](int cell, int) {
            const In* values = input + cell * Shape::kChannels;
            for (std::size_t channel = 0; channel < mean.size(); ++channel) {
                mean[channel] += static_cast<Real>(values[channel]);
            }
            ++cells;
        });
        for (Real& value : mean) value /= static_cast<Real>(cells);
        put<mode>(mean, output + out_cell * Shape::kChannels);
    });
}

}  // namespace annconv
