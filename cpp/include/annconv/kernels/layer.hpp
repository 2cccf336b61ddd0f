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
#include "annconv/kernels/spikes.hpp"
#include "annconv/lanes.hpp"
#include "annconv/tile.hpp"

namespace annconv {

// The share of a team's thread in `count` pieces of work.
inline std::pair<int, int> share(const Team& team, int count) {
    return {count * team.index / team.count, count * (team.index + 1) / team.count};
}

// Neurons of one population. `Types` has Real, Shape, Source, Output (ByteOutput or BitOutput), and
// Neuron<Value> with its NeuronData: parameters and state of one vector of neurons, made from
// (data, place, channel); `step(number, arrived)` returns where it spiked, `save(data, place)`
// stores its state. A few vectors run side by side, as each has to wait for its own step before.
template <class Types>
class Layer {
    using Real = typename Types::Real;
    using Shape = typename Types::Shape;
    using Source = typename Types::Source;
    using Output = typename Types::Output;
    using Data = typename Types::NeuronData;
    template <class Value>
    using Neuron = typename Types::template Neuron<Value>;
    using Value = LanesOf<Real, Shape::kVectorBytes>;
    using Arrived = decltype(std::declval<Source>().template arrived<Value>(0, 0, 0, 0));
    static constexpr int kRows = Shape::kOut[1], kCols = Shape::kOut[2];
    static constexpr int kBlockChannels = Source::kBlockChannels;
    static constexpr int kVectors = kBlockChannels / Value::kLanes;
    static constexpr int kSideBySide = 4;

   public:
    // `resting`: of the first of vectors that run side by side, whether they were found at rest;
    // unused without kSkipsResting.
    Layer(Source source, Output output, bool* resting, const Data& data, const Tile<Real>& tile,
          LayerLaps laps)
        : source_(source),
          output_(output),
          resting_(resting),
          data_(data),
          tile_(tile),
          laps_(laps) {}

    // Layers of equal types share this code.
    __attribute__((noinline)) void run() {
        const auto [begin, end] = share(tile_.team, Source::kRowBlocks * source_.channel_blocks());
        for (int block = begin; block < end; ++block) {
            const int channel_block = block / Source::kRowBlocks;
            const int first = block % Source::kRowBlocks * Source::kBlockRows;
            source_.compute(block % Source::kRowBlocks, channel_block);
            laps_.summed();
            const int vectors = std::min(Source::kBlockRows, kRows - first) * kCols * kVectors;
            int vector = 0;
            for (; vector + kSideBySide <= vectors; vector += kSideBySide) {
                if constexpr (Shape::kSkipsResting != 0) {
                    bool& resting =
                        resting_[locate(channel_block, first, vector).place / Value::kLanes];
                    resting =
                        !reached(first, vector) && (resting || rest(channel_block, first, vector));
                    if (resting) continue;
                }
                run_vectors(channel_block, first, vector, std::make_index_sequence<kSideBySide>());
            }
            for (; vector < vectors; ++vector) run_vector(channel_block, first, vector);
            laps_.stepped();
        }
    }

   private:
    // Kept apart, as few vectors are left over.
    __attribute__((noinline)) void run_vector(int channel_block, int first_row, int vector) {
        run_vectors(channel_block, first_row, vector, std::make_index_sequence<1>());
    }

    struct Position {
        int row, col, lane, cell, place, channel;
    };

    // Vectors of a block are counted by rows, columns and channels.
    static ANNCONV_INLINE Position locate(int channel_block, int first_row, int vector) {
        const int cell = vector / kVectors, lane = vector % kVectors * Value::kLanes;
        const int at = first_row * kCols + cell;
        return {cell / kCols,
                cell % kCols,
                lane,
                at,
                (channel_block * kRows * kCols + at) * kBlockChannels + lane,
                channel_block * kBlockChannels + lane};
    }

    // Whether something arrives in this tile at the vectors side by side.
    bool reached(int first_row, int first_vector) const {
        for (int vector = first_vector; vector < first_vector + kSideBySide; ++vector) {
            const Position at = locate(0, first_row, vector);
            if (source_.reached(at.row, at.col)) return true;
        }
        return false;
    }

    // Whether a step without input leaves the vectors side by side silent and as they are: no step
    // then does anything until something arrives. The slots of all those steps are cleared.
    __attribute__((noinline)) bool rest(int channel_block, int first_row, int first_vector) {
        using Emitted = decltype(std::declval<Neuron<Value>&>().step(Value{}, Arrived{}));
        const Real number = static_cast<Real>(tile_.first);
        for (int vector = first_vector; vector < first_vector + kSideBySide; ++vector) {
            const Position at = locate(channel_block, first_row, vector);
            const Neuron<Value> before(data_, at.place, at.channel);
            Neuron<Value> after = before;
            if (!none(after.step(number, Arrived{})) || !after.equals(before)) return false;
        }
        for (int vector = first_vector; vector < first_vector + kSideBySide; ++vector) {
            const Position at = locate(channel_block, first_row, vector);
            for (int slot = 0; slot < Shape::kTileSteps; ++slot) {
                output_.template put<Shape::kChannelsOut>(slot, at.cell, at.channel, Emitted{});
            }
        }
        return true;
    }

