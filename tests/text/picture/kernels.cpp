// A spiking network of 4 populations, 59 neurons, double precision
#include "annconv/functions.hpp"
#include "annconv/integration.hpp"
#include "annconv/kernels/dense.hpp"
#include "annconv/kernels/layer.hpp"
#include "network.hpp"

#ifdef __clang__
// Of a kernel's shape, its source reads what it needs.
#pragma clang diagnostic ignored "-Wunused-const-variable"
#endif

namespace network {

namespace {
struct ImageShape {
    static constexpr annconv::Extents kOut{1, 1, 1};
    static constexpr int kChannelsOut = 16;
    static constexpr int kTileChannels = 16;
    static constexpr int kSkipsResting = 0;
    static constexpr int kVectorBytes = 32;
};

// Where the parameters and the state of ImageNeuron lie.
struct ImageNeuronData {
    const real* a;
    const real* b;
    const real* c;
    const real* d;
    const real* v_thresh;
    real* v;
    real* u;
};

// image: 4 x 4 x 1 IB neurons, as many as a vector holds.
template <class Value>
struct ImageNeuron {
    ImageNeuron([[maybe_unused]] const ImageNeuronData& data,
                [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : dt(kTimeStep),
          a(data.a[0]),
          b(data.b[0]),
          c(data.c[0]),
          d(data.d[0]),
          v_thresh(data.v_thresh[0]),
          v(annconv::load<Value>(data.v + place)),
          u(annconv::load<Value>(data.u + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] Value number, Value arrived) {
        const Value rates = arrived;

        const Value dv_dt = Value(0.04) * (v * v) + Value(5.0) * v + Value(140.0) - u + rates;
        const Value du_dt = a * (b * v - u);
        v += dt * dv_dt;
        u += dt * du_dt;

        const auto spiked = v > v_thresh;
        const Value v_spiked = c;
        const Value u_spiked = u + d;
        v = annconv::select(spiked, v_spiked, v);
        u = annconv::select(spiked, u_spiked, u);
        return spiked;
    }

    void save([[maybe_unused]] const ImageNeuronData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
        annconv::store(u, data.u + place);
    }

    const Value dt;
    const Value a;
    const Value b;
    const Value c;
    const Value d;
    const Value v_thresh;
    Value v;
    Value u;
};

struct ImageLayer {
    using Real = real;
    using Shape = ImageShape;
    using Source = annconv::RatesSource<Shape, Real>;
    using Output = annconv::ByteOutput;
    using NeuronData = ImageNeuronData;
    template <class Value>
    using Neuron = ImageNeuron<Value>;
};
}  // namespace

// image: 4 x 4 x 1 IB neurons
void layer_image([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                 annconv::LayerLaps laps) {
    const auto output = ImageLayer::Output::from(arena.image_spikes, 1);
    const ImageLayer::Source source(tile.rates, tile.advance, tile.steps, tile.scratch);
    const ImageLayer::NeuronData neuron_data{
        weights.image_a,
        weights.image_b,
        weights.image_c,
        weights.image_d,
        weights.image_v_thresh,
        arena.image_v,
        arena.image_u,
    };
    annconv::Layer<ImageLayer> layer(source, output, nullptr, neuron_data, tile, laps);
    layer.run();
}

std::size_t layer_image_scratch() { return ImageLayer::Source::kScratchBytes; }

namespace {
struct ConvShape {
    static constexpr annconv::Extents kIn{1, 4, 4};
    static constexpr annconv::Extents kOut{1, 4, 4};
    static constexpr annconv::Extents kSize{1, 2, 2};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 0, 1};
    static constexpr int kChannelsOut = 2;
    static constexpr int kTileChannels = 4;
    static constexpr int kBlockRows = 2;
    static constexpr int kSkipsResting = 1;
    static constexpr int kVectorBytes = 32;
    static constexpr int kTileSteps = 8;
    static constexpr std::array<int, 2> kPool{2, 2};
    static constexpr int kPoolDelay = 1;
};

// Where the parameters and the state of ConvNeuron lie.
struct ConvNeuronData {
    const real* vt;
    const real* vr;
    const real* mask_tau;
    const real* decay;
    real* v;
    real* mask;
    real* trace;
};

// conv: 4 x 4 x 2 IaF neurons, as many as a vector holds.
template <class Value>
struct ConvNeuron {
    ConvNeuron([[maybe_unused]] const ConvNeuronData& data,
               [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : dt(kTimeStep),
          vt(annconv::load<Value>(data.vt + channel)),
          vr(data.vr[0]),
          mask_tau(data.mask_tau[0]),
          constant_1(Value(1.0) + dt * (-(Value(1.0) / mask_tau))),
          constant_2(Value(1.0) / mask_tau),
          v_least(annconv::in_register(Value(-2.0))),
          decay(data.decay[0]),
          v(annconv::load<Value>(data.v + place)),
          mask(annconv::load<Value>(data.mask + place)),
          trace(annconv::load<Value>(data.trace + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] Value number, Value arrived) {
        trace = decay * trace + arrived;
        const Value g_exc = trace;

        const Value dv_dt = g_exc;
        v += dt * dv_dt;
        v = annconv::select(v < v_least, v_least, v);
        mask = mask * constant_1;

        const auto spiked = v > vt;
        const Value v_spiked = vr;
        const Value mask_spiked = mask + constant_2;
        v = annconv::select(spiked, v_spiked, v);
        mask = annconv::select(spiked, mask_spiked, mask);
        return spiked;
    }

    void save([[maybe_unused]] const ConvNeuronData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
        annconv::store(mask, data.mask + place);
        annconv::store(trace, data.trace + place);
    }

    bool equals(const ConvNeuron& other) const {
        return annconv::same_bits(v, other.v) &&
               annconv::same_bits(mask, other.mask) &&
               annconv::same_bits(trace, other.trace);
    }

    Value pooled() const { return mask; }

    const Value dt;
    const Value vt;
    const Value vr;
    const Value mask_tau;
    const Value constant_1;
    const Value constant_2;
    const Value v_least;
    const Value decay;
    Value v;
    Value mask;
    Value trace;
};

// Where the parameters and the state of ConvPooling lie.
struct ConvPoolingData {
    const real* vt;
    const real* vr;
    real* v;
};

// pool: 2 x 2 x 2 IaF neurons, as many as a vector holds.
template <class Value>
struct ConvPooling {
    ConvPooling([[maybe_unused]] const ConvPoolingData& data,
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

    void save([[maybe_unused]] const ConvPoolingData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
    }

    bool equals(const ConvPooling& other) const {
        return annconv::same_bits(v, other.v);
    }

    const Value dt;
    const Value vt;
    const Value vr;
    const Value v_least;
    Value v;
};

struct ConvLayer {
    using Real = real;
    using Shape = ConvShape;
    using Source = annconv::RowTableSource<Shape, Real>;
    using Output = annconv::ByteOutput;
    using NeuronData = ConvNeuronData;
    template <class Value>
    using Neuron = ConvNeuron<Value>;
    using PoolingData = ConvPoolingData;
    template <class Value>
    using Pooling = ConvPooling<Value>;
};
}  // namespace

// conv: 4 x 4 x 2 IaF neurons -> pool: 2 x 2 x 2 IaF neurons
// conv_proj_2: conv 2x2 pad 0,1 1,0 of spikes of image, 4 x 4 x 1 -> 4 x 4 x 2
void layer_conv([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                annconv::LayerLaps laps) {
    const auto output = ConvLayer::Output::from(arena.pool_spikes, 1);
    const auto spikes = annconv::ByteSlots::from(arena.image_spikes, 0);
    const ConvLayer::Source source(spikes, weights.conv_proj_2_kernel, tile.steps, tile.scratch);
    const ConvLayer::NeuronData neuron_data{
        weights.conv_vt,
        weights.conv_vr,
        weights.conv_mask_tau,
        weights.conv_proj_2_decay,
        arena.conv_v,
        arena.conv_mask,
        arena.conv_trace_exc,
    };
    const ConvLayer::PoolingData pooling_data{
        weights.pool_vt,
        weights.pool_vr,
        arena.pool_v,
    };
    annconv::PooledLayer<ConvLayer> layer(source, output, arena.layer_conv_resting, neuron_data, pooling_data, tile, laps);
    layer.run();
}

std::size_t layer_conv_scratch() { return ConvLayer::Source::kScratchBytes; }

namespace {
struct ApplyDenseProj4Shape {
    static constexpr int kInputs = 8;
    static constexpr int kOutputs = 3;
};
}  // namespace

// dense_proj_4: dense of spikes of pool, 8 -> 3
void apply_dense_proj_4(const Weights& weights, Arena& arena, const Step& step) {
    annconv::multiply_events<ApplyDenseProj4Shape, annconv::Output::kWrite>(arena.pool_spikes[step.slot], weights.dense_proj_4_weights, arena.classes_g_exc);
}

// classes: 3 IaF neurons
void update_classes(const Weights& weights, Arena& arena, const Step& step) {
    constexpr int kNeurons = 3;
    const real vt = weights.classes_vt[0];
    const real vr = weights.classes_vr[0];
    constexpr real dt = kTimeStep;
    for (int neuron = 0; neuron < kNeurons; ++neuron) {
        const real g_exc = arena.classes_g_exc[neuron];
        real v = arena.classes_v[neuron];

        const real dv_dt = g_exc;
        v += dt * dv_dt;
        if (v < real(-2.0)) v = real(-2.0);

        const bool spiked = v > vt;
        const real v_spiked = vr;
        v = spiked ? v_spiked : v;

        arena.classes_v[neuron] = v;
        arena.classes_spikes[step.slot + 1][neuron] = spiked ? 1 : 0;
    }
}

}  // namespace network
