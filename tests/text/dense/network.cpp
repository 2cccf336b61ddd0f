// A spiking network of 3 populations, 14 neurons, double precision
#include "network.hpp"

#include <cstring>

namespace network {
namespace {

// What annconv::run needs to know of this network.
struct Network {
    using Real = real;
    using Arena = network::Arena;
    using Weights = network::Weights;

    static constexpr int kInputs = 6;
    static constexpr int kOutputs = 3;
    static constexpr int kPopulations = 3;
    static constexpr int kSizes[] = {6, 5, 3};

    // The state in which every sample starts.
    static void reset(const Weights& weights, Arena& arena) {
        std::memset(&arena, 0, sizeof arena);
        annconv::spread<6, 1>(weights.image_p_initial, arena.image_p);
        annconv::spread<5, 1>(weights.hidden_v_initial, arena.hidden_v);
        annconv::spread<3, 1>(weights.classes_v_initial, arena.classes_v);
    }

    static void step(const Weights& weights, Arena& arena, const Step& step) {
        apply_dense_proj_2(weights, arena, step);
        apply_dense_proj_3(weights, arena, step);
        update_image(weights, arena, step);
        update_hidden(weights, arena, step);
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
            case 1:  // hidden
                return arena.hidden_spikes;
            case 2:  // classes
                return arena.classes_spikes;
            default:
                return nullptr;
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

constexpr annconv::NetworkTable kTable = {
    annconv::kTableVersion,
    "90039d1de14e0dc63774333fd1304a69599f01db685819c863218bb68194c685",
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
