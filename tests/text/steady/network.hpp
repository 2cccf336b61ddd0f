// A spiking network of 3 populations, 83 neurons, double precision
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
    alignas(64) real image_x[33][16];
    alignas(64) real image_v[16];
    alignas(64) std::int8_t image_spikes[33][16];
    alignas(64) real hidden_v[64];
    alignas(64) std::int8_t hidden_spikes[33][64];
    alignas(64) real hidden_g_exc[64];
    alignas(64) real classes_v[4];
    alignas(64) std::int8_t classes_spikes[33][3];
    alignas(64) std::int32_t readout_counts[3];
    alignas(64) real apply_current_held[64];
};

// What the network learned or was given.
struct Weights {
    alignas(64) real image_gain[1];
    alignas(64) real image_x_initial[1];
    alignas(64) real image_v_initial[1];
    alignas(64) real hidden_vt[1];
    alignas(64) real hidden_vr[1];
    alignas(64) real hidden_v_initial[1];
    alignas(64) real classes_vt[1];
    alignas(64) real classes_vr[1];
    alignas(64) real classes_v_initial[1];
    alignas(64) real current_kernel[36];
    alignas(64) real spikes_kernel[36];
    alignas(64) real classes_weights[256];
};

// Kernels, in running order.
void update_image(const Weights& weights, Arena& arena, const Step& step);
void apply_current(const Weights& weights, Arena& arena, const Step& step);
void hand_on_apply_current(const Weights& weights, Arena& arena, const Step& step);
void apply_spikes(const Weights& weights, Arena& arena, const Step& step);
std::size_t apply_spikes_scratch();
void update_hidden(const Weights& weights, Arena& arena, const Step& step);
void layer_classes(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_classes_scratch();

}  // namespace network
