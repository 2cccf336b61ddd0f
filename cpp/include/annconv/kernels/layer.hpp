// A population, and a pooling population behind it if there is one, over a tile of steps: what
// arrives is computed block by block, and the state of a vector of neurons stays in registers while
// all steps of the tile run.
//
// State is laid out as (channel blocks, rows, columns, channels of a block), padded to whole
// blocks.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "annconv/kernels/sources.hpp"
#include "annconv/lanes.hpp"
#include "annconv/tile.hpp"

namespace annconv {

// Spikes that a layer writes: slots of `length` bytes, one per neuron.
struct SpikeOutput {
    std::int8_t* spikes;
    std::ptrdiff_t length;

    // Writes where a vector of neurons spiked; padding lanes beyond `channels` are left out.
    template <int channels, class Real, int lanes>
    ANNCONV_INLINE void put(int slot, int cell, int channel, Mask<Real, lanes> spiked) const {
        std::int8_t* target = spikes + slot * length + std::ptrdiff_t{cell} * channels + channel;
        if (channels % lanes == 0 || channel + lanes <= channels) {
            if (channel < channels) store_spikes(spiked, lanes, target);
        } else if (channel < channels) {
            store_spikes(spiked, channels - channel, target);
        }
    }
};

// The share of a team's thread in `count` pieces of work.
inline std::pair<int, int> share(const Team& team, int count) {
    return {count * team.index / team.count, count * (team.index + 1) / team.count};
}

// Neurons of one population. `Neuron<real>` holds parameters and state of one vector of neurons:
// made from (weights, arena, place, channel), `step(number, arrived)` returns where it spiked,
// `save`. A few vectors run side by side, as each has to wait for its own step before.
template <class Shape, template <class> class Neuron, class Source, class Weights, class Arena,
          class Real>
class Layer {
    using Value = LanesOf<Real, Shape::kVectorBytes>;
    static constexpr int kRows = Shape::kOut[1], kCols = Shape::kOut[2];
    static constexpr int kBlockChannels = Source::kBlockChannels;
    static constexpr int kVectors = kBlockChannels / Value::kLanes;
    static constexpr int kSideBySide = 4;

   public:
    Layer(Source source, SpikeOutput output, const Weights& weights, Arena& arena,
          const Tile<Real>& tile)
        : source_(source), output_(output), weights_(weights), arena_(arena), tile_(tile) {}

    void run() {
        const auto [begin, end] = share(tile_.team, Source::kRowBlocks * source_.channel_blocks());
        for (int block = begin; block < end; ++block) {
            const int channel_block = block / Source::kRowBlocks;
            const int first = block % Source::kRowBlocks * Source::kBlockRows;
            source_.compute(block % Source::kRowBlocks, channel_block);
            const int vectors = std::min(Source::kBlockRows, kRows - first) * kCols * kVectors;
            int vector = 0;
            for (; vector + kSideBySide <= vectors; vector += kSideBySide) {
                run_vectors(channel_block, first, vector, std::make_index_sequence<kSideBySide>());
            }
            for (; vector < vectors; ++vector) run_vector(channel_block, first, vector);
        }
    }

   private:
    // Kept apart, as few vectors are left over.
    __attribute__((noinline)) void run_vector(int channel_block, int first_row, int vector) {
        run_vectors(channel_block, first_row, vector, std::make_index_sequence<1>());
    }

    // Vectors of a block are counted by rows, columns and channels.
    template <std::size_t... vectors>
    ANNCONV_INLINE void run_vectors(int channel_block, int first_row, int first_vector,
                                    std::index_sequence<vectors...>) {
        struct Position {
            int row, col, lane, cell, place, channel;
        };
        const auto locate = [&](int vector) -> Position {
            const int cell = vector / kVectors, lane = vector % kVectors * Value::kLanes;
            const int at = first_row * kCols + cell;
            return {cell / kCols,
                    cell % kCols,
                    lane,
                    at,
                    (channel_block * kRows * kCols + at) * kBlockChannels + lane,
                    channel_block * kBlockChannels + lane};
        };
        const std::array<Position, sizeof...(vectors)> at{
            locate(first_vector + static_cast<int>(vectors))...};
        std::array<Neuron<Value>, sizeof...(vectors)> neurons{
            Neuron<Value>(weights_, arena_, at[vectors].place, at[vectors].channel)...};
        // Copies, which no store to memory can change.
        const Source source = source_;
        const SpikeOutput output = output_;
        const int first_step = tile_.first, steps = tile_.steps;
        for (int slot = 0; slot < steps; ++slot) {
            const Real number = static_cast<Real>(first_step + slot);
            (output.template put<Shape::kChannelsOut>(
                 slot, at[vectors].cell, at[vectors].channel,
                 std::get<vectors>(neurons).step(
                     number, source.template arrived<Value>(slot, at[vectors].row, at[vectors].col,
                                                            at[vectors].lane))),
             ...);
        }
        (std::get<vectors>(neurons).save(arena_, at[vectors].place), ...);
    }

