// What several projections bring to the same neurons: each has a source of its own, and all are
// computed for one block of neurons after the other.
#pragma once

#include <array>
#include <cstddef>
#include <tuple>
#include <utility>

#include "annconv/kernels/sources.hpp"
#include "annconv/lanes.hpp"

namespace annconv {

template <class First, class... Others>
class JointSource {
   public:
    static constexpr int kBlockRows = First::kBlockRows, kRowBlocks = First::kRowBlocks;
    static constexpr int kBlockChannels = First::kBlockChannels;
    static_assert(((Others::kBlockRows == kBlockRows) && ...) &&
                      ((Others::kBlockChannels == kBlockChannels) && ...),
                  "all sources compute the same blocks");
    static constexpr int channel_blocks() { return First::channel_blocks(); }

    // Where the scratch memory of a source begins.
    static constexpr std::size_t scratch_of(std::size_t index) {
        constexpr std::size_t kBytes[] = {aligned_size(First::kScratchBytes),
                                          aligned_size(Others::kScratchBytes)...};
        std::size_t start = 0;
        for (std::size_t before = 0; before < index; ++before) start += kBytes[before];
        return start;
    }
    static constexpr std::size_t kScratchBytes = scratch_of(1 + sizeof...(Others));

    explicit JointSource(const First& first, const Others&... others)
        : sources_(first, others...) {}

    void compute(int row_block, int channel_block) {
        std::apply([&](auto&... source) { (source.compute(row_block, channel_block), ...); },
                   sources_);
    }

    // Whether a spike reaches the neurons of a cell in this tile.
    bool reached(int row, int col) const {
        return std::apply([&](const auto&... source) { return (source.reached(row, col) || ...); },
                          sources_);
    }

    // What each projection brings; `row` and `channel` count from the start of the block.
    template <class Value>
    ANNCONV_INLINE std::array<Value, 1 + sizeof...(Others)> arrived(int slot, int row, int col,
                                                                    int channel) const {
        return arrived_at<Value>(slot, row, col, channel,
                                 std::make_index_sequence<1 + sizeof...(Others)>());
    }

   private:
    template <class Value, std::size_t... index>
    ANNCONV_INLINE std::array<Value, sizeof...(index)> arrived_at(
        int slot, int row, int col, int channel, std::index_sequence<index...>) const {
        return {std::get<index>(sources_).template arrived<Value>(slot, row, col, channel)...};
    }

    std::tuple<First, Others...> sources_;
};

}  // namespace annconv
