// A spiking network of 4 populations, 59 neurons, double precision
#include "network.hpp"

namespace network {

namespace {
struct ImageShape {
    static constexpr annconv::Extents kOut{1, 1, 1};
    static constexpr int kChannelsOut = 16;
    static constexpr int kTileChannels = 16;
    static constexpr int kSkipsResting = 0;
    static constexpr int kVectorBytes = 32;
    static constexpr int kTileSteps = 8;
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
template <class real>
struct ImageNeuron {
    ImageNeuron([[maybe_unused]] const ImageNeuronData& data, [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : dt(kTimeStep),
          a(data.a[0]),
          b(data.b[0]),
          c(data.c[0]),
          d(data.d[0]),
          v_thresh(data.v_thresh[0]),
          v(annconv::load<real>(data.v + place)),
          u(annconv::load<real>(data.u + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] real number, real arrived) {
        const real rates = arrived;

        const real dv_dt = real(0.04) * (v * v) + real(5.0) * v + real(140.0) - u + rates;
        const real du_dt = a * (b * v - u);
        v += dt * dv_dt;
        u += dt * du_dt;

        const auto spiked = v > v_thresh;
        const real v_spiked = c;
        const real u_spiked = u + d;
        v = annconv::select(spiked, v_spiked, v);
        u = annconv::select(spiked, u_spiked, u);
        return spiked;
    }

    void save([[maybe_unused]] const ImageNeuronData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
        annconv::store(u, data.u + place);
    }

    const real dt;
    const real a;
    const real b;
    const real c;
    const real d;
    const real v_thresh;
    real v;
    real u;
};

struct ImageLayer {
    using Real = network::real;
    using Shape = ImageShape;
    using Source = annconv::RatesSource<Shape, Real>;
    using Output = annconv::ByteOutput;
    using NeuronData = ImageNeuronData;
    template <class Value>
    using Neuron = ImageNeuron<Value>;
};
}  // namespace

// image: 4 x 4 x 1 IB neurons
void layer_image([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps) {
    const ImageLayer::Output output{arena.image_spikes[1], 16};
    const ImageLayer::Source source(tile.rates, tile.advance, 16, tile.steps, tile.scratch);
    const ImageLayer::NeuronData neuron_data{weights.image_a, weights.image_b, weights.image_c, weights.image_d, weights.image_v_thresh, arena.image_v, arena.image_u};
    annconv::Layer<ImageLayer>(source, output, nullptr, neuron_data, tile, laps).run();
}

std::size_t layer_image_scratch() { return ImageLayer::Source::kScratchBytes; }

namespace {
struct ConvShape {
    static constexpr annconv::Extents kIn{1, 4, 4};
    static constexpr annconv::Extents kOut{1, 4, 4};
    static constexpr annconv::Extents kSize{1, 2, 2};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 0, 1};
    static constexpr annconv::Extents kDilation{1, 1, 1};
    static constexpr int kChannelsIn = 1;
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
template <class real>
struct ConvNeuron {
    ConvNeuron([[maybe_unused]] const ConvNeuronData& data, [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : dt(kTimeStep),
          vt(annconv::load<real>(data.vt + channel)),
          vr(data.vr[0]),
          mask_tau(data.mask_tau[0]),
          constant_1(real(1.0) + dt * (-(real(1.0) / mask_tau))),
          constant_2(real(1.0) / mask_tau),
          v_least(annconv::in_register(real(-2.0))),
          decay(data.decay[0]),
          v(annconv::load<real>(data.v + place)),
          mask(annconv::load<real>(data.mask + place)),
          trace(annconv::load<real>(data.trace + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] real number, real arrived) {
        trace = decay * trace + arrived;
        const real g_exc = trace;

        const real dv_dt = g_exc;
        v += dt * dv_dt;
        v = annconv::select(v < v_least, v_least, v);
        mask = mask * constant_1;

        const auto spiked = v > vt;
        const real v_spiked = vr;
        const real mask_spiked = mask + constant_2;
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
        return annconv::same_bits(v, other.v) && annconv::same_bits(mask, other.mask) && annconv::same_bits(trace, other.trace);
    }

    real pooled() const { return mask; }

    const real dt;
    const real vt;
    const real vr;
    const real mask_tau;
    const real constant_1;
    const real constant_2;
    const real v_least;
    const real decay;
    real v;
    real mask;
    real trace;
};

// Where the parameters and the state of ConvPooling lie.
struct ConvPoolingData {
    const real* vt;
    const real* vr;
    real* v;
};

// pool: 2 x 2 x 2 IaF neurons, as many as a vector holds.
template <class real>
struct ConvPooling {
    ConvPooling([[maybe_unused]] const ConvPoolingData& data, [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : dt(kTimeStep),
          vt(data.vt[0]),
          vr(data.vr[0]),
          v_least(annconv::in_register(real(-2.0))),
          v(annconv::load<real>(data.v + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] real number, real arrived) {
        const real g_exc = arrived;

        const real dv_dt = g_exc;
        v += dt * dv_dt;
        v = annconv::select(v < v_least, v_least, v);

        const auto spiked = v > vt;
        const real v_spiked = vr;
        v = annconv::select(spiked, v_spiked, v);
        return spiked;
    }

    void save([[maybe_unused]] const ConvPoolingData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
    }

    bool equals(const ConvPooling& other) const {
        return annconv::same_bits(v, other.v);
    }

    const real dt;
    const real vt;
    const real vr;
    const real v_least;
    real v;
};

struct ConvLayer {
    using Real = network::real;
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

// conv: 4 x 4 x 2 IaF neurons -> pool: 2 x 2 x 2 IaF neurons; conv_proj_2: conv 2x2 pad 0,1 1,0 of spikes of image, 4 x 4 x 1 -> 4 x 4 x 2
void layer_conv([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile, annconv::LayerLaps laps) {
    const ConvLayer::Output output{arena.pool_spikes[1], 8};
    const ConvLayer::Source source(annconv::ByteSlots{arena.image_spikes[0], 16}, weights.conv_proj_2_kernel, tile.steps, tile.scratch);
    const ConvLayer::NeuronData neuron_data{weights.conv_vt, weights.conv_vr, weights.conv_mask_tau, weights.conv_proj_2_decay, arena.conv_v, arena.conv_mask, arena.conv_g_exc};
    const ConvLayer::PoolingData pooling_data{weights.pool_vt, weights.pool_vr, arena.pool_v};
    annconv::PooledLayer<ConvLayer>(source, output, arena.layer_conv_resting, neuron_data, pooling_data, tile, laps).run();
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
