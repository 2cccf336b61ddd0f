// A spiking network of 3 populations, 14 neurons, double precision
#pragma once

#include <cstdint>

#include "annconv/kernels.hpp"

namespace network {

using real = double;
using Step = annconv::Step<real>;

constexpr real kTimeStep = real(1.0);  // dt in ms

// What a thread keeps while it runs a sample.
struct Arena {
    alignas(64) real image_p[6];
    alignas(64) std::int8_t image_spikes[6];
    alignas(64) real hidden_v[5];
    alignas(64) std::int8_t hidden_spikes[5];
    alignas(64) real hidden_g_exc[5];
    alignas(64) real classes_v[3];
    alignas(64) std::int8_t classes_spikes[3];
    alignas(64) real classes_g_exc[3];
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
    alignas(64) real dense_proj_2_weights[30];
    alignas(64) real dense_proj_3_weights[15];
};

// Kernels, in running order.
void apply_dense_proj_2(const Weights& weights, Arena& arena, const Step& step);
void apply_dense_proj_3(const Weights& weights, Arena& arena, const Step& step);
void update_image(const Weights& weights, Arena& arena, const Step& step);
void update_hidden(const Weights& weights, Arena& arena, const Step& step);
void update_classes(const Weights& weights, Arena& arena, const Step& step);

}  // namespace network
