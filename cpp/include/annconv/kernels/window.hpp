// Sliding windows over up to three spatial axes, shared by convolution and pooling.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

namespace annconv {

// One number for depth, rows and columns; lower ranks have ones in front.
using Extents = std::array<int, 3>;

// How a kernel treats what its output already holds.
enum class Output { kWrite, kAdd };

// Calls visit(cell, tap) for every cell inside the input that the window at `out` covers; `cell`
// counts positions of the input, `tap` those of the window.
template <class Shape, class Visit>
inline void for_each_tap(const Extents& out, Visit&& visit) {
    Extents start{};
    for (std::size_t axis = 0; axis < start.size(); ++axis) {
        start[axis] = out[axis] * Shape::kStride[axis] - Shape::kPad[axis];
    }
    for (int d = 0; d < Shape::kSize[0]; ++d) {
        const int depth = start[0] + d * Shape::kDilation[0];
        if (depth < 0 || depth >= Shape::kIn[0]) continue;
        for (int r = 0; r < Shape::kSize[1]; ++r) {
            const int row = start[1] + r * Shape::kDilation[1];
            if (row < 0 || row >= Shape::kIn[1]) continue;
            for (int c = 0; c < Shape::kSize[2]; ++c) {
                const int col = start[2] + c * Shape::kDilation[2];
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
                // GCC 12.2 at -O3 for AVX-512 drops taps of a mean over five channels where it
                // vectorises these loops; GCC 11 and clang do not, sanitizers find nothing.
                asm volatile("");
#endif
                if (col < 0 || col >= Shape::kIn[2]) continue;
                visit((depth * Shape::kIn[1] + row) * Shape::kIn[2] + col,
                      (d * Shape::kSize[1] + r) * Shape::kSize[2] + c);
            }
        }
    }
}

// Calls visit(position, cell) for every position of the output; `cell` counts positions.
template <class Shape, class Visit>
inline void for_each_position(Visit&& visit) {
    int cell = 0;
    for (int depth = 0; depth < Shape::kOut[0]; ++depth) {
        for (int row = 0; row < Shape::kOut[1]; ++row) {
            for (int col = 0; col < Shape::kOut[2]; ++col) visit(Extents{depth, row, col}, cell++);
        }
    }
}

// Stores or adds the values of all channels of one position.
template <Output mode, class Real, std::size_t channels>
inline void put(const std::array<Real, channels>& values, Real* output) {
    for (std::size_t channel = 0; channel < channels; ++channel) {
        if constexpr (mode == Output::kAdd) {
            output[channel] += values[channel];
        } else {
            output[channel] = values[channel];
        }
    }
}

}  // namespace annconv
