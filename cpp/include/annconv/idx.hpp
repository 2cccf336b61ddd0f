// IDX, the format of the MNIST files (yann.lecun.com/exdb/mnist), of unsigned bytes.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "annconv/stored_array.hpp"

namespace annconv {

constexpr std::string_view kIdxMagic{"\0\0", 2};

// Throws std::runtime_error where the bytes are not such a file.
inline StoredArray parse_idx(std::string_view bytes) {
    constexpr unsigned kUnsignedByte = 0x08;
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
    if (bytes.size() < 4 || bytes.substr(0, kIdxMagic.size()) != kIdxMagic) {
        throw std::runtime_error("expected an IDX file, received something else");
    }
    if (byte(2) != kUnsignedByte) {
        throw std::runtime_error("expected IDX values of type 8, unsigned bytes, received type " +
                                 std::to_string(byte(2)));
    }
    const std::size_t axes = byte(3), start = 4 + 4 * axes;
    if (bytes.size() < start) throw std::runtime_error("the IDX file ends inside its header");
    StoredArray array{{}, Element::kUint8, bytes.substr(start)};
    for (std::size_t at = 4; at < start; at += 4) {
        array.shape.push_back(std::uint64_t{byte(at)} << 24 | std::uint64_t{byte(at + 1)} << 16 |
                              std::uint64_t{byte(at + 2)} << 8 | byte(at + 3));
    }
    const auto expected = product(array.shape);
    if (expected != array.values.size()) {
        throw std::runtime_error("the IDX file is damaged: expected " +
                                 (expected ? std::to_string(*expected) : "far more") +
                                 " values, received " + std::to_string(array.values.size()));
    }
    return array;
}

}  // namespace annconv
