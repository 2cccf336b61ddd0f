// A network stepped by hand, with kernels written here: what a step does, what is recorded.
#include "annconv/state.hpp"

#include "check.hpp"

namespace {

const std::string kDigest(64, 's');

struct Weights {
    alignas(64) double step[1];
};

struct Arena {
    alignas(64) double sum[2];
    alignas(64) double v[2];
    alignas(64) std::int8_t spikes[2];
    alignas(64) std::int32_t counts[2];
};

Arena& arena_of(void* memory) { return *static_cast<Arena*>(memory); }

// Each neuron receives the weight, the second one twice.
void deliver(const void* packed, void* memory, const annconv::StateInput&) {
    const auto& weights = *static_cast<const Weights*>(packed);
    arena_of(memory).sum[0] = weights.step[0];
    arena_of(memory).sum[1] = 2 * weights.step[0];
}

// Counts up to 4 and spikes there.
void update(const void*, void* memory, const annconv::StateInput&) {
    auto& arena = arena_of(memory);
    for (int neuron = 0; neuron < 2; ++neuron) {
        arena.v[neuron] += arena.sum[neuron];
        arena.spikes[neuron] = arena.v[neuron] >= 4;
        if (arena.spikes[neuron]) arena.v[neuron] = 0;
    }
}

void reset(const void*, void* memory) { std::memset(memory, 0, sizeof(Arena)); }

void count(void* memory) {
    auto& arena = arena_of(memory);
    for (int neuron = 0; neuron < 2; ++neuron) arena.counts[neuron] += arena.spikes[neuron];
}

bool stopped(const void*, const void* memory) {
    return static_cast<const Arena*>(memory)->counts[1] == 3;
}

constexpr annconv::StateArray kBuffers[] = {
    {"sum", annconv::Element::kReal, 2, offsetof(Arena, sum)},
    {"v", annconv::Element::kReal, 2, offsetof(Arena, v)},
    {"spikes", annconv::Element::kSpike, 2, offsetof(Arena, spikes)},
    {"counts", annconv::Element::kCount, 2, offsetof(Arena, counts)},
};
constexpr annconv::StateArray kPacked[] = {{"step", annconv::Element::kReal, 1, 0}};
constexpr annconv::StateKernel kKernels[] = {
    {deliver, -1, 0, 0, true},
    {update, 0, -1, -1, false},
};
constexpr std::int32_t kSpikes[] = {2};
constexpr annconv::StateConductance kConductances[] = {{0, 0}};

annconv::StateTable table() {
    return {annconv::kStateVersion,
            kDigest.c_str(),
            sizeof(double),
            0,
            1,
            sizeof(Weights),
            sizeof(Arena),
            {kBuffers, 4},
            {kPacked, 1},
            {kKernels, 2},
            {kSpikes, 1},
            {kConductances, 1},
            reset,
            count,
            stopped};
}

std::string packed(double step) {
    Weights weights{};
    weights.step[0] = step;
    const std::string payload(reinterpret_cast<const char*>(&weights), sizeof weights);
    annconv::WeightsHeader header{};
    header.magic = annconv::kWeightsMagic;
    header.version = annconv::kWeightsVersion;
    header.checksum = annconv::crc32(payload);
    header.length = payload.size();
    std::memcpy(header.digest.data(), kDigest.data(), kDigest.size());
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

std::int32_t run(annconv::State& state, std::int32_t steps, bool stops = false) {
    std::vector<annconv::ValueRecorder> values;
    std::vector<annconv::SpikeRecorder> spikes;
    return state.advance({steps, {}, stops}, values, spikes, [] { return true; });
}

double v(annconv::State& state, int neuron) { return arena_of(state.arena()).v[neuron]; }

void records(const annconv::StateTable& network) {
    annconv::State state(network, packed(1));
    const std::int32_t second[] = {1};
    std::vector<double> rows(4), picked(2), found(4);
    std::vector<annconv::ValueRecorder> values = {
        {state.buffer(1), nullptr, 0, annconv::Element::kReal, nullptr, 2, 2, 1, rows.data()},
        {state.buffer(3), nullptr, 0, annconv::Element::kCount, second, 1, 3, 0, picked.data()},
        {state.buffer(1), state.buffer(0), 0, annconv::Element::kReal, second, 1, 1, 0,
         found.data()},
    };
    std::vector<annconv::SpikeRecorder> spikes = {
        {static_cast<const std::int8_t*>(state.buffer(2)), nullptr, 2, {}},
        {static_cast<const std::int8_t*>(state.buffer(2)), second, 1, {}},
    };
    const annconv::StateRun four{4, {nullptr, 0, 0, 10}, false};
    CHECK(state.advance(four, values, spikes, [] { return true; }) == 4);
    CHECK((rows == std::vector<double>{2, 0, 0, 0}));  // after the second and the fourth step
    CHECK((picked == std::vector<double>{0, 2}));      // after the first and the fourth
    // The second neuron as each step finds it, with the 2 that arrive; at 4 it spikes.
    CHECK((found == std::vector<double>{2, 4, 2, 4}));
    CHECK(values[0].written == 2 && values[1].written == 2);
    CHECK((spikes[0].spikes == std::vector<std::int32_t>{11, 1, 13, 0, 13, 1}));
    CHECK((spikes[1].spikes == std::vector<std::int32_t>{11, 1, 13, 1}));
}

void switches(const annconv::StateTable& network) {
    annconv::State state(network, packed(1));
    run(state, 1);
    CHECK(v(state, 0) == 1 && v(state, 1) == 2);
    state.transmits()[0] = 0;
    run(state, 1);
    CHECK(v(state, 0) == 1);
    state.given(0)[0] = 0.5;  // arrives once, even in a run of several steps
    run(state, 3);
    CHECK(v(state, 0) == 1.5 && state.given(0)[0] == 0);
    state.transmits()[0] = 1;
    run(state, 1);
    CHECK(arena_of(state.arena()).spikes[1] == 1);
    state.enabled()[0] = 0;
    run(state, 2);
    CHECK(v(state, 0) == 2.5 && arena_of(state.arena()).spikes[1] == 0);
    state.reset();
    CHECK(v(state, 0) == 0);
}

void rates() {
    annconv::RateMeter meter;
    meter.rates.assign(1, 0.0);
    meter.start(2, 500.0);
    const std::int8_t fired[] = {1}, silent[] = {0}, negative[] = {-1};
    meter.add(fired, 0);
    CHECK(meter.rates[0] == 500);
    meter.add(negative, 1);  // an emission, whatever its sign
    CHECK(meter.rates[0] == 1000);
    meter.add(silent, 2);
    CHECK(meter.rates[0] == 500);
    meter.start(4, 250.0);  // a larger window keeps what is known
    meter.add(silent, 3);
    CHECK(meter.rates[0] == 250);
    meter.add(fired, 0);  // the time was set back: what is known stays until the time comes
    CHECK(meter.rates[0] == 500);
    meter.add(silent, 4);
    CHECK(meter.rates[0] == 500);
    meter.add(silent, 5);  // both go
    CHECK(meter.rates[0] == 0);
    meter.add(fired, 6);
    meter.clear();
    CHECK(meter.rates[0] == 250);
    meter.add(silent, 7);
    CHECK(meter.rates[0] == 0);
}

}  // namespace

int main() {
    const annconv::StateTable network = table();
    records(network);
    switches(network);
    rates();

    annconv::State state(network, packed(2));
    CHECK(run(state, 100, true) == 3);  // the second neuron spikes in every step
    state.reset();
    CHECK(run(state, 100) == 100);
    std::vector<annconv::ValueRecorder> values;
    std::vector<annconv::SpikeRecorder> spikes;
    int asked = 0;
    CHECK(state.advance({100, {}, false}, values, spikes, [&] { return ++asked < 8; }) == 7);
    CHECK_THROWS(annconv::State(network, "damaged"), "packed weights");
    return 0;
}
