// Where memory ends while samples run or a network is stepped: one exception, and nothing is lost.
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <stdexcept>
#include <string>

#include "annconv/runner.hpp"
#include "annconv/spike_trains.hpp"
#include "annconv/state.hpp"

#include "failing_new.hpp"

namespace {

const char* const kParts[] = {"all"};

constexpr int kNeurons = 3;
constexpr int kSteps = 40;

// Every neuron spikes in every step.
struct Busy {
    using Real = double;
    struct Arena {
        std::int8_t spikes[kNeurons];
        std::int32_t steps;
    };
    struct Weights {};

    static constexpr int kInputs = 1, kOutputs = 1, kTile = 8, kPopulations = 2, kBlocks = 2;
    static constexpr int kSizes[] = {1, kNeurons};

    static void reset(const Weights&, Arena& arena) {
        arena.steps = 0;
        std::memset(arena.spikes, 1, sizeof arena.spikes);
    }
    static std::size_t scratch_bytes() { return 100; }
    static std::int32_t advance(const Weights&, Arena& arena, const annconv::Tile<double>& tile) {
        if (tile.team.leads()) arena.steps += tile.steps;
        tile.team.sync();
        return tile.steps;
    }
    static annconv::EmittedSpikes spikes(const Weights&, const Arena& arena, int population,
                                         std::int32_t) {
        return population == 1 ? arena.spikes : annconv::EmittedSpikes();
    }
    static bool stopped(const Weights&, const Arena&) { return false; }
    static void read_out(const Weights&, const Arena& arena, std::int32_t* counts,
                         double* outputs) {
        counts[0] = arena.steps;
        outputs[0] = arena.steps;
    }
};

struct Recorder : annconv::RunObserver {
    explicit Recorder(annconv::SpikeTrains& trains) : trains_(trains) {}
    void spike(std::int64_t sample, std::int32_t population, std::int32_t step, std::int32_t rank,
               std::int8_t sign) override {
        trains_.add(sample, population, {step, rank, sign});
    }
    bool proceed(std::int64_t) override { return true; }
    annconv::SpikeTrains& trains_;
};

struct Results {
    std::int32_t counts[4] = {};
    double outputs[4] = {};
    std::int32_t stopped_at[4] = {};
};

annconv::RunRequest request(int samples, int threads, annconv::RunObserver& observer,
                            Results& results) {
    static const double rates[4] = {};
    static const std::uint8_t record[] = {0, 1};
    annconv::RunRequest made{};
    made.samples = rates;
    made.count = samples;
    made.frames = 1;
    made.steps = kSteps;
    made.threads = threads;
    made.record = record;
    made.observer = &observer;
    made.counts = results.counts;
    made.outputs = results.outputs;
    made.stopped_at = results.stopped_at;
    return made;
}

const annconv::NetworkTable kBusy = annconv::make_table<Busy>("busy", kParts);

bool run_busy(const annconv::RunRequest& request) {
    const Busy::Weights weights;
    annconv::Workspace workspace;
    return annconv::run(kBusy, &weights, request, workspace);
}

// All samples recorded, in full.
void run_and_check(int samples, int threads) {
    Results results;
    annconv::SpikeTrains trains(samples, {1}, std::int64_t{1} << 40);
    Recorder observer(trains);
    CHECK(run_busy(request(samples, threads, observer, results)));
    for (const auto& train : trains.trains().at(1)) {
        CHECK(train.size() == kSteps * kNeurons);
        CHECK(train.back().step == kSteps - 1 && train.back().rank == kNeurons - 1);
    }
    for (int sample = 0; sample < samples; ++sample) CHECK(results.stopped_at[sample] == kSteps);
}

// Only the first run of a workspace allocates.
void later_runs_allocate_nothing(int samples, int threads) {
    struct Quiet : annconv::RunObserver {
        void spike(std::int64_t, std::int32_t, std::int32_t, std::int32_t, std::int8_t) override {}
        bool proceed(std::int64_t) override { return true; }
    } observer;
    const Busy::Weights weights;
    Results results;
    annconv::Workspace workspace;
    const annconv::RunRequest made = request(samples, threads, observer, results);
    CHECK(annconv::run(kBusy, &weights, made, workspace));
    failing_new::until_failure = 0;
    for (int run = 0; run < 3; ++run) CHECK(annconv::run(kBusy, &weights, made, workspace));
    CHECK(failing_new::until_failure == 0);
    failing_new::until_failure = -1;
}

// A limit ends the run; what was run until then is told.
void limits(int samples, int threads) {
    Results results;
    annconv::SpikeTrains trains(samples, {1}, 16 * sizeof(annconv::Spike));
    Recorder observer(trains);
    bool thrown = false;
    try {
        run_busy(request(samples, threads, observer, results));
    } catch (const std::bad_alloc&) {
        thrown = true;
    }
    CHECK(thrown && trains.bytes() > std::int64_t{16 * sizeof(annconv::Spike)});
    for (const auto steps : results.stopped_at) CHECK(steps < kSteps);
}

// Where the system gives no threads, one runs everything.
void no_threads() {
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
    rlimit limit{};
    CHECK(getrlimit(RLIMIT_AS, &limit) == 0);
    long pages = 0;
    std::FILE* const file = std::fopen("/proc/self/statm", "r");
    CHECK(file != nullptr && std::fscanf(file, "%ld", &pages) == 1);
    std::fclose(file);
    const rlimit tight{static_cast<rlim_t>(pages * sysconf(_SC_PAGESIZE) + (1 << 20)),
                       limit.rlim_max};  // less than the stack of a thread
    CHECK(setrlimit(RLIMIT_AS, &tight) == 0);
    CHECK(annconv::ThreadPool().grow(2) == 1);
    for (const int samples : {1, 4}) run_and_check(samples, 4);
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0);
    CHECK(annconv::ThreadPool().grow(2) == 2);
#endif
}

