// A spiking network of 3 populations, 12 neurons, double precision
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

    static constexpr int kInputs = 4;
    static constexpr int kOutputs = 2;
    static constexpr int kTile = 64;  // steps
    static constexpr int kPopulations = 3;
    static constexpr int kSizes[] = {4, 6, 2};
    // Blocks of sums in the layer that has most: so many threads find work in one sample.
    static constexpr int kBlocks = 1;

    // The state in which every sample starts.
    static void reset(const Weights& weights, Arena& arena) {
        annconv::clear(arena.image_spikes[0]);
        annconv::clear(arena.both_spikes[0]);
        annconv::clear(arena.both_g_exc);
        annconv::clear(arena.classes_spikes[0]);
        annconv::clear(arena.classes_g_exc);
        annconv::clear(arena.readout_counts);
        annconv::spread<4, 1>(weights.image_p_initial, arena.image_p);
        annconv::spread<6, 6>(weights.both_v_initial, arena.both_v);
        annconv::spread<2, 1>(weights.classes_v_initial, arena.classes_v);
    }

    // Scratch memory that a thread needs.
    static std::size_t scratch_bytes() {
        std::size_t bytes = 0;
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
                apply_a(weights, arena, step);
                update_both(weights, arena, step);
            }
        }
        tile.team.sync();
        laps.done(1);
        if (tile.team.leads()) {
            arena.executed = tile.steps;
            for (std::int32_t slot = 0; slot < tile.steps; ++slot) {
                const Step step = tile.step(slot);
                apply_b(weights, arena, step);
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
            annconv::carry_over(arena.both_spikes, tile.steps);
            annconv::carry_over(arena.classes_spikes, tile.steps);
            annconv::carry_over(arena.image_spikes, tile.steps);
        }
        return arena.executed;
    }

    // What a population emitted in a step of the last tile.
    static annconv::EmittedSpikes spikes(const Weights&, const Arena& arena, int population, [[maybe_unused]] std::int32_t slot) {
        switch (population) {
            case 0:  // image
                return arena.image_spikes[slot + 1];
            case 1:  // both
                return arena.both_spikes[slot + 1];
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
            const real v = arena.classes_v[neuron];
            counts[neuron] = arena.readout_counts[neuron];
            outputs[neuron] = static_cast<double>(v);
        }
    }
};

constexpr const char* kParts[] = {"update_image", "update_both", "update_classes"};

constexpr annconv::NetworkTable kTable = annconv::make_table<Network>("28ac2b22024174b7d789165c1456294953bbea4321517980510252bde78b723f", kParts);

}  // namespace
}  // namespace network

extern "C" const annconv::NetworkTable* annconv_network() { return &network::kTable; }
