// A spiking network of 5 populations, 416 neurons, double precision
#include "annconv/kernels/layer.hpp"
#include "annconv/kernels/signed_source.hpp"
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
    const real* k;
    const real* vt;
    real* p;
    real* vt_new;
    real* v;
};

// image: 4 x 4 x 1 PSO neurons, as many as a vector holds.
template <class Value>
struct ImageNeuron {
    ImageNeuron([[maybe_unused]] const ImageNeuronData& data,
                [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : k(data.k[0]),
          vt(data.vt[0]),
          p(annconv::load<Value>(data.p + place)),
          vt_new(annconv::load<Value>(data.vt_new + place)),
          v(annconv::load<Value>(data.v + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] Value number, Value arrived) {
        const Value rates = arrived;
        const Value t = number * Value(kTimeStep);

        p = annconv::pow(Value(2.0), -Value(1.0) + annconv::modulo(t - Value(1.0), k));
        vt_new = p * vt;
        v = rates;

        const auto spiked = v > vt_new;
        return spiked;
    }

    void save([[maybe_unused]] const ImageNeuronData& data, [[maybe_unused]] int place) const {
        annconv::store(p, data.p + place);
        annconv::store(vt_new, data.vt_new + place);
        annconv::store(v, data.v + place);
    }

    const Value k;
    const Value vt;
    Value p;
    Value vt_new;
    Value v;
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

// image: 4 x 4 x 1 PSO neurons
void layer_image([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                 annconv::LayerLaps laps) {
    const auto output = ImageLayer::Output::from(arena.image_spikes, 1);
    const ImageLayer::Source source(tile.rates, tile.advance, tile.steps, tile.scratch);
    const ImageLayer::NeuronData neuron_data{
        weights.image_k,
        weights.image_vt,
        arena.image_p,
        arena.image_vt_new,
        arena.image_v,
    };
    annconv::Layer<ImageLayer> layer(source, output, nullptr, neuron_data, tile, laps);
    layer.run();
}

std::size_t layer_image_scratch() { return ImageLayer::Source::kScratchBytes; }

namespace {
struct StemShape {
    static constexpr annconv::Extents kIn{1, 4, 4};
    static constexpr annconv::Extents kOut{1, 4, 4};
    static constexpr annconv::Extents kSize{1, 3, 3};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 1, 1};
    static constexpr int kChannelsOut = 16;
    static constexpr int kTileChannels = 16;
    static constexpr int kBlockRows = 2;
    static constexpr int kSkipsResting = 1;
    static constexpr int kVectorBytes = 32;
    static constexpr int kTileSteps = 32;
    static constexpr std::array<int, 2> kPool{2, 2};
    static constexpr int kPoolDelay = 0;
};

// Where the parameters and the state of StemNeuron lie.
struct StemNeuronData {
    const real* vt;
    real* v;
    real* n;
};

// stem: 4 x 4 x 16 Counting neurons, as many as a vector holds.
template <class Value>
struct StemNeuron {
    StemNeuron([[maybe_unused]] const StemNeuronData& data,
               [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : vt(annconv::load<Value>(data.vt + channel)),
          v(annconv::load<Value>(data.v + place)),
          n(annconv::load<Value>(data.n + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] Value number, Value arrived) {
        const Value g_exc = arrived;

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

    void save([[maybe_unused]] const StemNeuronData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
        annconv::store(n, data.n + place);
    }

    bool equals(const StemNeuron& other) const {
        return annconv::same_bits(v, other.v) &&
               annconv::same_bits(n, other.n);
    }

    Value pooled() const { return n; }

    const Value vt;
    Value v;
    Value n;
};

// Where the parameters and the state of StemPooling lie.
struct StemPoolingData {
    real* known;
};

// 1_stem_body: increase of max pool 2x2 stride 2x2 of n of stem, 4 x 4 x 16 -> 2 x 2 x 16, as many as a vector holds.
template <class Value>
struct StemPooling {
    StemPooling([[maybe_unused]] const StemPoolingData& data,
                [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : known(annconv::load<Value>(data.known + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] Value number, Value arrived) {
        const Value g_largest = arrived;

        const auto spiked = g_largest > known;
        const auto unspiked = !spiked && (g_largest < known);
        const Value known_spiked = g_largest;
        known = annconv::select(spiked, known_spiked, known);
        const Value known_unspiked = g_largest;
        known = annconv::select(unspiked, known_unspiked, known);
        return annconv::SignedSpikes{spiked, unspiked};
    }

    void save([[maybe_unused]] const StemPoolingData& data, [[maybe_unused]] int place) const {
        annconv::store(known, data.known + place);
    }

    bool equals(const StemPooling& other) const {
        return annconv::same_bits(known, other.known);
    }

    Value known;
};

struct StemLayer {
    using Real = real;
    using Shape = StemShape;
    using Source = annconv::RowTableSource<Shape, Real>;
    using Output = annconv::ByteOutput;
    using NeuronData = StemNeuronData;
    template <class Value>
    using Neuron = StemNeuron<Value>;
    using PoolingData = StemPoolingData;
    template <class Value>
    using Pooling = StemPooling<Value>;
};
}  // namespace

// stem: 4 x 4 x 16 Counting neurons -> 1_stem_body: increase of max pool 2x2 stride 2x2 of n of stem, 4 x 4 x 16 -> 2 x 2 x 16
// 0_image_stem: conv 3x3 pad 1,1 1,1 of spikes of image, 4 x 4 x 1 -> 4 x 4 x 16
void layer_stem([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                annconv::LayerLaps laps) {
    const auto output = StemLayer::Output::from(arena.layer_1_stem_body_result_1, 1);
    const auto spikes = annconv::ByteSlots::from(arena.image_spikes, 1);
    const StemLayer::Source source(spikes, weights.layer_0_image_stem_kernel, tile.steps, tile.scratch);
    const StemLayer::NeuronData neuron_data{
        weights.stem_vt,
        arena.stem_v,
        arena.stem_n,
    };
    const StemLayer::PoolingData pooling_data{
        arena.layer_1_stem_body_passed,
    };
    annconv::PooledLayer<StemLayer> layer(source, output, arena.layer_stem_resting, neuron_data, pooling_data, tile, laps);
    layer.run();
}

std::size_t layer_stem_scratch() { return StemLayer::Source::kScratchBytes; }

namespace {
struct BodyShape {
    static constexpr annconv::Extents kIn{1, 2, 2};
    static constexpr annconv::Extents kOut{1, 2, 2};
    static constexpr annconv::Extents kSize{1, 3, 3};
    static constexpr annconv::Extents kStride{1, 1, 1};
    static constexpr annconv::Extents kPad{0, 1, 1};
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

// Where the parameters and the state of BodyNeuron lie.
struct BodyNeuronData {
    const real* vt;
    real* v;
    real* n;
};

// body: 2 x 2 x 16 Counting neurons, as many as a vector holds.
template <class Value>
struct BodyNeuron {
    BodyNeuron([[maybe_unused]] const BodyNeuronData& data,
               [[maybe_unused]] int place, [[maybe_unused]] int channel)
        : vt(data.vt[0]),
          v(annconv::load<Value>(data.v + place)),
          n(annconv::load<Value>(data.n + place)) {}

    // One step; returns where neurons spiked.
    auto step([[maybe_unused]] Value number, Value arrived) {
        const Value g_exc = arrived;

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

    void save([[maybe_unused]] const BodyNeuronData& data, [[maybe_unused]] int place) const {
        annconv::store(v, data.v + place);
        annconv::store(n, data.n + place);
    }

    bool equals(const BodyNeuron& other) const {
        return annconv::same_bits(v, other.v) &&
               annconv::same_bits(n, other.n);
    }

    const Value vt;
    Value v;
    Value n;
};

struct BodyLayer {
    using Real = real;
    using Shape = BodyShape;
    using Source = annconv::SignedSource<annconv::ConvolutionSource<Shape, Real>>;
    using Output = annconv::ByteOutput;
    using NeuronData = BodyNeuronData;
    template <class Value>
    using Neuron = BodyNeuron<Value>;
};
}  // namespace

// body: 2 x 2 x 16 Counting neurons
// 1_stem_body: conv 3x3 pad 1,1 1,1 of the result before, 2 x 2 x 16 -> 2 x 2 x 16
void layer_body([[maybe_unused]] const Weights& weights, Arena& arena, const Tile& tile,
                annconv::LayerLaps laps) {
    const auto output = BodyLayer::Output::from(arena.body_spikes, 1);
    const auto spikes = annconv::ByteSlots::from(arena.layer_1_stem_body_result_1, 1);
    const BodyLayer::Source source(spikes, weights.layer_1_stem_body_kernel, tile.steps, tile.scratch);
    const BodyLayer::NeuronData neuron_data{
        weights.body_vt,
        arena.body_v,
        arena.body_n,
    };
    annconv::Layer<BodyLayer> layer(source, output, arena.layer_body_resting, neuron_data, tile, laps);
    layer.run();
}

std::size_t layer_body_scratch() { return BodyLayer::Source::kScratchBytes; }

}  // namespace network
