// A spiking network of 3 populations, 12 neurons, double precision
#include "annconv/functions.hpp"
#include "annconv/integration.hpp"
#include "annconv/kernels/dense.hpp"
#include "network.hpp"

#ifdef __clang__
// Of a kernel's shape, its source reads what it needs.
#pragma clang diagnostic ignored "-Wunused-const-variable"
#endif

namespace network {

// image: 4 CPN neurons
void update_image(const Weights&, Arena& arena, const Step& step) {
    constexpr int kNeurons = 4;
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
        arena.image_spikes[step.slot + 1][neuron] = spiked ? 1 : 0;
    }
}

namespace {
struct ApplyAShape {
    static constexpr int kInputs = 4;
    static constexpr int kOutputs = 6;
};
}  // namespace

// a: dense of spikes of image, 4 -> 6
void apply_a(const Weights& weights, Arena& arena, const Step& step) {
    annconv::multiply_events<ApplyAShape, annconv::Output::kWrite>(arena.image_spikes[step.slot], weights.a_weights, arena.both_g_exc);
}

// both: 2 x 3 Signed neurons
void update_both(const Weights& weights, Arena& arena, const Step& step) {
    constexpr int kNeurons = 6;
    const real vu = weights.both_vu[0];
    constexpr real dt = kTimeStep;
    const real t = static_cast<real>(step.index) * kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real vt = weights.both_vt[neuron];
        const real g_exc = arena.both_g_exc[neuron];
        real v = arena.both_v[neuron];

        v = v + g_exc;
        if (v < real(-3.0)) v = real(-3.0);

        const bool spiked = v >= vt;
        const bool unspiked = !spiked && (v < vu && t > real(2.0) * dt);
        const real v_spiked = v - vt;
        v = spiked ? v_spiked : v;
        const real v_unspiked = v - vu;
        v = unspiked ? v_unspiked : v;

        arena.both_v[neuron] = v;
        arena.both_spikes[step.slot + 1][neuron] = spiked - unspiked;
    }
}

namespace {
struct ApplyBShape {
    static constexpr int kInputs = 6;
    static constexpr int kOutputs = 2;
};
}  // namespace

// b: dense of spikes of both, 6 -> 2
void apply_b(const Weights& weights, Arena& arena, const Step& step) {
    annconv::multiply_events<ApplyBShape, annconv::Output::kWrite>(arena.both_spikes[step.slot], weights.b_weights, arena.classes_g_exc);
}

// classes: 2 IaF neurons
void update_classes(const Weights& weights, Arena& arena, const Step& step) {
    constexpr int kNeurons = 2;
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
        arena.classes_spikes[step.slot + 1][neuron] = spiked ? 1 : 0;
    }
}

}  // namespace network
