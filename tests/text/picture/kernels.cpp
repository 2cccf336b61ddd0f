// A spiking network of 4 populations, 59 neurons, double precision
#include "network.hpp"

namespace network {

namespace {
struct FadeConvProj2Shape {
    static constexpr int kSize = 32;
    static constexpr int kFactors = 1;
};
}  // namespace

// conv_proj_2: what a step leaves of its trace
void fade_conv_proj_2(const Weights& weights, Arena& arena, const Step&) {
    annconv::scale<FadeConvProj2Shape, annconv::Output::kWrite>(arena.conv_g_exc, weights.conv_proj_2_decay, arena.conv_g_exc);
}

namespace {
struct ApplyConvProj2Shape {
    static constexpr annconv::Extents kIn{1, 4, 4};
    static constexpr annconv::Extents kOut{1, 4, 4};
    static constexpr annconv::Extents kSize{1, 2, 2};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 0, 1};
    static constexpr annconv::Extents kDilation{1, 1, 1};
    static constexpr int kChannelsIn = 1;
    static constexpr int kChannelsOut = 2;
    static constexpr int kGroups = 1;
    static constexpr int kVectorBytes = 32;
    static constexpr int kTileCols = 4;
    static constexpr int kTileChannels = 4;
    static constexpr int kRowsTogether = 1;
};
}  // namespace

// conv_proj_2: conv 2x2 pad 0,1 1,0 of spikes of image, 4 x 4 x 1 -> 4 x 4 x 2
void apply_conv_proj_2(const Weights& weights, Arena& arena, const Step&) {
    annconv::convolve_events<ApplyConvProj2Shape, annconv::Output::kAdd>(arena.image_spikes, weights.conv_proj_2_kernel, arena.conv_g_exc);
}

namespace {
struct ApplyPoolProj3Shape {
    static constexpr annconv::Extents kIn{1, 4, 4};
    static constexpr annconv::Extents kOut{1, 2, 2};
    static constexpr annconv::Extents kSize{1, 2, 2};
    static constexpr annconv::Extents kStride{1, 2, 2};
    static constexpr annconv::Extents kPad{0, 0, 0};
    static constexpr annconv::Extents kDilation{1, 1, 1};
    static constexpr int kChannels = 2;
};
}  // namespace

// pool_proj_3: max pool 2x2 stride 2x2 of mask of conv, 4 x 4 x 2 -> 2 x 2 x 2
void apply_pool_proj_3(const Weights&, Arena& arena, const Step&) {
    annconv::max_pool<ApplyPoolProj3Shape, annconv::Output::kWrite>(arena.conv_mask, arena.pool_g_exc);
}

namespace {
struct ApplyDenseProj4Shape {
    static constexpr int kInputs = 8;
    static constexpr int kOutputs = 3;
};
}  // namespace

// dense_proj_4: dense of spikes of pool, 8 -> 3
void apply_dense_proj_4(const Weights& weights, Arena& arena, const Step&) {
    annconv::multiply<ApplyDenseProj4Shape, annconv::Output::kWrite>(arena.pool_spikes, weights.dense_proj_4_weights, arena.classes_g_exc);
}

// image: 4 x 4 x 1 IB neurons
void update_image(const Weights& weights, Arena& arena, const Step& step) {
    constexpr int kNeurons = 16;
    const real a = weights.image_a[0];
    const real b = weights.image_b[0];
    const real c = weights.image_c[0];
    const real d = weights.image_d[0];
    const real v_thresh = weights.image_v_thresh[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real rates = step.rates[neuron];
        real v = arena.image_v[neuron];
        real u = arena.image_u[neuron];

        const real dv_dt = real(0.04) * (v * v) + real(5.0) * v + real(140.0) - u + rates;
        const real du_dt = a * (b * v - u);
        v += dt * dv_dt;
        u += dt * du_dt;

        const bool spiked = v > v_thresh;
        const real v_spiked = c;
        const real u_spiked = u + d;
        v = spiked ? v_spiked : v;
        u = spiked ? u_spiked : u;

        arena.image_v[neuron] = v;
        arena.image_u[neuron] = u;
        arena.image_spikes[neuron] = spiked ? 1 : 0;
    }
}

// conv: 4 x 4 x 2 IaF neurons
void update_conv(const Weights& weights, Arena& arena, const Step&) {
    constexpr int kNeurons = 32;
    const real vr = weights.conv_vr[0];
    const real mask_tau = weights.conv_mask_tau[0];
    constexpr real dt = kTimeStep;
    constexpr int kChannels = 2;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real vt = weights.conv_vt[neuron % kChannels];
        const real g_exc = arena.conv_g_exc[neuron];
        real v = arena.conv_v[neuron];
        real mask = arena.conv_mask[neuron];

        const real dv_dt = g_exc;
        const real dmask_dt = -mask / mask_tau;
        v += dt * dv_dt;
        if (v < real(-2.0)) v = real(-2.0);
        mask += dt * dmask_dt;

        const bool spiked = v > vt;
        const real v_spiked = vr;
        const real mask_spiked = mask + real(1.0) / mask_tau;
        v = spiked ? v_spiked : v;
        mask = spiked ? mask_spiked : mask;

        arena.conv_v[neuron] = v;
        arena.conv_mask[neuron] = mask;
        arena.conv_spikes[neuron] = spiked ? 1 : 0;
    }
}

// pool: 2 x 2 x 2 IaF neurons
void update_pool(const Weights& weights, Arena& arena, const Step&) {
    constexpr int kNeurons = 8;
    const real vt = weights.pool_vt[0];
    const real vr = weights.pool_vr[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real g_exc = arena.pool_g_exc[neuron];
        real v = arena.pool_v[neuron];

        const real dv_dt = g_exc;
        v += dt * dv_dt;
        if (v < real(-2.0)) v = real(-2.0);

        const bool spiked = v > vt;
        const real v_spiked = vr;
        v = spiked ? v_spiked : v;

        arena.pool_v[neuron] = v;
        arena.pool_spikes[neuron] = spiked ? 1 : 0;
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
