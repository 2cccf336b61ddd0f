// Sums of weights of spikes that may be -1: those of either sign are added up by themselves.
#pragma once

#include <cstddef>

#include "annconv/kernels/sources.hpp"
#include "annconv/kernels/spikes.hpp"
#include "annconv/lanes.hpp"

namespace annconv {

template <class Source>
class SignedSource {
   public:
    static constexpr int kBlockRows = Source::kBlockRows, kRowBlocks = Source::kRowBlocks;
    static constexpr int kBlockChannels = Source::kBlockChannels;
    static constexpr int channel_blocks() { return Source::channel_blocks(); }
    static constexpr std::size_t kScratchBytes = 2 * aligned_size(Source::kScratchBytes);

    template <class Weight>
    SignedSource(const ByteSlots& spikes, const Weight* weights, int steps, std::byte* scratch)
        : positive_(SpikeSlots<BytesOfSign<1>>{spikes.spikes, spikes.length}, weights, steps,
                    scratch),
          negative_(SpikeSlots<BytesOfSign<-1>>{spikes.spikes, spikes.length}, weights, steps,
                    scratch + aligned_size(Source::kScratchBytes)) {}

    void compute(int row_block, int channel_block) {
        positive_.compute(row_block, channel_block);
        negative_.compute(row_block, channel_block);
    }

    // Whether a spike reaches the neurons of a cell in this tile.
    bool reached(int row, int col) const {
        return positive_.reached(row, col) || negative_.reached(row, col);
    }

    template <class Value>
    ANNCONV_INLINE Value arrived(int slot, int row, int col, int channel) const {
        return positive_.template arrived<Value>(slot, row, col, channel) -
               negative_.template arrived<Value>(slot, row, col, channel);
    }

   private:
    Source positive_, negative_;
};

}  // namespace annconv
