// A spiking network of 5 populations, 416 neurons, double precision
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
    static constexpr int kOutputs = 16;
    static constexpr int kTile = 32;  // steps
    static constexpr int kPopulations = 5;
    static constexpr int kSizes[] = {16, 256, 64, 64, 16};
    // Blocks of sums in the layer that has most: so many threads find work in one sample.
    static constexpr int kBlocks = 2;

    // The state in which every sample starts.
    static void reset(const Weights& weights, Arena& arena) {
        annconv::clear(arena.image_spikes[0]);
        annconv::clear(arena.body_spikes[0]);
        annconv::clear(arena.join_spikes[0]);
        annconv::clear(arena.classes_spikes[0]);
        annconv::clear(arena.layer_1_stem_body_result_1[0]);
        annconv::clear(arena.layer_1_stem_body_passed);
        annconv::clear(arena.readout_counts);
        annconv::clear(arena.layer_stem_resting);
        annconv::clear(arena.layer_body_resting);
        annconv::clear(arena.layer_join_resting);
        annconv::spread<16, 1>(weights.image_p_initial, arena.image_p);
        annconv::spread<16, 1>(weights.image_vt_new_initial, arena.image_vt_new);
        annconv::spread<16, 1>(weights.image_v_initial, arena.image_v);
        annconv::spread<256, 1>(weights.stem_v_initial, arena.stem_v);
        annconv::spread<256, 1>(weights.stem_n_initial, arena.stem_n);
        annconv::spread<64, 1>(weights.body_v_initial, arena.body_v);
        annconv::spread<64, 1>(weights.body_n_initial, arena.body_n);
        annconv::spread<64, 1>(weights.join_v_initial, arena.join_v);
        annconv::spread<64, 1>(weights.join_n_initial, arena.join_n);
        annconv::spread<16, 1>(weights.classes_v_initial, arena.classes_v);
    }

    // Scratch memory that a thread needs.
    static std::size_t scratch_bytes() {
        std::size_t bytes = 0;
        bytes = std::max(bytes, layer_image_scratch());
        bytes = std::max(bytes, layer_stem_scratch());
        bytes = std::max(bytes, layer_body_scratch());
        bytes = std::max(bytes, layer_join_scratch());
        bytes = std::max(bytes, layer_classes_scratch());
        return bytes;
    }

    // Runs a tile of steps, fewer if the read-out needs no further one; returns how many.
    static std::int32_t advance(const Weights& weights, Arena& arena, const Tile& tile) {
        annconv::Laps laps(tile.seconds);
        layer_image(weights, arena, tile, {laps, 0, 0});
        tile.team.sync();
        laps.done(0);
        layer_stem(weights, arena, tile, {laps, 1, 1});
        tile.team.sync();
        laps.done(1);
        layer_body(weights, arena, tile, {laps, 2, 3});
        tile.team.sync();
        laps.done(3);
        layer_join(weights, arena, tile, {laps, 4, 5});
        tile.team.sync();
        laps.done(5);
        layer_classes(weights, arena, tile, {laps, 6, 7});
        tile.team.sync();
        if (tile.team.leads()) {
            arena.executed = tile.steps;
            for (std::int32_t slot = 0; slot < tile.steps; ++slot) count(arena, tile.step(slot));
        }
        tile.team.sync();
        laps.done(7);
        if (tile.team.leads()) {
            annconv::carry_over(arena.body_spikes, tile.steps);
            annconv::carry_over(arena.classes_spikes, tile.steps);
            annconv::carry_over(arena.image_spikes, tile.steps);
            annconv::carry_over(arena.join_spikes, tile.steps);
            annconv::carry_over(arena.layer_1_stem_body_result_1, tile.steps);
        }
        return arena.executed;
    }

    // What a population emitted in a step of the last tile.
    static annconv::EmittedSpikes spikes(const Weights& weights, const Arena& arena, int population, [[maybe_unused]] std::int32_t slot) {
        switch (population) {
            case 0:  // image
                return arena.image_spikes[slot + 1];
            case 2:  // body
                return {arena.body_spikes[slot + 1], weights.body_places};
            case 3:  // join
                return {arena.join_spikes[slot + 1], weights.join_places};
            case 4:  // classes
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

constexpr const char* kParts[] = {"layer_image", "layer_stem", "layer_body sums", "layer_body neurons", "layer_join sums", "layer_join neurons", "layer_classes sums", "layer_classes neurons"};

constexpr annconv::NetworkTable kTable = annconv::make_table<Network>("0609873932153ee30125ad5f6c13bbd43b3ea4788e7474418f9dc1d5d777e8be", kParts);

}  // namespace
}  // namespace network

extern "C" const annconv::NetworkTable* annconv_network() { return &network::kTable; }
