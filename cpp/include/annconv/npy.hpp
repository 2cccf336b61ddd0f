// Reads NumPy's .npy files (format version 1 to 3, little-endian float32 or float64, C order).
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace annconv {

inline std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("expected a file, received none that can be opened");
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct NpyArray {
    std::vector<std::int64_t> shape;
    std::vector<double> values;

    std::int64_t size() const { return static_cast<std::int64_t>(values.size()); }
};

// Text behind `'key':` in the header's dictionary, up to its closing quote or bracket.
inline std::string npy_field(const std::string& header, const std::string& key, char close) {
    const auto start = header.find("'" + key + "':");
    if (start == std::string::npos) throw std::runtime_error("no '" + key + "' in the .npy header");
    auto begin = start + key.size() + 3;
    while (begin < header.size() && header[begin] == ' ') ++begin;
    const auto end = header.find(close, begin + 1);
    if (end == std::string::npos) throw std::runtime_error("the .npy header is cut short");
    return header.substr(begin, end - begin);
}

template <class Value>
std::vector<double> npy_values(const std::string& bytes, std::size_t offset, std::size_t count) {
    if ((bytes.size() - offset) / sizeof(Value) < count) {
        throw std::runtime_error("the .npy file is cut short: expected " + std::to_string(count) +
                                 " values, received " +
                                 std::to_string((bytes.size() - offset) / sizeof(Value)));
    }
    std::vector<double> values(count);
    for (std::size_t index = 0; index < count; ++index) {
        Value value;
        std::memcpy(&value, bytes.data() + offset + index * sizeof(Value), sizeof(Value));
        values[index] = static_cast<double>(value);
    }
    return values;
}

// Throws std::runtime_error where the bytes are not such a file.
inline NpyArray parse_npy(const std::string& bytes) {
    constexpr std::size_t kPreamble = 10;
    constexpr const char* kDigits = "0123456789";
    if (bytes.size() < kPreamble + 2 || bytes.compare(0, 6, "\x93NUMPY") != 0) {
        throw std::runtime_error("expected a .npy file, received something else");
    }
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    const bool first = byte(6) == 1;
    std::size_t length = byte(8) | std::size_t{byte(9)} << 8;
    if (!first) length |= std::size_t{byte(10)} << 16 | std::size_t{byte(11)} << 24;
    const std::size_t start = first ? kPreamble : kPreamble + 2;
    if (bytes.size() - start < length) throw std::runtime_error("the .npy header is cut short");
    const std::string header = bytes.substr(start, length);

    NpyArray array;
    std::size_t count = 1;
    const std::string shape = npy_field(header, "shape", ')');
    for (std::size_t at = shape.find_first_of(kDigits); at != std::string::npos;) {
        const auto end = std::min(shape.find_first_not_of(kDigits, at), shape.size());
        std::size_t extent = bytes.size() + 1;  // kept where the number is too large for its type
        std::from_chars(shape.data() + at, shape.data() + end, extent);
        if (count != 0 && extent > bytes.size() / count) {
            throw std::runtime_error("the .npy file is cut short");
        }
        array.shape.push_back(static_cast<std::int64_t>(extent));
        count *= extent;
        at = shape.find_first_of(kDigits, end);
    }
    if (npy_field(header, "fortran_order", ',') != "False") {
        throw std::runtime_error("the .npy array is in Fortran order, expected C order");
    }
    const std::string type = npy_field(header, "descr", ',');
    if (type == "'<f8'") {
        array.values = npy_values<double>(bytes, start + length, count);
    } else if (type == "'<f4'") {
        array.values = npy_values<float>(bytes, start + length, count);
    } else {
        throw std::runtime_error("the .npy array is of type " + type + ", expected '<f4' or '<f8'");
    }
    return array;
}

}  // namespace annconv
