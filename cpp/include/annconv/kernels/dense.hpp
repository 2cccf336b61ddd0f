// Full matrices.
#pragma once

#include <algorithm>

#include "annconv/kernels/window.hpp"

namespace annconv {

// output (kOutputs) = input (kInputs) times weights (kInputs, kOutputs). Silent inputs cost
// nothing.
template <class Shape, Output mode, class In, class Real>
void multiply(const In* input, const Real* weights, Real* output) {
    if constexpr (mode == Output::kWrite) std::fill_n(output, Shape::kOutputs, Real{0});
    for (int pre = 0; pre < Shape::kInputs; ++pre) {
        if (input[pre] == 0) continue;
        const Real value = static_cast<Real>(input[pre]);
        const Real* row = weights + static_cast<std::ptrdiff_t>(pre) * Shape::kOutputs;
        for (int post = 0; post < Shape::kOutputs; ++post) output[post] += value * row[post];
    }
}

}  // namespace annconv