    Source source_;
    SpikeOutput output_;
    const Weights& weights_;
    Arena& arena_;
    const Tile<Real>& tile_;
};

// Windows that do not overlap, of kPool[0] rows and kPool[1] columns: the neurons under a window
// and the pooling neuron behind them run together. Neurons under no window are left out.
template <class Shape, template <class> class Neuron, template <class> class Pooling, class Source,
          class Weights, class Arena, class Real>
class PooledLayer {
    using Value = LanesOf<Real, Shape::kVectorBytes>;
    static constexpr int kRows = Shape::kOut[1], kCols = Shape::kOut[2];
    static constexpr int kHigh = Shape::kPool[0], kWide = Shape::kPool[1];
    static constexpr int kPoolRows = kRows / kHigh, kPoolCols = kCols / kWide;
    static constexpr int kBlockChannels = Source::kBlockChannels;
    static_assert(kRows % kHigh == 0 && kCols % kWide == 0, "windows cover the computed neurons");
    static_assert(Source::kBlockRows % kHigh == 0, "a block holds whole windows");

   public:
    PooledLayer(Source source, SpikeOutput output, const Weights& weights, Arena& arena,
                const Tile<Real>& tile)
        : source_(source), output_(output), weights_(weights), arena_(arena), tile_(tile) {}

    void run() {
        const auto [begin, end] = share(tile_.team, Source::kRowBlocks * source_.channel_blocks());
        for (int block = begin; block < end; ++block) {
            const int channel_block = block / Source::kRowBlocks;
            const int first = block % Source::kRowBlocks * Source::kBlockRows;
            source_.compute(block % Source::kRowBlocks, channel_block);
            const int rows = std::min(Source::kBlockRows, kRows - first);
            for (int row = 0; row < rows; row += kHigh) {
                for (int col = 0; col < kCols; col += kWide) {
                    for (int lane = 0; lane < kBlockChannels; lane += Value::kLanes) {
                        run_window(channel_block, first, row, col, lane,
                                   std::make_index_sequence<kHigh * kWide>());
                    }
                }
            }
        }
    }

   private:
    template <std::size_t... cells>
    ANNCONV_INLINE void run_window(int channel_block, int first, int row, int col, int lane,
                                   std::index_sequence<cells...>) {
        const int channel = channel_block * kBlockChannels + lane;
        const int pool_cell = (first + row) / kHigh * kPoolCols + col / kWide;
        const int pool_place =
            (channel_block * kPoolRows * kPoolCols + pool_cell) * kBlockChannels + lane;
        const auto place = [&](int cell) {
            const int at = (first + row + cell / kWide) * kCols + col + cell % kWide;
            return (channel_block * kRows * kCols + at) * kBlockChannels + lane;
        };
        std::array<Neuron<Value>, sizeof...(cells)> neurons{
            Neuron<Value>(weights_, arena_, place(static_cast<int>(cells)), channel)...};
        Pooling<Value> pooling(weights_, arena_, pool_place, channel);
        // Copies, which no store to memory can change.
        const Source source = source_;
        const SpikeOutput output = output_;
        const int first_step = tile_.first, steps = tile_.steps;
        for (int slot = 0; slot < steps; ++slot) {
            const Real number = static_cast<Real>(first_step + slot);
            if constexpr (Shape::kPoolDelay != 0) {
                step_pooling(pooling, output, slot, number, pool_cell, channel,
                             std::get<cells>(neurons)...);
            }
            (std::get<cells>(neurons).step(
                 number,
                 source.template arrived<Value>(slot, row + static_cast<int>(cells) / kWide,
                                                col + static_cast<int>(cells) % kWide, lane)),
             ...);
            if constexpr (Shape::kPoolDelay == 0) {
                step_pooling(pooling, output, slot, number, pool_cell, channel,
                             std::get<cells>(neurons)...);
            }
        }
        (std::get<cells>(neurons).save(arena_, place(static_cast<int>(cells))), ...);
        pooling.save(arena_, pool_place);
    }

    template <class... Neurons>
    static ANNCONV_INLINE void step_pooling(Pooling<Value>& pooling, const SpikeOutput& output,
                                            int slot, Real number, int cell, int channel,
                                            const Neurons&... neurons) {
        const auto spiked = pooling.step(number, largest(neurons.pooled()...));
        output.template put<Shape::kChannelsOut>(slot, cell, channel, spiked);
    }

    template <class... Values>
    static ANNCONV_INLINE Value largest(Value first, Values... others) {
        ((first = select(first < others, others, first)), ...);
        return first;
    }

    Source source_;
    SpikeOutput output_;
    const Weights& weights_;
    Arena& arena_;
    const Tile<Real>& tile_;
};

#undef ANNCONV_INLINE

}  // namespace annconv