// Whatever an observer throws comes back, too, from the thread that asks.
void other_exceptions() {
    struct Refuses : annconv::RunObserver {
        void spike(std::int64_t, std::int32_t, std::int32_t, std::int32_t, std::int8_t) override {
            throw std::runtime_error("no spikes");
        }
        bool proceed(std::int64_t) override { return true; }
    } observer;
    Results results;
    for (const int threads : {1, 2, 4}) {
        CHECK_THROWS(run_busy(request(2, threads, observer, results)), "no spikes");
    }
}

// A network to be stepped, without kernels: two neurons that always spike.
const std::string kDigest(64, 's');
constexpr annconv::StateArray kBuffers[] = {
    {"spikes", annconv::Element::kSpike, 2, 0},
    {"sum", annconv::Element::kDouble, 2, 64},
};
constexpr std::int32_t kSpikes[] = {0};
constexpr annconv::StateConductance kConductances[] = {{0, 1}};

annconv::StateTable table() {
    annconv::StateTable made{};
    made.digest = kDigest.c_str();
    made.real_bytes = 8;
    made.projections = 1;
    made.weights_bytes = 8;
    made.arena_bytes = 128;
    made.buffers = {kBuffers, 2};
    made.packed = {nullptr, 0};
    made.kernels = {nullptr, 0};
    made.spikes = {kSpikes, 1};
    made.conductances = {kConductances, 1};
    made.reset = [](const void*, void* arena) { std::memset(arena, 1, 2); };
    made.count = [](void*) {};
    made.stopped = [](const void*, const void*) { return false; };
    return made;
}

std::string packed() {
    const std::string payload(8, '\0');
    annconv::WeightsHeader header{annconv::kWeightsMagic,
                                  annconv::kWeightsVersion,
                                  annconv::crc32(payload),
                                  payload.size(),
                                  {},
                                  {}};
    kDigest.copy(header.digest.data(), header.digest.size());
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) + payload;
}

void meters(const annconv::StateTable& network, const std::string& data) {
    annconv::State state(network, data);
    auto& meter = state.meters()[0];
    failing_new::until_failure = 0;
    bool thrown = false;
    try {
        meter.start(2, 500.0);
    } catch (const std::bad_alloc&) {
        thrown = true;
    }
    failing_new::until_failure = -1;
    CHECK(thrown && meter.window == 0);
    meter.start(2, 500.0);
    const std::int8_t fired[] = {1, 1};
    for (int step = 0; step < 3; ++step) meter.add(fired, step);
    CHECK(meter.rates[1] == 1000);
}

// A step is run with all of its spikes, or not at all.
void recordings(const annconv::StateTable& network, const std::string& data) {
    annconv::State state(network, data);
    state.meters()[0].start(100, 1.0);
    std::vector<annconv::ValueRecorder> values;
    for (int failed = 0; failed < 8; ++failed) {
        std::vector<annconv::SpikeRecorder> spikes = {
            {static_cast<const std::int8_t*>(state.buffer(0)), nullptr, 2, {}}};
        failing_new::until_failure = failed;
        bool has_room = true;
        const std::int32_t steps = state.advance({100, {}, false}, values, spikes, [&] {
            has_room = state.make_room(spikes);
            return has_room;
        });
        failing_new::until_failure = -1;
        CHECK(!has_room && steps < 100);
        CHECK(spikes[0].spikes.size() == 4 * static_cast<std::size_t>(steps));
    }
}

}  // namespace

int main() {
    no_threads();  // first: stacks of threads that are over are kept for others
    const auto nothing = [] {};
    for (const int samples : {1, 2, 4}) {
        for (const int threads : {1, 2, 4}) {
            run_and_check(samples, threads);
            const auto run = [&] { run_and_check(samples, threads); };
            CHECK(failing_new::each_allocation(run, nothing) >= 10 + samples);
            limits(samples, threads);
            later_runs_allocate_nothing(samples, threads);
        }
    }
    other_exceptions();
    const annconv::StateTable network = table();
    const std::string data = packed();
    const auto open = [&] { const annconv::State state(network, data); };
    CHECK(failing_new::each_allocation(open, nothing) >= 8);
    meters(network, data);
    recordings(network, data);
    return 0;
}
