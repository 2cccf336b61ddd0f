// A spiking network of 3 populations, 83 neurons, double precision
#include "annconv/functions.hpp"
#include "annconv/integration.hpp"
#include "annconv/kernels/convolution.hpp"
#include "annconv/kernels/elementwise.hpp"
#include "annconv/kernels/event_convolution.hpp"
#include "annconv/kernels/layer.hpp"
#include "network.hpp"

#ifdef __clang__
// Of a kernel's shape, its source reads what it needs.
#pragma clang diagnostic ignored "-Wunused-const-variable"
#endif

namespace network {

// image: 4 x 4 x 1 Current neurons
void update_image(const Weights& weights, Arena& arena, const Step& step) {
    constexpr int kNeurons = 16;
    const real gain = weights.image_gain[0];
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real rates = step.rates[neuron];
        real x = arena.image_x[step.slot][neuron];
        real v = arena.image_v[neuron];

        x = gain * rates;
        v = v + rates;

        const bool spiked = v >= real(1.0);
        const real v_spiked = v - real(1.0);
        v = spiked ? v_spiked : v;

        arena.image_x[step.slot + 1][neuron] = x;
        arena.image_v[neuron] = v;
        arena.image_spikes[step.slot + 1][neuron] = spiked ? 1 : 0;
    }
}

namespace {
struct ApplyCurrentShape {
    static constexpr annconv::Extents kIn{1, 4, 4};
    static constexpr annconv::Extents kOut{1, 4, 4};
    static constexpr annconv::Extents kSize{1, 3, 3};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 1, 1};
    static constexpr annconv::Extents kDilation{1, 1, 1};
    static constexpr int kChannelsIn = 1;
    static constexpr int kChannelsOut = 4;
    static constexpr int kGroups = 1;
};
}  // namespace

// current: conv 3x3 pad 1,1 1,1 of x of image, 4 x 4 x 1 -> 4 x 4 x 4
void apply_current(const Weights& weights, Arena& arena, const Step& step) {
    annconv::convolve<ApplyCurrentShape, annconv::Output::kWrite>(arena.image_x[step.slot + 1], weights.current_kernel, arena.apply_current_held);
}

namespace {
struct HandOnApplyCurrentShape {
    static constexpr int kSize = 64;
};
}  // namespace

// current: what was computed once a sample
void hand_on_apply_current(const Weights&, Arena& arena, const Step&) {
    annconv::transfer<HandOnApplyCurrentShape, annconv::Output::kWrite>(arena.apply_current_held, arena.hidden_g_exc);
}

namespace {
struct ApplySpikesShape {
    static constexpr annconv::Extents kIn{1, 4, 4};
    static constexpr annconv::Extents kOut{1, 4, 4};
    static constexpr annconv::Extents kSize{1, 3, 3};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 1, 1};
    static constexpr annconv::Extents kDilation{1, 1, 1};
    static constexpr int kChannelsIn = 1;
    static constexpr int kChannelsOut = 4;
    static constexpr int kSumBytes = 32;
    static constexpr int kTileSteps = 1;
    static constexpr int kTileRows = 2;
    static constexpr int kTileCols = 4;
    static constexpr int kTileChannels = 4;
    static constexpr int kRowsTogether = 1;
    static constexpr int kBlockRows = 2;
    static constexpr int kPatterns = 0;
    static constexpr int kSafeAdditions = 0;
};
}  // namespace

// spikes: conv 3x3 pad 1,1 1,1 of spikes of image, 4 x 4 x 1 -> 4 x 4 x 4
void apply_spikes(const Weights& weights, Arena& arena, const Step& step) {
    annconv::convolve_events<ApplySpikesShape, annconv::Output::kAdd>(arena.image_spikes[step.slot + 1], weights.spikes_kernel, arena.hidden_g_exc, step.scratch);
}

std::size_t apply_spikes_scratch() { return sizeof(annconv::EventScratch<ApplySpikesShape, real>); }

// hidden: 4 x 4 x 4 IaF neurons
void update_hidden(const Weights& weights, Arena& arena, const Step& step) {
    constexpr int kNeurons = 64;
    const real vt = weights.hidden_vt[0];
    const real vr = weights.hidden_vr[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real g_exc = arena.hidden_g_exc[neuron];
        real v = arena.hidden_v[neuron];

        const real dv_dt = g_exc;
        v += dt * dv_dt;
        if (v < real(-2.0)) v = real(-2.0);

        const bool spiked = v > vt;
        const real v_spiked = vr;
        v = spiked ? v_spiked : v;

        arena.hidden_v[neuron] = v;
        arena.hidden_spikes[step.slot + 1][neuron] = spiked ? 1 : 0;
    }
}

namespace {
struct ClassesShape {
    static constexpr annconv::Extents kOut{1, 1, 1};
    static constexpr int kSumBytes = 32;
    static constexpr int kInputs = 64;
    static constexpr int kChannelsOut = 3;
    static constexpr int kTileChannels = 4;
    static constexpr int kSafeAdditions = 0;
    static constexpr int kSkipsResting = 0;
    static constexpr int kVectorBytes = 32;
    static constexpr int kTileSteps = 32;
};

// Where the parameters and the state of ClassesNeuron lie.
struct ClassesNeuronData {
    const real* vt;
    const real* vr;
    real* v;
};

// classes: 3 IaF neurons, as many as a vector holds.
template <class Value>
struct ClassesNeuron {
    ClassesNeuron([[maybe_unused]] const ClassesNeuronData& data,
                  [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : dt(kTimeStep),
          vt(data.vt[0]),
          vr(data.vr[0]),
          v_least(annconv::in_register(Value(-2.0))),
          v(annconv::load<Value>(data.v + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] Value number, Value arrived) {
        const Value g_exc = arrived;

        const Value dv_dt = g_exc;
        v += dt * dv_dt;
        v = annconv::select(v < v_least, v_least, v);

        const auto spiked = v > vt;
        const Value v_spiked = vr;
        v = annconv::select(spiked, v_spiked, v);
        return spiked;
    }

    void save([[maybe_unused]] const ClassesNeuronData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
    }

    const Value dt;
    const Value vt;
    const Value vr;
    const Value v_least;
    Value v;
};

struct ClassesLayer {
    using Real = real;
    using Shape = ClassesShape;
    using Source = annconv::DenseSource<Shape, Real>;
    using Output = annconv::ByteOutput;
    using NeuronData = ClassesNeuronData;
    template <class Value>
    using Neuron = ClassesNeuron<Value>;
};
}  // namespace

// classes: 3 IaF neurons
// classes: dense of spikes of hidden, 64 -> 3
void layer_classes([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                   annconv::LayerLaps laps) {
    const auto output = ClassesLayer::Output::from(arena.classes_spikes, 1);
    const auto spikes = annconv::ByteSlots::from(arena.hidden_spikes, 1);
    const ClassesLayer::Source source(spikes, weights.classes_weights, tile.steps, tile.scratch);
    const ClassesLayer::NeuronData neuron_data{
        weights.classes_vt,
        weights.classes_vr,
        arena.classes_v,
    };
    annconv::Layer<ClassesLayer> layer(source, output, nullptr, neuron_data, tile, laps);
    layer.run();
}

std::size_t layer_classes_scratch() { return ClassesLayer::Source::kScratchBytes; }

}  // namespace network
