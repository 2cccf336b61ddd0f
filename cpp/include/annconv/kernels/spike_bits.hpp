// Spikes as bits, so that a scan meets only those that there are.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace annconv {

// The smallest word that holds the channels of a cell, 64 at most.
template <int channels>
using SpikeWord = std::conditional_t<
    channels <= 8, std::uint8_t,
    std::conditional_t<channels <= 16, std::uint16_t,
                       std::conditional_t<channels <= 32, std::uint32_t, std::uint64_t>>>;

// Eight bytes, each 0 or 1, as bits.
__attribute__((always_inline)) inline std::uint64_t gather_bits(std::uint64_t bytes) {
    constexpr std::uint64_t kLowBits = 0x0101010101010101, kGather = 0x0102040810204080;
    return (bytes & kLowBits) * kGather >> 56;
}

// Sets the bits of `count` bytes in cleared words, bit i of a word for byte i.
template <class Word>
__attribute__((always_inline)) inline void pack_spikes(const std::int8_t* spikes, int count,
                                                       Word* words) {
    constexpr int kBits = 8 * static_cast<int>(sizeof(Word));
    std::uint64_t bytes = 0;
    int first = 0;
    for (; first + 8 <= count; first += 8) {
        std::memcpy(&bytes, spikes + first, sizeof bytes);
        words[first / kBits] |= static_cast<Word>(gather_bits(bytes) << first % kBits);
    }
    if (first < count) {
        bytes = 0;
        std::memcpy(&bytes, spikes + first, static_cast<std::size_t>(count - first));
        words[first / kBits] |= static_cast<Word>(gather_bits(bytes) << first % kBits);
    }
}

// Bits of the input planes of a tile of steps, rows padded to the columns that windows cover, so
// that no border needs a test. Lives in scratch memory.
template <class Shape>
struct PlaneBits {
    static constexpr int kChannels = Shape::kChannelsIn;
    using Word = SpikeWord<kChannels>;
    static constexpr int kWords = (kChannels + 63) / 64;
    static constexpr int kCols =
        (Shape::kOut[2] - 1) * Shape::kStride[2] + (Shape::kSize[2] - 1) * Shape::kDilation[2] + 1;

    Word words[Shape::kTileSteps][Shape::kIn[1]][kCols][kWords];

    // Whether a cell, counted with its padding, spiked in any of the first `steps` slots.
    bool any(int steps, int row, int col) const {
        Word found = 0;
        for (int slot = 0; slot < steps; ++slot) {
            for (int word = 0; word < kWords; ++word) found |= words[slot][row][col][word];
        }
        return found != 0;
    }

    void pack(const std::int8_t* spikes, int slot) {
        std::memset(words[slot], 0, sizeof words[slot]);
        for (int row = 0; row < Shape::kIn[1]; ++row) {
            for (int col = 0; col < Shape::kIn[2]; ++col) {
                const int padded = col + Shape::kPad[2];
                if (padded >= kCols) break;
                const int cell = row * Shape::kIn[2] + col;
                pack_spikes(spikes + cell * kChannels, kChannels, words[slot][row][padded]);
            }
        }
    }
};

}  // namespace annconv
