// A spiking network of 4 populations, 56 neurons, double precision
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
    alignas(64) real image_p[18];
    alignas(64) real image_vt_new[18];
    alignas(64) real image_v[18];
    alignas(64) real image_mask[9][18];
    alignas(64) std::int8_t image_spikes[9][18];
    alignas(64) real peaks_v[9][18];
    alignas(64) std::int8_t peaks_spikes[9][18];
    alignas(64) real peaks_g_exc[18];
    alignas(64) real sum_sum[9][18];
    alignas(64) real classes_v[2];
    alignas(64) std::int8_t classes_spikes[9][2];
    alignas(64) real classes_g_exc[2];
    alignas(64) real skip_result_0[18];
    alignas(64) real main_result_0[18];
    alignas(64) real main_passed[18];
    alignas(64) std::int32_t readout_counts[2];
};

// What the network learned or was given.
struct Weights {
    alignas(64) real image_k[1];
    alignas(64) real image_vt[1];
    alignas(64) real image_mask_tau[1];
    alignas(64) real image_p_initial[1];
    alignas(64) real image_vt_new_initial[1];
    alignas(64) real image_v_initial[1];
    alignas(64) real image_mask_initial[1];
    alignas(64) real peaks_vt[1];
    alignas(64) real peaks_vr[1];
    alignas(64) real peaks_v_initial[1];
    alignas(64) real classes_vt[1];
    alignas(64) real classes_vr[1];
    alignas(64) real classes_v_initial[1];
    alignas(64) real skip_factors[2];
    alignas(64) real main_factors[1];
    alignas(64) real direct_weights[36];
    alignas(64) real late_weights[36];
    alignas(64) real readout_k[1];
};

// Kernels, in running order.
void update_image(const Weights& weights, Arena& arena, const Step& step);
void apply_pool(const Weights& weights, Arena& arena, const Step& step);
void update_peaks(const Weights& weights, Arena& arena, const Step& step);
void apply_skip(const Weights& weights, Arena& arena, const Step& step);
void apply_skip_v2(const Weights& weights, Arena& arena, const Step& step);
void apply_main(const Weights& weights, Arena& arena, const Step& step);
void apply_main_v2(const Weights& weights, Arena& arena, const Step& step);
void apply_direct(const Weights& weights, Arena& arena, const Step& step);
void apply_late(const Weights& weights, Arena& arena, const Step& step);
void update_classes(const Weights& weights, Arena& arena, const Step& step);

}  // namespace network
