// Numbers made of a variable of all neurons of a population, added up in double precision in the
// order of the neurons.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

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

/// The largest but one; of one value alone, less than any number.
template <int count, class Real>
Real second_largest(const Real* values) {
    constexpr Real kLeast = -std::numeric_limits<Real>::infinity();
    Real first = kLeast, second = kLeast;
    for (int index = 0; index < count; ++index) {
        second = std::max(second, std::min(first, values[index]));
        first = std::max(first, values[index]);
    }
    return second;
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

/// The logarithm of the sum of exponentials, of differences from the largest value.
template <int count, class Real>
Real logsumexp(const Real* values) {
    const auto most = static_cast<double>(largest<count>(values));
    double sum = 0;
    for (int index = 0; index < count; ++index)
        sum += std::exp(static_cast<double>(values[index]) - most);
    return static_cast<Real>(most + std::log(sum));
}

}  // namespace annconv
