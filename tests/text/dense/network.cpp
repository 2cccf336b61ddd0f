// A spiking network of 3 populations, 14 neurons, double precision
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

    static constexpr int kInputs = 6;
    static constexpr int kOutputs = 3;
    static constexpr int kTile = 64;  // steps
    static constexpr int kPopulations = 3;
    static constexpr int kSizes[] = {6, 5, 3};
    // Blocks of sums in the layer that has most: so many threads find work in one sample.
    static constexpr int kBlocks = 1;

    // The state in which every sample starts.
    static void reset(const Weights& weights, Arena& arena) {
        annconv::clear(arena.image_spikes[0]);
        annconv::clear(arena.hidden_spikes[0]);
        annconv::clear(arena.classes_spikes[0]);
        annconv::clear(arena.readout_counts);
        annconv::spread<6, 1>(weights.image_p_initial, arena.image_p);
        annconv::spread<8, 1>(weights.hidden_v_initial, arena.hidden_v);
        annconv::spread<4, 1>(weights.classes_v_initial, arena.classes_v);
    }

    // Scratch memory that a thread needs.
    static std::size_t scratch_bytes() {
        std::size_t bytes = 0;
        bytes = std::max(bytes, layer_hidden_scratch());
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
        layer_hidden(weights, arena, tile, {laps, 1, 2});
        tile.team.sync();
        laps.done(2);
        layer_classes(weights, arena, tile, {laps, 3, 4});
        tile.team.sync();
        if (tile.team.leads()) {
            arena.executed = tile.steps;
            for (std::int32_t slot = 0; slot < tile.steps; ++slot) count(arena, tile.step(slot));
        }
        tile.team.sync();
        laps.done(4);
        if (tile.team.leads()) {
            annconv::carry_over(arena.classes_spikes, tile.steps);
            annconv::carry_over(arena.hidden_spikes, tile.steps);
            annconv::carry_over(arena.image_spikes, tile.steps);
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

constexpr const char* kParts[] = {"update_image", "layer_hidden sums", "layer_hidden neurons", "layer_classes sums", "layer_classes neurons"};

constexpr annconv::NetworkTable kTable = annconv::make_table<Network>("ca91821b689725de1682fdb9cf6fa8f66fc45ddb8e4e6a046912b5252a69bd45", kParts);

}  // namespace
}  // namespace network

extern "C" const annconv::NetworkTable* annconv_network() { return &network::kTable; }
