// A spiking network of 3 populations, 14 neurons, double precision
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
    alignas(64) real image_p[6];
    alignas(64) std::int8_t image_spikes[65][6];
    alignas(64) real hidden_v[8];
    alignas(64) std::int8_t hidden_spikes[65][5];
    alignas(64) real classes_v[4];
    alignas(64) std::int8_t classes_spikes[65][3];
    alignas(64) std::int32_t readout_counts[3];
};

// What the network learned or was given.
struct Weights {
    alignas(64) real image_p_initial[1];
    alignas(64) real hidden_vt[1];
    alignas(64) real hidden_vr[1];
    alignas(64) real hidden_v_initial[1];
    alignas(64) real classes_vt[1];
    alignas(64) real classes_vr[1];
    alignas(64) real classes_v_initial[1];
    alignas(64) real dense_proj_2_weights[48];
    alignas(64) real dense_proj_3_weights[20];
};

// Kernels, in running order.
void update_image(const Weights& weights, Arena& arena, const Step& step);
void layer_hidden(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_hidden_scratch();
void layer_classes(const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps);
std::size_t layer_classes_scratch();

}  // namespace network
