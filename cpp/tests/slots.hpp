// Spikes of a few steps as layers find them.
#pragma once

#include <cstdint>
#include <vector>

#include "annconv/kernels/spikes.hpp"

// Hands slots of spikes to `check`, as bytes and as bits.
template <class Check>
void for_bytes_and_bits(const std::vector<std::int8_t>& spikes, int length, const Check& check) {
    check(annconv::ByteSlots{spikes.data(), length});
    const int bytes = (length + 7) / 8 + annconv::BitSpikes::kSlack;
    std::vector<std::uint8_t> bits(spikes.size() / static_cast<std::size_t>(length) *
                                   static_cast<std::size_t>(bytes));
    for (int index = 0; index < static_cast<int>(spikes.size()); ++index) {
        const int byte = index / length * bytes + index % length / 8;
        bits[static_cast<std::size_t>(byte)] = static_cast<std::uint8_t>(
            bits[static_cast<std::size_t>(byte)] | spikes[static_cast<std::size_t>(index)]
                                                       << index % length % 8);
    }
    check(annconv::BitSlots{bits.data(), bytes});
}
