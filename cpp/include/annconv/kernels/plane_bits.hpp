// Planes of spikes as bits, so that a scan meets only those that there are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "annconv/kernels/spikes.hpp"

namespace annconv {

// The smallest word that holds the channels of a cell, 64 at most.
template <int channels>
using SpikeWord = std::conditional_t<
    channels <= 8, std::uint8_t,
    std::conditional_t<channels <= 16, std::uint16_t,
                       std::conditional_t<channels <= 32, std::uint32_t, std::uint64_t>>>;

// Bits of the input planes of a tile of steps, padded to the rows and columns that windows cover,
// so that no border needs a test. Lives in scratch memory.
template <class Shape>
struct PlaneBits {
    static constexpr int kChannels = Shape::kChannelsIn;
    using Word = SpikeWord<kChannels>;
    static constexpr int kWords = (kChannels + 63) / 64;
    // Inputs along an axis under the windows of some outputs.
    static constexpr int span(int axis, int outputs) {
        return (outputs - 1) * Shape::kStride[axis] +
               (Shape::kSize[axis] - 1) * Shape::kDilation[axis] + 1;
    }
    static constexpr int kRows = span(1, Shape::kOut[1]), kCols = span(2, Shape::kOut[2]);

    Word words[Shape::kTileSteps][kRows][kCols][kWords];
    Word any_step[kRows][kCols][kWords];  // the same for the spikes of all steps together

    // Takes the spikes of the first `steps` slots.
    template <class Spikes>
    void pack(const SpikeSlots<Spikes>& spikes, int steps) {
        std::memset(any_step, 0, sizeof any_step);
        for (int slot = 0; slot < steps; ++slot) {
            pack_slot(spikes.at(slot), slot);
            const Word* packed = words[slot][0][0];
            Word* all = any_step[0][0];
            for (int word = 0; word < kRows * kCols * kWords; ++word) all[word] |= packed[word];
        }
        for (int row = 0; row < kRows; ++row) {
            used_[row] = 0;
            for (int col = 0; col < std::min(kCols, 64); ++col) {
                used_[row] |= std::uint64_t{spiked(row, col)} << col;
            }
        }
    }

    // Whether a cell, counted with its padding, spiked in any step.
    bool spiked(int row, int col) const {
        Word found = 0;
        for (int word = 0; word < kWords; ++word) found |= any_step[row][col][word];
        return found != 0;
    }

    // Which of 64 columns from `col` on, in `high` rows from `row` on, hold a spike of any step;
    // all of them in planes of more than 64 columns.
    std::uint64_t used_columns(int row, int high, int col) const {
        std::uint64_t found = 0;
        for (int below = 0; below < high; ++below) found |= used_[row + below];
        return kCols <= 64 ? found >> col : ~std::uint64_t{0};
    }

   private:
    // Channels that are among the 64 bits from any byte on, wherever in the byte they start.
    static constexpr int kFewChannels = 57;
    static constexpr std::uint64_t kCellMask =
        ~std::uint64_t{0} >> (64 - std::min(kChannels, kFewChannels));

    std::uint64_t used_[kRows];

    template <class Spikes>
    void pack_slot(const Spikes& spikes, int slot) {
        std::memset(words[slot], 0, sizeof words[slot]);
        constexpr int kReadRows = std::min(Shape::kIn[1], kRows - Shape::kPad[1]);
        constexpr int kReadCols = std::min(Shape::kIn[2], kCols - Shape::kPad[2]);
        for (int row = 0; row < kReadRows; ++row) {
            const int first = row * Shape::kIn[2] * kChannels;
            auto* packed = words[slot][row + Shape::kPad[1]] + Shape::kPad[2];
            if constexpr (kChannels == 8 * sizeof(Word) * kWords) {  // cells fill their words
                spikes.pack(first, kReadCols * kChannels, packed[0]);
            } else if constexpr (kChannels <= kFewChannels) {  // the row first, then its cells
                std::uint64_t row_bits[(kReadCols * kChannels + 63) / 64 + 1] = {};
                spikes.pack(first, kReadCols * kChannels, row_bits);
                const auto* bytes = reinterpret_cast<const std::byte*>(row_bits);
                for (int col = 0; col < kReadCols; ++col) {
                    std::uint64_t some;
                    std::memcpy(&some, bytes + col * kChannels / 8, sizeof some);
                    packed[col][0] = static_cast<Word>(some >> col * kChannels % 8 & kCellMask);
                }
            } else {
                for (int col = 0; col < kReadCols; ++col) {
                    spikes.pack(first + col * kChannels, kChannels, packed[col]);
                }
            }
        }
    }
};

}  // namespace annconv
