// Full matrices.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "annconv/kernels/window.hpp"

namespace annconv {

// output (kOutputs) = input (kInputs) times weights (kInputs, kOutputs). Silent inputs cost
// nothing.
template <class Shape, Output mode, class In, class Real>
void multiply(const In* input, const Real* weights, Real* output) {
    constexpr int kBlock = 128;  // outputs whose sums are complete before they are added
    for (int first = 0; first < Shape::kOutputs; first += kBlock) {
        const int block = std::min(kBlock, Shape::kOutputs - first);
        std::array<Real, kBlock> sums{};
        for (int pre = 0; pre < Shape::kInputs; ++pre) {
            if (input[pre] == 0) continue;
            const Real value = static_cast<Real>(input[pre]);
            const Real* row = weights + static_cast<std::ptrdiff_t>(pre) * Shape::kOutputs + first;
            for (int post = 0; post < block; ++post) sums[post] += value * row[post];
        }
        for (int post = 0; post < block; ++post) {
            if constexpr (mode == Output::kAdd) {
                output[first + post] += sums[post];
            } else {
                output[first + post] = sums[post];
            }
        }
    }
}

// The same for spikes, in one step: bits, so that silent inputs are not even looked at. Spikes may
// be signed.
template <class Shape, Output mode, class Real>
void multiply_events(const std::int8_t* spikes, const Real* weights, Real* output) {
    if constexpr (mode == Output::kWrite) std::fill_n(output, Shape::kOutputs, Real{0});
    for (int first = 0; first < Shape::kInputs; first += 8) {
        std::uint64_t left = 0;
        std::memcpy(&left, spikes + first,
                    static_cast<std::size_t>(std::min(8, Shape::kInputs - first)));
        while (left != 0) {
            const int byte = __builtin_ctzll(left) / 8;
            left &= ~(std::uint64_t{0xFF} << 8 * byte);
            const Real* row = weights + static_cast<std::ptrdiff_t>(first + byte) * Shape::kOutputs;
            const auto sign = static_cast<Real>(spikes[first + byte]);
            for (int post = 0; post < Shape::kOutputs; ++post) output[post] += sign * row[post];
        }
    }
}

}  // namespace annconv