    template <std::size_t... vectors>
    ANNCONV_INLINE void run_vectors(int channel_block, int first_row, int first_vector,
                                    std::index_sequence<vectors...>) {
        const std::array<Position, sizeof...(vectors)> at{
            locate(channel_block, first_row, first_vector + static_cast<int>(vectors))...};
        std::array<Neuron<Value>, sizeof...(vectors)> neurons{
            Neuron<Value>(data_, at[vectors].place, at[vectors].channel)...};
        // Copies, which no store to memory can change.
        const Source source = source_;
        const Output output = output_;
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
        (std::get<vectors>(neurons).save(data_, at[vectors].place), ...);
    }

    Source source_;
    Output output_;
    bool* resting_;
    const Data& data_;
    const Tile<Real>& tile_;
    LayerLaps laps_;
};

// Windows side by side, of kPool[0] rows and kPool[1] columns: the neurons under a window and the
// pooling neuron behind them run together. Neurons under no window are left out; the last windows
// of rows and columns may hang over the edge, and hold only the neurons that there are.
// `Types` has Pooling<Value> with its PoolingData besides what a Layer asks for.
template <class Types>
class PooledLayer {
    using Real = typename Types::Real;
    using Shape = typename Types::Shape;
    using Source = typename Types::Source;
    using Output = typename Types::Output;
    using Data = typename Types::NeuronData;
    using PoolingData = typename Types::PoolingData;
    template <class Value>
    using Neuron = typename Types::template Neuron<Value>;
    template <class Value>
    using Pooling = typename Types::template Pooling<Value>;
    using Value = LanesOf<Real, Shape::kVectorBytes>;
    using Arrived = decltype(std::declval<Source>().template arrived<Value>(0, 0, 0, 0));
    static constexpr int kRows = Shape::kOut[1], kCols = Shape::kOut[2];
    static constexpr int kHigh = Shape::kPool[0], kWide = Shape::kPool[1];
    // What the windows at the edge hold where they hang over it, 0 where none does.
    static constexpr int kHighAtEdge = kRows % kHigh, kWideAtEdge = kCols % kWide;
    static constexpr int kPoolRows = (kRows + kHigh - 1) / kHigh;
    static constexpr int kPoolCols = (kCols + kWide - 1) / kWide;
    static constexpr int kBlockChannels = Source::kBlockChannels;
    static_assert(Source::kBlockRows % kHigh == 0, "a block holds whole windows");

   public:
    // `resting`: of every vector of windows, whether it was found at rest; unused without
    // kSkipsResting.
    PooledLayer(Source source, Output output, bool* resting, const Data& data,
                const PoolingData& pooling_data, const Tile<Real>& tile, LayerLaps laps)
        : source_(source),
          output_(output),
          resting_(resting),
          data_(data),
          pooling_data_(pooling_data),
          tile_(tile),
          laps_(laps) {}

    // Layers of equal types share this code.
    __attribute__((noinline)) void run() {
        const auto [begin, end] = share(tile_.team, Source::kRowBlocks * source_.channel_blocks());
        for (int block = begin; block < end; ++block) {
            const int channel_block = block / Source::kRowBlocks;
            const int first = block % Source::kRowBlocks * Source::kBlockRows;
            source_.compute(block % Source::kRowBlocks, channel_block);
            laps_.summed();
            const int rows = std::min(Source::kBlockRows, kRows - first);
            int row = 0;
            for (; row + kHigh <= rows; row += kHigh) run_row<kHigh>(channel_block, first, row);
            if constexpr (kHighAtEdge != 0) {
                if (row < rows) run_row<kHighAtEdge>(channel_block, first, row);
            }
            laps_.stepped();
        }
    }

   private:
    // A vector of channels under a window of so many rows and columns: where its state lies.
    template <int high, int wide>
    struct Position {
        using Cells = std::make_index_sequence<high * wide>;
        static constexpr int kCells = high * wide;
        int channel_block, row, col, lane;

        static constexpr int row_of(int cell) { return cell / wide; }
        static constexpr int col_of(int cell) { return cell % wide; }

        int channel() const { return channel_block * kBlockChannels + lane; }
        int place(std::size_t cell) const {
            const int index = static_cast<int>(cell);
            const int at = (row + row_of(index)) * kCols + col + col_of(index);
            return (channel_block * kRows * kCols + at) * kBlockChannels + lane;
        }
        int pool_cell() const { return row / kHigh * kPoolCols + col / kWide; }
        int pool_place() const {
            return (channel_block * kPoolRows * kPoolCols + pool_cell()) * kBlockChannels + lane;
        }
    };

    template <std::size_t cells>
    using Neurons = std::array<Neuron<Value>, cells>;

