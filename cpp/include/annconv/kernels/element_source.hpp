// Spikes as they are: each neuron receives those of the neuron at its own place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "annconv/kernels/spikes.hpp"
#include "annconv/lanes.hpp"

namespace annconv {

// `Slots` hold a plane of kIn rows and columns, of which the layer computes kOut.
template <class Shape, class Slots>
class ElementSource {
   public:
    static constexpr int kBlockRows = Shape::kBlockRows;
    static constexpr int kBlockChannels = Shape::kTileChannels;
    static constexpr int kRowBlocks = (Shape::kOut[1] + kBlockRows - 1) / kBlockRows;
    static constexpr int channel_blocks() {
        return (Shape::kChannelsOut + kBlockChannels - 1) / kBlockChannels;
    }
    static constexpr std::size_t kScratchBytes = 0;

    ElementSource(const Slots& spikes, int steps, std::byte*) : spikes_(spikes), steps_(steps) {}

    void compute(int row_block, int channel_block) {
        first_row_ = row_block * kBlockRows;
        first_channel_ = channel_block * kBlockChannels;
    }

    // Whether a spike reaches the neurons of a cell in this tile.
    bool reached(int row, int col) const {
        for (int slot = 0; slot < steps_; ++slot) {
            for (int channel = 0; channel < Shape::kChannelsOut; channel += 64) {
                if (bits(slot, row, col, channel, 64) != 0) return true;
            }
        }
        return false;
    }

    // `row` and `channel` count from the start of the block.
    template <class Value>
    ANNCONV_INLINE Value arrived(int slot, int row, int col, int channel) const {
        using Word = typename Value::Truth::Word;
        using Words = typename Value::Truth::Vector;
        const std::uint64_t spiked = bits(slot, row, col, first_channel_ + channel, Value::kLanes);
        Words lane;
        for (int place = 0; place < Value::kLanes; ++place) lane[place] = place;
        const Words ones = ((Words{} + static_cast<Word>(spiked)) >> lane) & 1;
        return Value(__builtin_convertvector(ones, typename Value::Vector));
    }

   private:
    // Which of up to `most` channels of a cell spiked in a step.
    ANNCONV_INLINE std::uint64_t bits(int slot, int row, int col, int channel, int most) const {
        const int cell = (first_row_ + row) * Shape::kIn[2] + col;
        const int count = std::min(most, Shape::kChannelsOut - channel);
        std::uint64_t spiked = 0;
        if (count > 0) spikes_.at(slot).pack(cell * Shape::kChannelsOut + channel, count, &spiked);
        return spiked;
    }

    Slots spikes_;
    int steps_;
    int first_row_ = 0, first_channel_ = 0;
};

}  // namespace annconv
