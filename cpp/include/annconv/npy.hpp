// NumPy's .npy files: reads those of version 1 to 3 in C order with little-endian numbers, writes
// version 1.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "annconv/stored_array.hpp"

namespace annconv {

// Text behind `'key':` in the header's dictionary, up to its closing quote or bracket.
inline std::string_view npy_field(std::string_view header, std::string_view key, char close) {
    const auto found = header.find(key);
    if (found == std::string_view::npos || found == 0 || header[found - 1] != '\'' ||
        header.substr(found + key.size(), 2) != "':") {
        throw std::runtime_error("no '" + std::string(key) + "' in the .npy header");
    }
    auto begin = found + key.size() + 2;
    while (begin < header.size() && header[begin] == ' ') ++begin;
    const auto end = header.find(close, begin + 1);
    if (end == std::string_view::npos) throw std::runtime_error("the .npy header is cut short");
    return header.substr(begin, end - begin);
}

inline Element npy_element(std::string_view type) {
    constexpr std::array<std::pair<std::string_view, Element>, 12> kTypes = {{
        {"'|b1'", Element::kBool},
        {"'|i1'", Element::kInt8},
        {"'<i2'", Element::kInt16},
        {"'<i4'", Element::kInt32},
        {"'<i8'", Element::kInt64},
        {"'|u1'", Element::kUint8},
        {"'<u2'", Element::kUint16},
        {"'<u4'", Element::kUint32},
        {"'<u8'", Element::kUint64},
        {"'<f2'", Element::kHalf},
        {"'<f4'", Element::kFloat},
        {"'<f8'", Element::kDouble},
    }};
    for (const auto& [name, element] : kTypes) {
        if (type == name) return element;
    }
    throw std::runtime_error("the .npy array is of type " + std::string(type) +
                             ", expected little-endian numbers of 64 bits at most");
}

// The extents in the text of a shape: "(2, 3".
inline std::vector<std::uint64_t> npy_shape(std::string_view text) {
    constexpr std::string_view kDigits = "0123456789";
    if (text.substr(0, 1) != "(" || text.find_first_not_of("0123456789, ", 1) != text.npos) {
        throw std::runtime_error("the .npy header is damaged: it has no shape of whole numbers");
    }
    std::vector<std::uint64_t> shape;
    for (std::size_t at = text.find_first_of(kDigits); at != std::string_view::npos;) {
        const auto end = std::min(text.find_first_not_of(kDigits, at), text.size());
        auto extent = std::numeric_limits<std::uint64_t>::max();  // kept where it is even larger
        std::from_chars(text.data() + at, text.data() + end, extent);
        shape.push_back(extent);
        at = text.find_first_of(kDigits, end);
    }
    return shape;
}

constexpr std::string_view kNpyMagic = "\x93NUMPY";

// Throws std::runtime_error where the bytes are not such a file.
inline StoredArray parse_npy(std::string_view bytes) {
    constexpr std::size_t kPreamble = 10;
    if (bytes.size() < kPreamble + 2 || bytes.substr(0, kNpyMagic.size()) != kNpyMagic) {
        throw std::runtime_error("expected a .npy file, received something else");
    }
    const auto byte = [&](std::size_t at) {
        return std::size_t{static_cast<unsigned char>(bytes[at])};
    };
    if (byte(6) < 1 || byte(6) > 3) {
        throw std::runtime_error("the .npy file is of version " + std::to_string(byte(6)) +
                                 ", expected 1 to 3");
    }
    const bool first = byte(6) == 1;
    std::size_t length = byte(8) | byte(9) << 8;
    if (!first) length |= byte(10) << 16 | byte(11) << 24;
    const std::size_t start = first ? kPreamble : kPreamble + 2;
    if (bytes.size() - start < length) throw std::runtime_error("the .npy header is cut short");
    const std::string_view header = bytes.substr(start, length);
    if (npy_field(header, "fortran_order", ',') != "False") {
        throw std::runtime_error("the .npy array is in Fortran order, expected C order");
    }
    StoredArray array;
    array.element = npy_element(npy_field(header, "descr", ','));
    array.values = bytes.substr(start + length);
    array.shape = npy_shape(npy_field(header, "shape", ')'));
    const std::size_t received = array.values.size() / element_bytes(array.element);
    const auto expected = product(array.shape);
    if (expected != received || received * element_bytes(array.element) != array.values.size()) {
        const char* const fault =
            expected && *expected <= received ? "longer than its shape says" : "cut short";
        throw std::runtime_error(std::string("the .npy file is ") + fault + ": expected " +
                                 (expected ? std::to_string(*expected) : "far more") +
                                 " values, received " + std::to_string(received));
    }
    return array;
}

// What stands in front of the numbers of a .npy file. `type` as NumPy writes it: "<f8".
inline std::string npy_header(std::string_view type, const std::vector<std::uint64_t>& shape) {
    std::string text = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (";
    for (const auto extent : shape) text += std::to_string(extent) + ", ";
    text += "), }";
    constexpr std::size_t kPreamble = 10, kUnit = 64;
    text.resize((text.size() + 1 + kPreamble + kUnit - 1) / kUnit * kUnit - kPreamble - 1, ' ');
    text += '\n';
    const auto length = static_cast<std::uint16_t>(text.size());
    std::string header(kNpyMagic);
    header += {'\x01', '\0', static_cast<char>(length & 0xFF), static_cast<char>(length >> 8)};
    return header + text;
}

}  // namespace annconv
