// A spiking network of 3 populations, 14 neurons, double precision
#include "annconv/functions.hpp"
#include "annconv/integration.hpp"
#include "annconv/kernels/layer.hpp"
#include "network.hpp"

#ifdef __clang__
// Of a kernel's shape, its source reads what it needs.
#pragma clang diagnostic ignored "-Wunused-const-variable"
#endif

namespace network {

// image: 6 CPN neurons
void update_image(const Weights&, Arena& arena, const Step& step) {
    constexpr int kNeurons = 6;
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real rates = step.rates[neuron];
        real p = arena.image_p[neuron];
        const auto uniform = [&](std::uint32_t draw) {
            return step.uniform(neuron, 0, draw);
        };

        p = uniform(0) * real(1000.0) / dt;

        const bool spiked = p < rates;

        arena.image_p[neuron] = p;
        arena.image_spikes[step.slot + 1][neuron] = spiked ? 1 : 0;
    }
}

namespace {
struct HiddenShape {
    static constexpr annconv::Extents kOut{1, 1, 1};
    static constexpr int kSumBytes = 32;
    static constexpr int kInputs = 6;
    static constexpr int kChannelsOut = 5;
    static constexpr int kTileChannels = 8;
    static constexpr int kSafeAdditions = 0;
    static constexpr int kSkipsResting = 0;
    static constexpr int kVectorBytes = 32;
    static constexpr int kTileSteps = 64;
};

// Where the parameters and the state of HiddenNeuron lie.
struct HiddenNeuronData {
    const real* vt;
    const real* vr;
    real* v;
};

// hidden: 5 IaF neurons, as many as a vector holds.
template <class Value>
struct HiddenNeuron {
    HiddenNeuron([[maybe_unused]] const HiddenNeuronData& data,
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

    void save([[maybe_unused]] const HiddenNeuronData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
    }

    const Value dt;
    const Value vt;
    const Value vr;
    const Value v_least;
    Value v;
};

struct HiddenLayer {
    using Real = real;
    using Shape = HiddenShape;
    using Source = annconv::DenseSource<Shape, Real>;
    using Output = annconv::ByteOutput;
    using NeuronData = HiddenNeuronData;
    template <class Value>
    using Neuron = HiddenNeuron<Value>;
};
}  // namespace

// hidden: 5 IaF neurons
// dense_proj_2: dense of spikes of image, 6 -> 5
void layer_hidden([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                  annconv::LayerLaps laps) {
    const auto output = HiddenLayer::Output::from(arena.hidden_spikes, 1);
    const auto spikes = annconv::ByteSlots::from(arena.image_spikes, 0);
    const HiddenLayer::Source source(spikes, weights.dense_proj_2_weights, tile.steps, tile.scratch);
    const HiddenLayer::NeuronData neuron_data{
        weights.hidden_vt,
        weights.hidden_vr,
        arena.hidden_v,
    };
    annconv::Layer<HiddenLayer> layer(source, output, nullptr, neuron_data, tile, laps);
    layer.run();
}

std::size_t layer_hidden_scratch() { return HiddenLayer::Source::kScratchBytes; }

namespace {
struct ClassesShape {
    static constexpr annconv::Extents kOut{1, 1, 1};
    static constexpr int kSumBytes = 32;
    static constexpr int kInputs = 5;
    static constexpr int kChannelsOut = 3;
    static constexpr int kTileChannels = 4;
    static constexpr int kSafeAdditions = 0;
    static constexpr int kSkipsResting = 0;
    static constexpr int kVectorBytes = 32;
    static constexpr int kTileSteps = 64;
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
// dense_proj_3: dense of spikes of hidden, 5 -> 3
void layer_classes([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                   annconv::LayerLaps laps) {
    const auto output = ClassesLayer::Output::from(arena.classes_spikes, 1);
    const auto spikes = annconv::ByteSlots::from(arena.hidden_spikes, 0);
    const ClassesLayer::Source source(spikes, weights.dense_proj_3_weights, tile.steps, tile.scratch);
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
