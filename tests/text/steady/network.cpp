// A spiking network of 3 populations, 83 neurons, double precision
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
    static constexpr int kTile = 32;  // steps
    static constexpr int kPopulations = 3;
    static constexpr int kSizes[] = {16, 64, 3};
    // Blocks of sums in the layer that has most: so many threads find work in one sample.
    static constexpr int kBlocks = 1;

    // The state in which every sample starts.
    static void reset(const Weights& weights, Arena& arena) {
        annconv::clear(arena.image_spikes[0]);
        annconv::clear(arena.hidden_spikes[0]);
        annconv::clear(arena.hidden_g_exc);
        annconv::clear(arena.classes_spikes[0]);
        annconv::clear(arena.readout_counts);
        annconv::clear(arena.apply_current_held);
        annconv::spread<16, 1>(weights.image_x_initial, arena.image_x[0]);
        annconv::spread<16, 1>(weights.image_v_initial, arena.image_v);
        annconv::spread<64, 1>(weights.hidden_v_initial, arena.hidden_v);
        annconv::spread<4, 1>(weights.classes_v_initial, arena.classes_v);
    }

    // Scratch memory that a thread needs.
    static std::size_t scratch_bytes() {
        std::size_t bytes = 0;
        bytes = std::max(bytes, apply_spikes_scratch());
        bytes = std::max(bytes, layer_classes_scratch());
        return bytes;
    }

    // Runs a tile of steps, fewer if the read-out needs no further one; returns how many.
    static std::int32_t advance(const Weights& weights, Arena& arena, const Tile& tile) {
        annconv::Laps laps(tile.seconds);
        if (tile.team.leads()) {
            for (std::int32_t slot = 0; slot < tile.steps; ++slot) {
                const Step step = tile.step(slot);
                update_image(weights, arena, step);
            }
        }
        tile.team.sync();
        laps.done(0);
        if (tile.team.leads()) {
            for (std::int32_t slot = 0; slot < tile.steps; ++slot) {
                const Step step = tile.step(slot);
                if (step.has_new_rates) apply_current(weights, arena, step);
                hand_on_apply_current(weights, arena, step);
                apply_spikes(weights, arena, step);
                update_hidden(weights, arena, step);
            }
        }
        tile.team.sync();
        laps.done(1);
        layer_classes(weights, arena, tile, {laps, 2, 3});
        tile.team.sync();
        if (tile.team.leads()) {
            arena.executed = tile.steps;
            for (std::int32_t slot = 0; slot < tile.steps; ++slot) count(arena, tile.step(slot));
        }
        tile.team.sync();
        laps.done(3);
        if (tile.team.leads()) {
            annconv::carry_over(arena.classes_spikes, tile.steps);
            annconv::carry_over(arena.hidden_spikes, tile.steps);
            annconv::carry_over(arena.image_spikes, tile.steps);
            annconv::carry_over(arena.image_x, tile.steps);
        }
        return arena.executed;
    }

    // What a population emitted in a step of the last tile.
    static annconv::EmittedSpikes spikes(const Weights&, const Arena& arena, int population, [[maybe_unused]] std::int32_t slot) {
        switch (population) {
            case 0:  // image
                return arena.image_spikes[slot + 1];
            case 1:  // hidden
                return arena.hidden_spikes[slot + 1];
            case 2:  // classes
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
    static bool stopped(const Weights&, const Arena&) { return false; }

    static void read_out(const Weights&, const Arena& arena, std::int32_t* counts, double* outputs) {
        for (int neuron = 0; neuron < kOutputs; ++neuron) {
            const real count = static_cast<real>(arena.readout_counts[neuron]);
            counts[neuron] = arena.readout_counts[neuron];
            outputs[neuron] = static_cast<double>(count);
        }
    }
};

constexpr const char* kParts[] = {"update_image", "update_hidden", "layer_classes sums", "layer_classes neurons"};

constexpr annconv::NetworkTable kTable = annconv::make_table<Network>("174060cdf1987ad2d5fb35c35a1a2be1ae7defebab07548bd6648b9c4b7def7b", kParts);

}  // namespace
}  // namespace network

extern "C" const annconv::NetworkTable* annconv_network() { return &network::kTable; }
