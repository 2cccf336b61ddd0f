// The packed data of a network: a header of fixed size, then the image of its Weights struct.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "annconv/table.hpp"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "annconv's packed data are little-endian, and so must the processor be"
#endif

namespace annconv {

constexpr std::size_t kAlignment = 64;

// All fields little-endian. annconv/plan/packing.py writes the same layout.
struct WeightsHeader {
    std::array<char, 8> magic;
    std::uint32_t version;
    std::uint32_t checksum;  // CRC-32 of the payload
    std::uint64_t length;    // of the payload in bytes
    std::array<char, 64> digest;
    std::array<char, 40> unused;  // zeros, so that the payload of a mapped file is aligned
};
static_assert(sizeof(WeightsHeader) == 2 * kAlignment);

constexpr std::array<char, 8> kWeightsMagic = {'a', 'n', 'n', 'c', 'o', 'n', 'v', '\0'};
constexpr std::uint32_t kWeightsVersion = 2;

// CRC-32 as zlib computes it.
inline std::uint32_t crc32(std::string_view bytes) {
    constexpr std::uint32_t kPolynomial = 0xEDB88320;
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t entry = 0; entry < table.size(); ++entry) {
        std::uint32_t value = entry;
        for (int bit = 0; bit < 8; ++bit) value = value & 1 ? value >> 1 ^ kPolynomial : value >> 1;
        table[entry] = value;
    }
    std::uint32_t crc = 0xFFFFFFFF;
    for (const char byte : bytes) {
        crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF] ^ crc >> 8;
    }
    return ~crc;
}

struct FreeAligned {
    void operator()(void* memory) const { ::operator delete(memory, std::align_val_t{kAlignment}); }
};
using AlignedMemory = std::unique_ptr<void, FreeAligned>;

inline AlignedMemory allocate_aligned(std::size_t bytes) {
    return AlignedMemory(::operator new(bytes, std::align_val_t{kAlignment}));
}

// Checks packed data against the network they are for and returns the payload in them. `Table` is a
// NetworkTable or has its `digest` and `weights_bytes`.
// Throws std::runtime_error that says what was expected and what was received.
template <class Table>
std::string_view check_weights(std::string_view bytes, const Table& network) {
    const auto refuse = [](const std::string& what) {
        throw std::runtime_error("packed weights: " + what);
    };
    WeightsHeader header;
    if (bytes.size() < sizeof header) {
        refuse("expected at least " + std::to_string(sizeof header) + " bytes, received " +
               std::to_string(bytes.size()));
    }
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.magic != kWeightsMagic)
        refuse("expected a weight file of annconv, received something else");
    if (header.version != kWeightsVersion) {
        refuse("expected format version " + std::to_string(kWeightsVersion) + ", received " +
               std::to_string(header.version));
    }
    const std::string_view payload = bytes.substr(sizeof header);
    for (const std::uint64_t expected : {header.length, network.weights_bytes}) {
        if (expected != payload.size()) {
            refuse("expected " + std::to_string(expected) + " bytes of data, received " +
                   std::to_string(payload.size()));
        }
    }
    if (std::string_view(header.digest.data(), header.digest.size()) != network.digest) {
        refuse("expected data for the structure " + std::string(network.digest) +
               ", received data for another one");
    }
    for (const char unused : header.unused) {
        if (unused != 0) refuse("damaged: expected zeros behind the header, received others");
    }
    const std::uint32_t checksum = crc32(payload);
    if (checksum != header.checksum) {
        refuse("damaged: expected checksum " + std::to_string(header.checksum) + ", received " +
               std::to_string(checksum));
    }
    return payload;
}

// The payload of packed data, in aligned memory. Throws as `check_weights`.
template <class Table>
AlignedMemory load_weights(std::string_view bytes, const Table& network) {
    const std::string_view payload = check_weights(bytes, network);
    AlignedMemory memory = allocate_aligned(payload.size());
    std::memcpy(memory.get(), payload.data(), payload.size());
    return memory;
}

}  // namespace annconv
