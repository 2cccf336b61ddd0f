// A spiking network of 3 populations, 14 neurons, double precision
#include "network.hpp"

namespace network {

namespace {
struct ApplyDenseProj2Shape {
    static constexpr int kInputs = 6;
    static constexpr int kOutputs = 5;
};
}  // namespace

// dense_proj_2: dense of spikes of image, 6 -> 5
void apply_dense_proj_2(const Weights& weights, Arena& arena, const Step&) {
    annconv::multiply<ApplyDenseProj2Shape, annconv::Output::kWrite>(arena.image_spikes, weights.dense_proj_2_weights, arena.hidden_g_exc);
}

namespace {
struct ApplyDenseProj3Shape {
    static constexpr int kInputs = 5;
    static constexpr int kOutputs = 3;
};
}  // namespace

// dense_proj_3: dense of spikes of hidden, 5 -> 3
void apply_dense_proj_3(const Weights& weights, Arena& arena, const Step&) {
    annconv::multiply<ApplyDenseProj3Shape, annconv::Output::kWrite>(arena.hidden_spikes, weights.dense_proj_3_weights, arena.classes_g_exc);
}

// image: 6 CPN neurons
void update_image(const Weights&, Arena& arena, const Step& step) {
    constexpr int kNeurons = 6;
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real rates = step.rates[neuron];
        real p = arena.image_p[neuron];
        const auto uniform = [&](std::uint32_t draw) {
            return step.uniform(neuron, 0, draw);
        };

        p = uniform(0) * real(1000.0) / dt;

        const bool spiked = p < rates;

        arena.image_p[neuron] = p;
        arena.image_spikes[neuron] = spiked ? 1 : 0;
    }
}

// hidden: 5 IaF neurons
void update_hidden(const Weights& weights, Arena& arena, const Step&) {
    constexpr int kNeurons = 5;
    const real vt = weights.hidden_vt[0];
    const real vr = weights.hidden_vr[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real g_exc = arena.hidden_g_exc[neuron];
        real v = arena.hidden_v[neuron];

        const real dv_dt = g_exc;
        v += dt * dv_dt;
        if (v < real(-2.0)) v = real(-2.0);

        const bool spiked = v > vt;
        const real v_spiked = vr;
        v = spiked ? v_spiked : v;

        arena.hidden_v[neuron] = v;
        arena.hidden_spikes[neuron] = spiked ? 1 : 0;
    }
}

// classes: 3 IaF neurons
void update_classes(const Weights& weights, Arena& arena, const Step&) {
    constexpr int kNeurons = 3;
    const real vt = weights.classes_vt[0];
    const real vr = weights.classes_vr[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real g_exc = arena.classes_g_exc[neuron];
        real v = arena.classes_v[neuron];

        const real dv_dt = g_exc;
        v += dt * dv_dt;
        if (v < real(-2.0)) v = real(-2.0);

        const bool spiked = v > vt;
        const real v_spiked = vr;
        v = spiked ? v_spiked : v;

        arena.classes_v[neuron] = v;
        arena.classes_spikes[neuron] = spiked ? 1 : 0;
    }
}

}  // namespace network
