// A spiking network of 4 populations, 56 neurons, double precision
#include "annconv/functions.hpp"
#include "annconv/integration.hpp"
#include "annconv/kernels/dense.hpp"
#include "annconv/kernels/elementwise.hpp"
#include "annconv/kernels/pooling.hpp"
#include "network.hpp"

#ifdef __clang__
// Of a kernel's shape, its source reads what it needs.
#pragma clang diagnostic ignored "-Wunused-const-variable"
#endif

namespace network {

// image: 3 x 3 x 2 PSO neurons
void update_image(const Weights& weights, Arena& arena, const Step& step) {
    constexpr int kNeurons = 18;
    const real k = weights.image_k[0];
    const real vt = weights.image_vt[0];
    const real mask_tau = weights.image_mask_tau[0];
    constexpr real dt = kTimeStep;
    const real t = static_cast<real>(step.index) * kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real rates = step.rates[neuron];
        real p = arena.image_p[neuron];
        real vt_new = arena.image_vt_new[neuron];
        real v = arena.image_v[neuron];
        real mask = arena.image_mask[step.slot][neuron];

        p = annconv::pow(real(2.0), -real(1.0) + annconv::modulo(t - real(1.0), k));
        vt_new = p * vt;
        v = rates;
        mask = mask * (real(1.0) + dt * (-(real(1.0) / mask_tau)));

        const bool spiked = v > vt_new;
        const real mask_spiked = mask + real(1.0) / mask_tau;
        mask = spiked ? mask_spiked : mask;

        arena.image_p[neuron] = p;
        arena.image_vt_new[neuron] = vt_new;
        arena.image_v[neuron] = v;
        arena.image_mask[step.slot + 1][neuron] = mask;
        arena.image_spikes[step.slot + 1][neuron] = spiked ? 1 : 0;
    }
}

namespace {
struct ApplyPoolShape {
    static constexpr annconv::Extents kIn{1, 3, 3};
    static constexpr annconv::Extents kOut{1, 3, 3};
    static constexpr annconv::Extents kSize{1, 2, 2};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 0, 1};
    static constexpr annconv::Extents kDilation{1, 1, 1};
    static constexpr int kChannels = 2;
};
}  // namespace

// pool: max pool 2x2 pad 0,1 1,0 of mask of image, 3 x 3 x 2 -> 3 x 3 x 2
void apply_pool(const Weights&, Arena& arena, const Step& step) {
    annconv::max_pool<ApplyPoolShape, annconv::Output::kWrite>(arena.image_mask[step.slot + 1], arena.peaks_g_exc);
}

// peaks: 3 x 3 x 2 IaF neurons
void update_peaks(const Weights& weights, Arena& arena, const Step& step) {
    constexpr int kNeurons = 18;
    const real vt = weights.peaks_vt[0];
    const real vr = weights.peaks_vr[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real g_exc = arena.peaks_g_exc[neuron];
        real v = arena.peaks_v[step.slot][neuron];

        const real dv_dt = g_exc;
        v += dt * dv_dt;
        if (v < real(-2.0)) v = real(-2.0);

        const bool spiked = v > vt;
        const real v_spiked = vr;
        v = spiked ? v_spiked : v;

        arena.peaks_v[step.slot + 1][neuron] = v;
        arena.peaks_spikes[step.slot + 1][neuron] = spiked ? 1 : 0;
    }
}

namespace {
struct ApplySkipShape {
    static constexpr annconv::Extents kIn{1, 3, 3};
    static constexpr annconv::Extents kOut{1, 3, 3};
    static constexpr annconv::Extents kSize{1, 2, 2};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 0, 1};
    static constexpr annconv::Extents kDilation{1, 1, 1};
    static constexpr int kChannels = 2;
};
}  // namespace

// skip: mean pool 2x2 pad 0,1 1,0 of spikes of image, 3 x 3 x 2 -> 3 x 3 x 2
void apply_skip(const Weights&, Arena& arena, const Step& step) {
    annconv::mean_pool<ApplySkipShape, annconv::Output::kWrite>(arena.image_spikes[step.slot + 1], arena.skip_result_0);
}

namespace {
struct ApplySkipV2Shape {
    static constexpr int kSize = 18;
    static constexpr int kFactors = 2;
};
}  // namespace

// skip: scale of the result before, 3 x 3 x 2 -> 3 x 3 x 2
void apply_skip_v2(const Weights& weights, Arena& arena, const Step& step) {
    annconv::scale<ApplySkipV2Shape, annconv::Output::kWrite>(arena.skip_result_0, weights.skip_factors, arena.sum_sum[step.slot + 1]);
}

namespace {
struct ApplyMainShape {
    static constexpr int kSize = 18;
    static constexpr int kFactors = 1;
};
}  // namespace

// main: scale of v of peaks, 3 x 3 x 2 -> 3 x 3 x 2
void apply_main(const Weights& weights, Arena& arena, const Step& step) {
    annconv::scale<ApplyMainShape, annconv::Output::kWrite>(arena.peaks_v[step.slot + 1], weights.main_factors, arena.main_result_0);
}

namespace {
struct ApplyMainV2Shape {
    static constexpr int kSize = 18;
};
}  // namespace

// main: increase of the result before, 3 x 3 x 2 -> 3 x 3 x 2
void apply_main_v2(const Weights&, Arena& arena, const Step& step) {
    annconv::increase<ApplyMainV2Shape, annconv::Output::kAdd>(arena.main_result_0, arena.main_passed, arena.sum_sum[step.slot + 1]);
}

namespace {
struct ApplyDirectShape {
    static constexpr int kInputs = 18;
    static constexpr int kOutputs = 2;
};
}  // namespace

// direct: dense of spikes of peaks, 18 -> 2
void apply_direct(const Weights& weights, Arena& arena, const Step& step) {
    annconv::multiply_events<ApplyDirectShape, annconv::Output::kWrite>(arena.peaks_spikes[step.slot + 1], weights.direct_weights, arena.classes_g_exc);
}

namespace {
struct ApplyLateShape {
    static constexpr int kInputs = 18;
    static constexpr int kOutputs = 2;
};
}  // namespace

// late: dense of the sum of sum, 18 -> 2
void apply_late(const Weights& weights, Arena& arena, const Step& step) {
    annconv::multiply<ApplyLateShape, annconv::Output::kAdd>(arena.sum_sum[step.slot + 1], weights.late_weights, arena.classes_g_exc);
}

// classes: 2 Counter neurons
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
