// A spiking network of 4 populations, 59 neurons, double precision
#include "network.hpp"

#include <algorithm>

#include "annconv/table.hpp"

namespace network {
namespace {

// What runs of this network need to know of it.
struct Network {
    using Real = real;
    using Arena = network::Arena;
    using Weights = network::Weights;

    static constexpr int kInputs = 16;
    static constexpr int kOutputs = 3;
    static constexpr int kTile = 8;  // steps
    static constexpr int kPopulations = 4;
    static constexpr int kSizes[] = {16, 32, 8, 3};
    // Blocks of sums in the layer that has most: so many threads find work in one sample.
    static constexpr int kBlocks = 2;

    // The state in which every sample starts.
    static void reset(const Weights& weights, Arena& arena) {
        annconv::clear(arena.image_spikes[0]);
        annconv::clear(arena.conv_trace_exc);
        annconv::clear(arena.pool_spikes[0]);
        annconv::clear(arena.classes_spikes[0]);
        annconv::clear(arena.classes_g_exc);
        annconv::clear(arena.readout_counts);
        annconv::clear(arena.layer_conv_resting);
        annconv::spread<16, 1>(weights.image_v_initial, arena.image_v);
        annconv::spread<16, 1>(weights.image_u_initial, arena.image_u);
        annconv::spread<64, 1>(weights.conv_v_initial, arena.conv_v);
        annconv::spread<64, 1>(weights.conv_mask_initial, arena.conv_mask);
        annconv::spread<16, 1>(weights.pool_v_initial, arena.pool_v);
        annconv::spread<3, 1>(weights.classes_v_initial, arena.classes_v);
    }

    // Scratch memory that a thread needs.
    static std::size_t scratch_bytes() {
        std::size_t bytes = 0;
        bytes = std::max(bytes, layer_image_scratch());
        bytes = std::max(bytes, layer_conv_scratch());
        return bytes;
    }

    // Runs a tile of steps, fewer if the read-out needs no further one; returns how many.
    static std::int32_t advance(const Weights& weights, Arena& arena, const Tile& tile) {
        annconv::Laps laps(tile.seconds);
        layer_image(weights, arena, tile, {laps, 0, 0});
        tile.team.sync();
        laps.done(0);
        layer_conv(weights, arena, tile, {laps, 1, 1});
        tile.team.sync();
        laps.done(1);
        if (tile.team.leads()) {
            arena.executed = tile.steps;
            for (std::int32_t slot = 0; slot < tile.steps; ++slot) {
                const Step step = tile.step(slot);
                apply_dense_proj_4(weights, arena, step);
                update_classes(weights, arena, step);
                count(arena, step);
                if (stopped(weights, arena)) {
                    arena.executed = slot + 1;
                    break;
                }
            }
        }
        tile.team.sync();
        laps.done(2);
        if (tile.team.leads()) {
            annconv::carry_over(arena.classes_spikes, tile.steps);
            annconv::carry_over(arena.image_spikes, tile.steps);
            annconv::carry_over(arena.pool_spikes, tile.steps);
        }
        return arena.executed;
    }

    // What a population emitted in a step of the last tile.
    static annconv::EmittedSpikes spikes(const Weights&, const Arena& arena, int population, [[maybe_unused]] std::int32_t slot) {
        switch (population) {
            case 0:  // image
                return arena.image_spikes[slot + 1];
            case 2:  // pool
                return arena.pool_spikes[slot + 1];
            case 3:  // classes
                return arena.classes_spikes[slot + 1];
            default:
                return {};
        }
    }

    static void count(Arena& arena, [[maybe_unused]] const Step& step) {
        for (int neuron = 0; neuron < kOutputs; ++neuron) {
            arena.readout_counts[neuron] += arena.classes_spikes[step.slot + 1][neuron];
        }
    }

    // Whether the read-out needs no further step.
    static bool stopped(const Weights&, const Arena& arena) {
        for (int neuron = 0; neuron < kOutputs; ++neuron) {
            const real count = static_cast<real>(arena.readout_counts[neuron]);
            if (count >= real(1.0)) return true;
        }
        return false;
    }

    static void read_out(const Weights&, const Arena& arena, std::int32_t* counts, double* outputs) {
        for (int neuron = 0; neuron < kOutputs; ++neuron) {
            const real count = static_cast<real>(arena.readout_counts[neuron]);
            counts[neuron] = arena.readout_counts[neuron];
            outputs[neuron] = static_cast<double>(count);
        }
    }
};

constexpr const char* kParts[] = {"layer_image", "layer_conv", "update_classes"};

constexpr annconv::NetworkTable kTable = annconv::make_table<Network>("aa9cf4ba908d376adaa87d8b79d99178bcd8772b9876a06b8509a40edc135379", kParts);

}  // namespace
}  // namespace network

extern "C" const annconv::NetworkTable* annconv_network() { return &network::kTable; }
