// A spiking network of 4 populations, 59 neurons, double precision
#pragma once

#include <cstdint>

#include "annconv/kernels.hpp"

namespace network {

using real = double;
using Step = annconv::Step<real>;

constexpr real kTimeStep = real(1.0);  // dt in ms

// What a thread keeps while it runs a sample.
struct Arena {
    alignas(64) real image_v[16];
    alignas(64) real image_u[16];
    alignas(64) std::int8_t image_spikes[16];
    alignas(64) real conv_v[32];
    alignas(64) real conv_mask[32];
    alignas(64) std::int8_t conv_spikes[32];
    alignas(64) real conv_g_exc[32];
    alignas(64) real pool_v[8];
    alignas(64) std::int8_t pool_spikes[8];
    alignas(64) real pool_g_exc[8];
    alignas(64) real classes_v[3];
    alignas(64) std::int8_t classes_spikes[3];
    alignas(64) real classes_g_exc[3];
    alignas(64) std::int32_t readout_counts[3];
};

// What the network learned or was given.
struct Weights {
    alignas(64) real image_a[1];
    alignas(64) real image_b[1];
    alignas(64) real image_c[1];
    alignas(64) real image_d[1];
    alignas(64) real image_v_thresh[1];
    alignas(64) real image_v_initial[1];
    alignas(64) real image_u_initial[1];
    alignas(64) real conv_vt[2];
    alignas(64) real conv_vr[1];
    alignas(64) real conv_mask_tau[1];
    alignas(64) real conv_v_initial[1];
    alignas(64) real conv_mask_initial[1];
    alignas(64) real pool_vt[1];
    alignas(64) real pool_vr[1];
    alignas(64) real pool_v_initial[1];
    alignas(64) real classes_vt[1];
    alignas(64) real classes_vr[1];
    alignas(64) real classes_v_initial[1];
    alignas(64) real conv_proj_2_decay[1];
    alignas(64) real conv_proj_2_kernel[16];
    alignas(64) real dense_proj_4_weights[24];
};

// Kernels, in running order.
void fade_conv_proj_2(const Weights& weights, Arena& arena, const Step& step);
void apply_conv_proj_2(const Weights& weights, Arena& arena, const Step& step);
void apply_pool_proj_3(const Weights& weights, Arena& arena, const Step& step);
void apply_dense_proj_4(const Weights& weights, Arena& arena, const Step& step);
void update_image(const Weights& weights, Arena& arena, const Step& step);
void update_conv(const Weights& weights, Arena& arena, const Step& step);
void update_pool(const Weights& weights, Arena& arena, const Step& step);
void update_classes(const Weights& weights, Arena& arena, const Step& step);

}  // namespace network
