// Numbers of 16 bits (IEEE 754 binary16), which C++ has no type for, as they are read from files.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace annconv {

struct Half {
    std::uint16_t bits;
};

inline float to_float(Half number) {
    constexpr int kMantissaBits = 10, kBias = 15, kLargestExponent = 31;
    const int exponent = number.bits >> kMantissaBits & kLargestExponent;
    const int mantissa = number.bits & ((1 << kMantissaBits) - 1);
    float value;
    if (exponent == kLargestExponent) {
        value = mantissa == 0 ? std::numeric_limits<float>::infinity()
                              : std::numeric_limits<float>::quiet_NaN();
    } else if (exponent == 0) {
        value = std::ldexp(static_cast<float>(mantissa), 1 - kBias - kMantissaBits);
    } else {
        const int whole = mantissa | 1 << kMantissaBits;
        value = std::ldexp(static_cast<float>(whole), exponent - kBias - kMantissaBits);
    }
    return number.bits >> 15 != 0 ? -value : value;
}

}  // namespace annconv
