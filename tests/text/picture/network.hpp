// A spiking network of 4 populations, 59 neurons, double precision
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "annconv/tile.hpp"

namespace network {

using real = double;
using Step = annconv::Step<real>;
using Tile = annconv::Tile<real>;

constexpr real kTimeStep = real(1.0);  // dt in ms

// What a thread keeps while it runs a sample.
struct Arena {
    std::int32_t executed;  // steps of the last tile
    alignas(64) real image_v[16];
    alignas(64) real image_u[16];
    alignas(64) std::int8_t image_spikes[9][16];
    alignas(64) real conv_v[64];
    alignas(64) real conv_mask[64];
    alignas(64) real conv_trace_exc[64];
    alignas(64) real pool_v[16];
    alignas(64) std::int8_t pool_spikes[9][8];
    alignas(64) real classes_v[3];
    alignas(64) std::int8_t classes_spikes[9][3];
    alignas(64) real classes_g_exc[3];
    alignas(64) std::int32_t readout_counts[3];
    alignas(64) bool layer_conv_resting[4];
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
    alignas(64) real conv_vt[4];
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
    alignas(64) real conv_proj_2_kernel[32];
    alignas(64) real dense_proj_4_weights[24];
};

// Kernels, in running order.
void layer_image(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_image_scratch();
void layer_conv(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_conv_scratch();
void apply_dense_proj_4(const Weights& weights, Arena& arena, const Step& step);
void update_classes(const Weights& weights, Arena& arena, const Step& step);

}  // namespace network
