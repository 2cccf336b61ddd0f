// Spikes as they are: each neuron receives those of the neuron at its own place.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "annconv/kernels/shape_blocks.hpp"
#include "annconv/kernels/spikes.hpp"
#include "annconv/lanes.hpp"

namespace annconv {

// `Slots` hold a plane of kIn rows and columns, of which the layer computes kOut.
template <class Shape, class Slots>
class ElementSource : public ShapeBlocks<Shape> {
   public:
    using ShapeBlocks<Shape>::kBlockRows, ShapeBlocks<Shape>::kBlockChannels;
    using ShapeBlocks<Shape>::kRowBlocks, ShapeBlocks<Shape>::channel_blocks;
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
                const int count = std::min(64, Shape::kChannelsOut - channel);
                std::uint64_t spiked = 0;
                spikes_.at(slot).pack(place(row, col) + channel, count, &spiked);
                if (spiked != 0) return true;
            }
        }
        return false;
    }

    // `row` and `channel` count from the start of the block.
    template <class Value>
    ANNCONV_INLINE Value arrived(int slot, int row, int col, int channel) const {
        const int first = first_channel_ + channel;
        const int count = std::min(Value::kLanes, Shape::kChannelsOut - first);
        if (count <= 0) return Value(typename Value::Number{0});
        return spikes_.at(slot).template numbers<Value>(place(row, col) + first, count);
    }

   private:
    // Where the channels of a cell begin.
    int place(int row, int col) const {
        return ((first_row_ + row) * Shape::kIn[2] + col) * Shape::kChannelsOut;
    }

    Slots spikes_;
    int steps_;
    int first_row_ = 0, first_channel_ = 0;
};

}  // namespace annconv
