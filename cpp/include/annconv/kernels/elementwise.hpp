// Operators that move or scale values one by one.
#pragma once

#include <algorithm>
#include <cstdint>

#include "annconv/functions.hpp"
#include "annconv/kernels/window.hpp"

namespace annconv {

template <Output mode, class In, class Real>
inline void put_one(In value, Real* output) {
    if constexpr (mode == Output::kAdd) {
        *output += static_cast<Real>(value);
    } else {
        *output = static_cast<Real>(value);
    }
}

// output = input.
template <class Shape, Output mode, class In, class Real>
void transfer(const In* input, Real* output) {
    for (int index = 0; index < Shape::kSize; ++index) put_one<mode>(input[index], output + index);
}

// output = input times one factor per channel (kFactors is 1 or the number of channels).
template <class Shape, Output mode, class In, class Real>
void scale(const In* input, const Real* factors, Real* output) {
    for (int index = 0; index < Shape::kSize; ++index) {
        put_one<mode>(static_cast<Real>(input[index]) * factors[index % Shape::kFactors],
                      output + index);
    }
}

// Adds the input times one factor per channel to the output; each sum is rounded once.
template <class Shape, Output mode, class In, class Real>
void scale_fused(const In* input, const Real* factors, Real* output) {
    static_assert(mode == Output::kAdd, "there is a sum already");
    for (int index = 0; index < Shape::kSize; ++index) {
        output[index] = annconv::fma(static_cast<Real>(input[index]),
                                     factors[index % Shape::kFactors], output[index]);
    }
}

// Zeros around the spatial axes.
template <class Shape, Output mode, class In, class Real>
void pad(const In* input, Real* output) {
    constexpr int kCells = Shape::kOut[0] * Shape::kOut[1] * Shape::kOut[2];
    if constexpr (mode == Output::kWrite) std::fill_n(output, kCells * Shape::kChannels, Real{0});
    for (int depth = 0; depth < Shape::kIn[0]; ++depth) {
        for (int row = 0; row < Shape::kIn[1]; ++row) {
            const int out_row = (depth + Shape::kPad[0]) * Shape::kOut[1] + row + Shape::kPad[1];
            Real* target = output + (out_row * Shape::kOut[2] + Shape::kPad[2]) * Shape::kChannels;
            for (int index = 0; index < Shape::kIn[2] * Shape::kChannels; ++index) {
                put_one<mode>(*input++, target + index);
            }
        }
    }
}

// All channels of the input at kStart of kChannelsOut channels; the others get zero.
template <class Shape, Output mode, class In, class Real>
void place_channels(const In* input, Real* output) {
    if constexpr (mode == Output::kWrite) {
        std::fill_n(output, Shape::kCells * Shape::kChannelsOut, Real{0});
    }
    for (int cell = 0; cell < Shape::kCells; ++cell) {
        Real* target = output + cell * Shape::kChannelsOut + Shape::kStart;
        for (int channel = 0; channel < Shape::kChannelsIn; ++channel) {
            put_one<mode>(*input++, target + channel);
        }
    }
}

// Every value repeated kFactors times along each spatial axis.
template <class Shape, Output mode, class In, class Real>
void upsample(const In* input, Real* output) {
    for_each_position<Shape>([&](const Extents& position, int out_cell) {
        const int depth = position[0] / Shape::kFactors[0];
        const int row = position[1] / Shape::kFactors[1];
        const int col = position[2] / Shape::kFactors[2];
        const int cell = (depth * Shape::kIn[1] + row) * Shape::kIn[2] + col;
        for (int channel = 0; channel < Shape::kChannels; ++channel) {
            put_one<mode>(input[cell * Shape::kChannels + channel],
                          output + out_cell * Shape::kChannels + channel);
        }
    });
}

// At each place the value of the input that `places` names, or zero where that is -1.
template <class Shape, Output mode, class In, class Real>
void gather(const In* input, const std::int32_t* places, Real* output) {
    for (int index = 0; index < Shape::kSize; ++index) {
        const std::int32_t place = places[index];
        put_one<mode>(place < 0 ? In{0} : input[place], output + index);
    }
}

// By how much the input grew since the last step.
template <class Shape, Output mode, class In, class Real>
void increase(const In* input, Real* passed, Real* output) {
    for (int index = 0; index < Shape::kSize; ++index) {
        const Real value = static_cast<Real>(input[index]);
        put_one<mode>(value - passed[index], output + index);
        passed[index] = value;
    }
}

}  // namespace annconv
