// A spiking network of 5 populations, 416 neurons, double precision
#include "annconv/integration.hpp"
#include "annconv/kernels/element_source.hpp"
#include "annconv/kernels/joint_source.hpp"
#include "annconv/kernels/layer.hpp"
#include "annconv/kernels/signed_source.hpp"
#include "network.hpp"

#ifdef __clang__
// Of a kernel's shape, its source reads what it needs.
#pragma clang diagnostic ignored "-Wunused-const-variable"
#endif

namespace network {

namespace {
struct JoinShape1 {
    static constexpr annconv::Extents kIn{1, 2, 2};
    static constexpr annconv::Extents kOut{1, 2, 2};
    static constexpr annconv::Extents kSize{1, 1, 1};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 0, 0};
    static constexpr int kChannelsOut = 16;
    static constexpr annconv::Extents kDilation{1, 1, 1};
    static constexpr int kChannelsIn = 16;
    static constexpr int kSumBytes = 32;
    static constexpr int kTileRows = 1;
    static constexpr int kTileCols = 2;
    static constexpr int kTileChannels = 16;
    static constexpr int kRowsTogether = 1;
    static constexpr int kBlockRows = 1;
    static constexpr int kPatterns = 1;
    static constexpr int kSafeAdditions = 0;
    static constexpr int kSkipsResting = 1;
    static constexpr int kVectorBytes = 32;
    static constexpr int kTileSteps = 32;
};

struct JoinShape2 {
    static constexpr annconv::Extents kIn{1, 2, 2};
    static constexpr annconv::Extents kOut{1, 2, 2};
    static constexpr int kChannelsOut = 16;
    static constexpr int kTileChannels = 16;
    static constexpr int kBlockRows = 1;
    static constexpr int kSkipsResting = 1;
    static constexpr int kVectorBytes = 32;
    static constexpr int kTileSteps = 32;
};

// Where the parameters and the state of JoinNeuron lie.
struct JoinNeuronData {
    const real* vt;
    const real* factor_2;
    real* v;
    real* n;
};

// join: 2 x 2 x 16 Counting neurons, as many as a vector holds.
template <class Value>
struct JoinNeuron {
    JoinNeuron([[maybe_unused]] const JoinNeuronData& data,
               [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : vt(data.vt[0]),
          factor_2(annconv::load<Value>(data.factor_2 + channel)),
          v(annconv::load<Value>(data.v + place)),
          n(annconv::load<Value>(data.n + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] Value number, const std::array<Value, 2>& arrived) {
        const Value g_exc = arrived[0] + factor_2 * arrived[1];

        v = v + g_exc;

        const auto spiked = v >= vt;
        const auto unspiked = !spiked && (v < Value(0.0) && n > Value(0.0));
        const Value v_spiked = v - vt;
        const Value n_spiked = n + Value(1.0);
        v = annconv::select(spiked, v_spiked, v);
        n = annconv::select(spiked, n_spiked, n);
        const Value v_unspiked = v + vt;
        const Value n_unspiked = n - Value(1.0);
        v = annconv::select(unspiked, v_unspiked, v);
        n = annconv::select(unspiked, n_unspiked, n);
        return annconv::SignedSpikes{spiked, unspiked};
    }

    void save([[maybe_unused]] const JoinNeuronData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
        annconv::store(n, data.n + place);
    }

    bool equals(const JoinNeuron& other) const {
        return annconv::same_bits(v, other.v) &&
               annconv::same_bits(n, other.n);
    }

    const Value vt;
    const Value factor_2;
    Value v;
    Value n;
};

struct JoinLayer {
    using Real = real;
    using Shape = JoinShape1;
    using Source1 = annconv::SignedSource<annconv::ConvolutionSource<JoinShape1, Real>>;
    using Source2 = annconv::ElementSource<JoinShape2, annconv::ByteSlots>;
    using Source = annconv::JointSource<Source1, Source2>;
    using Output = annconv::ByteOutput;
    using NeuronData = JoinNeuronData;
    template <class Value>
    using Neuron = JoinNeuron<Value>;
};
}  // namespace

// join: 2 x 2 x 16 Counting neurons
// 2_body_join: conv 1x1 of spikes of body, 2 x 2 x 16 -> 2 x 2 x 16 + 3_body_join: scale of spikes of body, 2 x 2 x 16 -> 2 x 2 x 16
void layer_join([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                annconv::LayerLaps laps) {
    const auto output = JoinLayer::Output::from(arena.join_spikes, 1);
    const auto spikes = annconv::ByteSlots::from(arena.body_spikes, 1);
    const auto spikes_2 = annconv::ByteSlots::from(arena.body_spikes, 1);
    const JoinLayer::Source source(
        JoinLayer::Source1(spikes, weights.layer_2_body_join_kernel, tile.steps,
                           tile.scratch + JoinLayer::Source::scratch_of(0)),
        JoinLayer::Source2(spikes_2, tile.steps,
                           tile.scratch + JoinLayer::Source::scratch_of(1)));
    const JoinLayer::NeuronData neuron_data{
        weights.join_vt,
        weights.layer_3_body_join_factors,
        arena.join_v,
        arena.join_n,
    };
    annconv::Layer<JoinLayer> layer(source, output, arena.layer_join_resting, neuron_data, tile, laps);
    layer.run();
}

std::size_t layer_join_scratch() { return JoinLayer::Source::kScratchBytes; }

namespace {
struct ClassesShape {
    static constexpr annconv::Extents kOut{1, 1, 1};
    static constexpr int kSumBytes = 32;
    static constexpr int kInputs = 64;
    static constexpr int kChannelsOut = 16;
    static constexpr int kTileChannels = 16;
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

// classes: 16 IaF neurons, as many as a vector holds.
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
    using Source = annconv::SignedSource<annconv::DenseSource<Shape, Real>>;
    using Output = annconv::ByteOutput;
    using NeuronData = ClassesNeuronData;
    template <class Value>
    using Neuron = ClassesNeuron<Value>;
};
}  // namespace

// classes: 16 IaF neurons
// 4_join_classes: dense of spikes of join, 64 -> 16
void layer_classes([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                   annconv::LayerLaps laps) {
    const auto output = ClassesLayer::Output::from(arena.classes_spikes, 1);
    const auto spikes = annconv::ByteSlots::from(arena.join_spikes, 1);
    const ClassesLayer::Source source(spikes, weights.layer_4_join_classes_weights, tile.steps, tile.scratch);
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
