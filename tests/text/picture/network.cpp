// A spiking network of 4 populations, 59 neurons, double precision
#include "network.hpp"

#include <cstring>

namespace network {
namespace {

// What annconv::run needs to know of this network.
struct Network {
    using Real = real;
    using Arena = network::Arena;
    using Weights = network::Weights;

    static constexpr int kInputs = 16;
    static constexpr int kOutputs = 3;
    static constexpr int kPopulations = 4;
    static constexpr int kSizes[] = {16, 32, 8, 3};

    // The state in which every sample starts.
    static void reset(const Weights& weights, Arena& arena) {
        std::memset(&arena, 0, sizeof arena);
        annconv::spread<16, 1>(weights.image_v_initial, arena.image_v);
        annconv::spread<16, 1>(weights.image_u_initial, arena.image_u);
        annconv::spread<32, 1>(weights.conv_v_initial, arena.conv_v);
        annconv::spread<32, 1>(weights.conv_mask_initial, arena.conv_mask);
        annconv::spread<8, 1>(weights.pool_v_initial, arena.pool_v);
        annconv::spread<3, 1>(weights.classes_v_initial, arena.classes_v);
    }

    static void step(const Weights& weights, Arena& arena, const Step& step) {
        fade_conv_proj_2(weights, arena, step);
        apply_conv_proj_2(weights, arena, step);
        apply_pool_proj_3(weights, arena, step);
        apply_dense_proj_4(weights, arena, step);
        update_image(weights, arena, step);
        update_conv(weights, arena, step);
        update_pool(weights, arena, step);
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
            case 1:  // conv
                return arena.conv_spikes;
            case 2:  // pool
                return arena.pool_spikes;
            case 3:  // classes
                return arena.classes_spikes;
            default:
                return nullptr;
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

constexpr annconv::NetworkTable kTable = {
    annconv::kTableVersion,
    "0c4f219b7761e24f20d84bacc422a8c5d18f72bcf1df04d45cdebbdb35ff669b",
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
