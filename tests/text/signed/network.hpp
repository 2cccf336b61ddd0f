// A spiking network of 3 populations, 12 neurons, double precision
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "annconv/tile.hpp"

namespace network {

using real = double;
using Step = annconv::Step<real>;
using Tile = annconv::Tile<real>;

constexpr real kTimeStep = real(0.5);  // dt in ms

// What a thread keeps while it runs a sample.
struct Arena {
    std::int32_t executed;  // steps of the last tile
    alignas(64) real image_p[4];
    alignas(64) std::int8_t image_spikes[65][4];
    alignas(64) real both_v[6];
    alignas(64) std::int8_t both_spikes[65][6];
    alignas(64) real both_g_exc[6];
    alignas(64) real classes_v[2];
    alignas(64) std::int8_t classes_spikes[65][2];
    alignas(64) real classes_g_exc[2];
    alignas(64) std::int32_t readout_counts[2];
};

// What the network learned or was given.
struct Weights {
    alignas(64) real image_p_initial[1];
    alignas(64) real both_vt[6];
    alignas(64) real both_vu[1];
    alignas(64) real both_v_initial[6];
    alignas(64) real classes_vt[1];
    alignas(64) real classes_vr[1];
    alignas(64) real classes_v_initial[1];
    alignas(64) real a_weights[24];
    alignas(64) real b_weights[12];
};

// Kernels, in running order.
void update_image(const Weights& weights, Arena& arena, const Step& step);
void apply_a(const Weights& weights, Arena& arena, const Step& step);
void update_both(const Weights& weights, Arena& arena, const Step& step);
void apply_b(const Weights& weights, Arena& arena, const Step& step);
void update_classes(const Weights& weights, Arena& arena, const Step& step);

}  // namespace network
