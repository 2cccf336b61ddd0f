// Numbers made of a variable of all neurons of a population, added up in double precision in the
// order of the neurons.
#pragma once

#include <algorithm>
#include <cmath>

namespace annconv {

template <int count, class Real>
Real mean(const Real* values) {
    double sum = 0;
    for (int index = 0; index < count; ++index) sum += static_cast<double>(values[index]);
    return static_cast<Real>(sum / count);
}

template <int count, class Real>
Real largest(const Real* values) {
    return *std::max_element(values, values + count);
}

template <int count, class Real>
Real smallest(const Real* values) {
    return *std::min_element(values, values + count);
}

/// The sum of the absolute values.
template <int count, class Real>
Real norm1(const Real* values) {
    double sum = 0;
    for (int index = 0; index < count; ++index)
        sum += std::fabs(static_cast<double>(values[index]));
    return static_cast<Real>(sum);
}

/// The square root of the sum of the squares.
template <int count, class Real>
Real norm2(const Real* values) {
    double sum = 0;
    for (int index = 0; index < count; ++index) {
        const auto value = static_cast<double>(values[index]);
        sum += value * value;
    }
    return static_cast<Real>(std::sqrt(sum));
}

}  // namespace annconv
