// A spiking network of 5 populations, 416 neurons, double precision
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
    alignas(64) real image_p[16];
    alignas(64) real image_vt_new[16];
    alignas(64) real image_v[16];
    alignas(64) std::int8_t image_spikes[33][16];
    alignas(64) real stem_v[256];
    alignas(64) real stem_n[256];
    alignas(64) real body_v[64];
    alignas(64) real body_n[64];
    alignas(64) std::int8_t body_spikes[33][64];
    alignas(64) real join_v[64];
    alignas(64) real join_n[64];
    alignas(64) std::int8_t join_spikes[33][64];
    alignas(64) real classes_v[16];
    alignas(64) std::int8_t classes_spikes[33][16];
    alignas(64) std::int8_t layer_1_stem_body_result_1[33][64];
    alignas(64) real layer_1_stem_body_passed[64];
    alignas(64) std::int32_t readout_counts[16];
    alignas(64) bool layer_stem_resting[16];
    alignas(64) bool layer_body_resting[16];
    alignas(64) bool layer_join_resting[16];
};

// What the network learned or was given.
struct Weights {
    alignas(64) real image_k[1];
    alignas(64) real image_vt[1];
    alignas(64) real image_p_initial[1];
    alignas(64) real image_vt_new_initial[1];
    alignas(64) real image_v_initial[1];
    alignas(64) real stem_vt[16];
    alignas(64) real stem_v_initial[1];
    alignas(64) real stem_n_initial[1];
    alignas(64) real body_vt[1];
    alignas(64) real body_v_initial[1];
    alignas(64) real body_n_initial[1];
    alignas(64) real join_vt[1];
    alignas(64) real join_v_initial[1];
    alignas(64) real join_n_initial[1];
    alignas(64) real classes_vt[1];
    alignas(64) real classes_vr[1];
    alignas(64) real classes_v_initial[1];
    alignas(64) real layer_0_image_stem_kernel[384];
    alignas(64) real layer_1_stem_body_kernel[9216];
    alignas(64) real layer_2_body_join_kernel[1024];
    alignas(64) real layer_3_body_join_factors[16];
    alignas(64) real layer_4_join_classes_weights[1024];
    alignas(64) std::int32_t body_places[16];
    alignas(64) std::int32_t join_places[16];
};

// Kernels, in running order.
void layer_image(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_image_scratch();
void layer_stem(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_stem_scratch();
void layer_body(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_body_scratch();
void layer_join(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_join_scratch();
void layer_classes(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_classes_scratch();

}  // namespace network
