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
void update_image(const Weights& weights, Arena& arena, const Step& step) {
    constexpr int kNeurons = 6;
    const real mask_tau = weights.image_mask_tau[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real rates = step.rates[neuron];
        real p = arena.image_p[neuron];
        real mask = arena.image_mask[neuron];
        const auto uniform = [&](std::uint32_t draw) {
            return step.uniform(neuron, 0, draw);
        };

        p = uniform(0) * real(1000.0) / dt;
        const real dmask_dt = -mask / mask_tau;
        mask += dt * dmask_dt;

        std::int8_t emitted = 0;
        if (p < rates) {
            emitted = 1;
            mask = mask + real(1.0) / mask_tau;
        }

        arena.image_p[neuron] = p;
        arena.image_mask[neuron] = mask;
        arena.image_spikes[neuron] = emitted;
    }
}

// hidden: 5 IaF neurons
void update_hidden(const Weights& weights, Arena& arena, const Step&) {
    constexpr int kNeurons = 5;
    const real vt = weights.hidden_vt[0];
    const real vr = weights.hidden_vr[0];
    const real mask_tau = weights.hidden_mask_tau[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real g_exc = arena.hidden_g_exc[neuron];
        real v = arena.hidden_v[neuron];
        real mask = arena.hidden_mask[neuron];

        const real dv_dt = g_exc;
        const real dmask_dt = -mask / mask_tau;
        v += dt * dv_dt;
        if (v < real(-2.0)) v = real(-2.0);
        mask += dt * dmask_dt;

        std::int8_t emitted = 0;
        if (v > vt) {
            emitted = 1;
            v = vr;
            mask = mask + real(1.0) / mask_tau;
        }

        arena.hidden_v[neuron] = v;
        arena.hidden_mask[neuron] = mask;
        arena.hidden_spikes[neuron] = emitted;
    }
}

// classes: 3 IaF neurons
void update_classes(const Weights& weights, Arena& arena, const Step&) {
    constexpr int kNeurons = 3;
    const real vt = weights.classes_vt[0];
    const real vr = weights.classes_vr[0];
    const real mask_tau = weights.classes_mask_tau[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real g_exc = arena.classes_g_exc[neuron];
        real v = arena.classes_v[neuron];
        real mask = arena.classes_mask[neuron];

        const real dv_dt = g_exc;
        const real dmask_dt = -mask / mask_tau;
        v += dt * dv_dt;
        if (v < real(-2.0)) v = real(-2.0);
        mask += dt * dmask_dt;

        std::int8_t emitted = 0;
        if (v > vt) {
            emitted = 1;
            v = vr;
            mask = mask + real(1.0) / mask_tau;
        }

        arena.classes_v[neuron] = v;
        arena.classes_mask[neuron] = mask;
        arena.classes_spikes[neuron] = emitted;
    }
}

}  // namespace network
