// Functions of a neuron's equations that the C++ standard library lacks. Each does the same, bit
// for bit, as annconv's interpreter of networks.
#ifndef ANNCONV_FUNCTIONS_HPP
#define ANNCONV_FUNCTIONS_HPP

#include <cmath>

namespace annconv {

/// Remainder of the integer parts, with the sign of the first: modulo(-1, 8) is -1.
template <typename Real>
inline Real modulo(Real dividend, Real divisor) {
    return std::fmod(std::trunc(dividend), std::trunc(divisor));
}

/// The positive part; 0 for NaN.
template <typename Real>
inline Real positive(Real value) {
    return value > Real(0) ? value : Real(0);
}

/// The negative part; 0 for NaN.
template <typename Real>
inline Real negative(Real value) {
    return value < Real(0) ? value : Real(0);
}

/// The value kept within [low, high]; NaN stays NaN.
template <typename Real>
inline Real clip(Real value, Real low, Real high) {
    return value < low ? low : (value > high ? high : value);
}

}  // namespace annconv

#endif  // ANNCONV_FUNCTIONS_HPP
