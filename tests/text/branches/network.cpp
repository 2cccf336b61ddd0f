// A spiking network of 4 populations, 56 neurons, double precision
#include "network.hpp"

#include <cstring>

namespace network {
namespace {

// What annconv::run needs to know of this network.
struct Network {
    using Real = real;
    using Arena = network::Arena;
    using Weights = network::Weights;

    static constexpr int kInputs = 18;
    static constexpr int kOutputs = 2;
    static constexpr int kPopulations = 4;
    static constexpr int kSizes[] = {18, 18, 18, 2};

    // The state in which every sample starts.
    static void reset(const Weights& weights, Arena& arena) {
        std::memset(&arena, 0, sizeof arena);
        annconv::spread<18, 1>(weights.image_p_initial, arena.image_p);
        annconv::spread<18, 1>(weights.image_vt_new_initial, arena.image_vt_new);
        annconv::spread<18, 1>(weights.image_v_initial, arena.image_v);
        annconv::spread<18, 1>(weights.image_mask_initial, arena.image_mask);
        annconv::spread<18, 1>(weights.peaks_v_initial, arena.peaks_v);
        annconv::spread<2, 1>(weights.classes_v_initial, arena.classes_v);
    }

    static void step(const Weights& weights, Arena& arena, const Step& step) {
        update_image(weights, arena, step);
        apply_pool(weights, arena, step);
        update_peaks(weights, arena, step);
        apply_skip(weights, arena, step);
        apply_skip_v2(weights, arena, step);
        apply_main(weights, arena, step);
        apply_main_v2(weights, arena, step);
        apply_direct(weights, arena, step);
        apply_late(weights, arena, step);
        update_classes(weights, arena, step);
        for (int neuron = 0; neuron < kOutputs; ++neuron) {
            arena.readout_counts[neuron] += arena.classes_spikes[neuron];
        }
    }

    // What a population emitted in the last step.
    static const std::int8_t* spikes(const Arena& arena, int population) {
        switch (population) {
            case 0:  // image
                return arena.image_spikes;
            case 1:  // peaks
                return arena.peaks_spikes;
            case 3:  // classes
                return arena.classes_spikes;
            default:
                return nullptr;
        }
    }

    // Whether the read-out needs no further step.
    static bool stopped(const Weights& weights, const Arena& arena) {
        const real k = weights.readout_k[0];
        for (int neuron = 0; neuron < kOutputs; ++neuron) {
            const real count = static_cast<real>(arena.readout_counts[neuron]);
            if (count >= k) return true;
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

constexpr annconv::NetworkTable kTable = {
    annconv::kTableVersion,
    "cfc660343b2536fc471c8c9c1bbf8fc60ed0071fa3824722c9d5a511d1d558be",
    sizeof(real),
    Network::kInputs,
    Network::kOutputs,
    Network::kPopulations,
    sizeof(Weights),
    sizeof(Arena),
    annconv::run<Network>,
};

}  // namespace
}  // namespace network

extern "C" const annconv::NetworkTable* annconv_network() { return &network::kTable; }