    // All windows of a row of windows. `row` counts from the first row of the block.
    template <int high>
    ANNCONV_INLINE void run_row(int channel_block, int first, int row) {
        int col = 0;
        for (; col + kWide <= kCols; col += kWide) {
            run_windows<high, kWide>(channel_block, first, row, col);
        }
        if constexpr (kWideAtEdge != 0) {
            run_windows<high, kWideAtEdge>(channel_block, first, row, col);
        }
    }

    // All channels of a block under the window at a row and a column.
    template <int high, int wide>
    ANNCONV_INLINE void run_windows(int channel_block, int first, int row, int col) {
        for (int lane = 0; lane < kBlockChannels; lane += Value::kLanes) {
            const Position<high, wide> at{channel_block, first + row, col, lane};
            const typename Position<high, wide>::Cells cells;
            if constexpr (Shape::kSkipsResting != 0) {
                bool& resting = resting_[at.pool_place() / Value::kLanes];
                resting = !reached<high, wide>(row, col) && (resting || rest(at, cells));
                if (resting) continue;
            }
            run_window(at, row, cells);
        }
    }

    template <int high, int wide>
    bool reached(int row, int col) const {
        using At = Position<high, wide>;
        for (int cell = 0; cell < At::kCells; ++cell) {
            if (source_.reached(row + At::row_of(cell), col + At::col_of(cell))) return true;
        }
        return false;
    }

    // Whether a step without input leaves the neurons and the pooling neuron silent and as they
    // are: no step then does anything until something arrives. The slots of all those steps are
    // cleared.
    template <class At, std::size_t... cells>
    __attribute__((noinline)) bool rest(const At& at, std::index_sequence<cells...> all) {
        const Neurons<At::kCells> before{Neuron<Value>(data_, at.place(cells), at.channel())...};
        const Pooling<Value> pooling_before(pooling_data_, at.pool_place(), at.channel());
        Neurons<At::kCells> neurons = before;
        Pooling<Value> pooling = pooling_before;
        const auto nothing = [](std::size_t) { return Arrived{}; };
        const auto spiked = step(neurons, pooling, static_cast<Real>(tile_.first), nothing, all);
        if (!none(spiked) || !pooling.equals(pooling_before)) return false;
        if (!(std::get<cells>(neurons).equals(std::get<cells>(before)) && ...)) return false;
        for (int slot = 0; slot < Shape::kTileSteps; ++slot) {
            output_.template put<Shape::kChannelsOut>(slot, at.pool_cell(), at.channel(), spiked);
        }
        return true;
    }

    template <class At, std::size_t... cells>
    ANNCONV_INLINE void run_window(const At& at, int row, std::index_sequence<cells...> all) {
        Neurons<At::kCells> neurons{Neuron<Value>(data_, at.place(cells), at.channel())...};
        Pooling<Value> pooling(pooling_data_, at.pool_place(), at.channel());
        // Copies, which no store to memory can change.
        const Source source = source_;
        const Output output = output_;
        const int pool_cell = at.pool_cell(), channel = at.channel();
        const int first_step = tile_.first, steps = tile_.steps;
        for (int slot = 0; slot < steps; ++slot) {
            const auto arrived = [&](std::size_t cell) __attribute__((always_inline)) {
                const int index = static_cast<int>(cell);
                return source.template arrived<Value>(slot, row + At::row_of(index),
                                                      at.col + At::col_of(index), at.lane);
            };
            const auto spiked =
                step(neurons, pooling, static_cast<Real>(first_step + slot), arrived, all);
            output.template put<Shape::kChannelsOut>(slot, pool_cell, channel, spiked);
        }
        (std::get<cells>(neurons).save(data_, at.place(cells)), ...);
        pooling.save(pooling_data_, at.pool_place());
    }

    // One step of the neurons under a window and of the pooling neuron; returns where it spiked.
    template <class Window, class Arrived, std::size_t... cells>
    static ANNCONV_INLINE auto step(Window& neurons, Pooling<Value>& pooling, Real number,
                                    const Arrived& arrived, std::index_sequence<cells...>) {
        const auto pool = [&]() __attribute__((always_inline)) {
            return pooling.step(number, largest(std::get<cells>(neurons).pooled()...));
        };
        if constexpr (Shape::kPoolDelay != 0) {
            const auto spiked = pool();
            (std::get<cells>(neurons).step(number, arrived(cells)), ...);
            return spiked;
        } else {
            (std::get<cells>(neurons).step(number, arrived(cells)), ...);
            return pool();
        }
    }

    template <class... Values>
    static ANNCONV_INLINE Value largest(Value first, Values... others) {
        ((first = select(first < others, others, first)), ...);
        return first;
    }

    Source source_;
    Output output_;
    bool* resting_;
    const Data& data_;
    const PoolingData& pooling_data_;
    const Tile<Real>& tile_;
    LayerLaps laps_;
};

}  // namespace annconv
