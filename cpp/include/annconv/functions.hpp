// Functions of a neuron's equations. Each does the same, bit for bit, as annconv's interpreter of
// networks: those of the C library are computed in double precision and rounded, so that numbers
// in single precision do not depend on how a library computes them.
#ifndef ANNCONV_FUNCTIONS_HPP
#define ANNCONV_FUNCTIONS_HPP

#include <cmath>
#include <type_traits>

namespace annconv {

template <typename Real>
using IfReal = std::enable_if_t<std::is_floating_point_v<Real>>;

#define ANNCONV_OF_THE_LIBRARY(name)                                     \
    template <typename Real, class = IfReal<Real>>                       \
    inline Real name(Real value) {                                       \
        return static_cast<Real>(std::name(static_cast<double>(value))); \
    }
#define ANNCONV_EXACT(name)                        \
    template <typename Real, class = IfReal<Real>> \
    inline Real name(Real value) {                 \
        return std::name(value);                   \
    }

ANNCONV_OF_THE_LIBRARY(exp)
ANNCONV_OF_THE_LIBRARY(expm1)
ANNCONV_OF_THE_LIBRARY(log)
ANNCONV_OF_THE_LIBRARY(sin)
ANNCONV_OF_THE_LIBRARY(cos)
ANNCONV_OF_THE_LIBRARY(tan)
ANNCONV_OF_THE_LIBRARY(asin)
ANNCONV_OF_THE_LIBRARY(acos)
ANNCONV_OF_THE_LIBRARY(atan)
ANNCONV_OF_THE_LIBRARY(sinh)
ANNCONV_OF_THE_LIBRARY(cosh)
ANNCONV_OF_THE_LIBRARY(tanh)
ANNCONV_OF_THE_LIBRARY(erf)
ANNCONV_EXACT(sqrt)
ANNCONV_EXACT(abs)
ANNCONV_EXACT(floor)
ANNCONV_EXACT(ceil)
ANNCONV_EXACT(round)
ANNCONV_EXACT(trunc)

#undef ANNCONV_OF_THE_LIBRARY
#undef ANNCONV_EXACT

template <typename Real, class = IfReal<Real>>
inline Real pow(Real base, Real exponent) {
    return static_cast<Real>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
}

/// a*b + c, rounded once.
template <typename Real, class = IfReal<Real>>
inline Real fma(Real a, Real b, Real c) {
    return std::fma(a, b, c);
}

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
