// Numbers as they lie in a file, and the input rates that they stand for.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "annconv/half.hpp"

namespace annconv {

// Types of numbers, little-endian.
enum class Element {
    kBool,
    kInt8,
    kInt16,
    kInt32,
    kInt64,
    kUint8,
    kUint16,
    kUint32,
    kUint64,
    kHalf,
    kFloat,
    kDouble
};

// An array in the bytes of a file.
struct StoredArray {
    std::vector<std::uint64_t> shape;
    Element element;
    std::string_view values;
};

// The product of extents; nothing where it is larger than any memory.
inline std::optional<std::uint64_t> product(const std::vector<std::uint64_t>& extents) {
    std::uint64_t result = 1;
    bool overflows = false;
    for (const std::uint64_t extent : extents) {
        if (extent == 0) return 0;
        overflows |= __builtin_mul_overflow(result, extent, &result);
    }
    if (overflows) return std::nullopt;
    return result;
}

// Calls `use` with a value of an element's type.
template <class Use>
auto with_type(Element element, Use use) {
    switch (element) {
        case Element::kBool:
            return use(std::uint8_t{});
        case Element::kInt8:
            return use(std::int8_t{});
        case Element::kInt16:
            return use(std::int16_t{});
        case Element::kInt32:
            return use(std::int32_t{});
        case Element::kInt64:
            return use(std::int64_t{});
        case Element::kUint8:
            return use(std::uint8_t{});
        case Element::kUint16:
            return use(std::uint16_t{});
        case Element::kUint32:
            return use(std::uint32_t{});
        case Element::kUint64:
            return use(std::uint64_t{});
        case Element::kHalf:
            return use(Half{});
        case Element::kFloat:
            return use(float{});
        default:
            return use(double{});
    }
}

inline std::size_t element_bytes(Element element) {
    return with_type(element, [](auto number) { return sizeof number; });
}

// What a network takes: reals; floating-point numbers keep their type, others are double.
inline float real_of(Half number) { return to_float(number); }
inline float real_of(float number) { return number; }
template <class Number>
double real_of(Number number) {
    return static_cast<double>(number);
}

// Adds the rates of `count` numbers from `first` on: each times `scale`, computed in its own type,
// those of images divided by the brightest one's 255 before.
// Throws std::runtime_error where a rate is not finite.
template <class Rate>
void append_rates(const StoredArray& array, std::size_t first, std::size_t count, bool images,
                  double scale, std::vector<Rate>& rates) {
    with_type(array.element, [&](auto number) {
        using Number = decltype(number);
        using Real = decltype(real_of(number));
        constexpr float kBrightest = 255;
        const char* from = array.values.data() + first * sizeof(Number);
        for (std::size_t index = 0; index < count; ++index, from += sizeof(Number)) {
            std::memcpy(&number, from, sizeof(Number));
            const auto value = real_of(number);
            const auto rate = images ? static_cast<Rate>(static_cast<float>(value) / kBrightest *
                                                         static_cast<float>(scale))
                                     : static_cast<Rate>(value * static_cast<Real>(scale));
            if (!std::isfinite(rate)) {
                throw std::runtime_error(
                    std::isfinite(value)
                        ? "expected values that stay finite times the input scale of " +
                              std::to_string(scale) + ", received " + std::to_string(value)
                        : "expected finite values, received " + std::to_string(value));
            }
            rates.push_back(rate);
        }
    });
}

}  // namespace annconv
