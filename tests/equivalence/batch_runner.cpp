// Runs the networks of a batch, by number, for the tests that compile many networks in one library.
#include <cstdint>
#include <mutex>
#include <utility>
#include <vector>

#include "annconv/runner.hpp"
#include "annconv/table.hpp"

extern const annconv::NetworkTable* const kTables[];  // of the batch's networks

namespace {
// Keeps sample, population, step, rank and sign of every spike.
class Recorder : public annconv::RunObserver {
   public:
    void spike(std::int64_t sample, std::int32_t population, std::int32_t step, std::int32_t rank,
               std::int8_t sign) override {
        const std::lock_guard<std::mutex> lock(mutex_);
        for (const std::int64_t value : {sample, std::int64_t{population}, std::int64_t{step},
                                         std::int64_t{rank}, std::int64_t{sign}}) {
            values.push_back(static_cast<std::int32_t>(value));
        }
    }
    bool proceed(std::int64_t) override { return true; }

    std::vector<std::int32_t> values;

   private:
    std::mutex mutex_;
};

std::vector<std::int32_t> recorded;
}  // namespace

#define SHOWN extern "C" __attribute__((visibility("default")))
SHOWN const char* digest(int number) { return kTables[number]->digest; }
SHOWN std::uint64_t weights_bytes(int number) { return kTables[number]->weights_bytes; }
// The spikes of the last run.
SHOWN std::int64_t spike_values() { return static_cast<std::int64_t>(recorded.size()); }
SHOWN const std::int32_t* spikes() { return recorded.data(); }
SHOWN bool run(int number, const void* weights, const void* samples, std::int64_t count, int frames,
               int steps, int threads, std::uint64_t seed, const std::uint8_t* record,
               std::int32_t* counts, double* outputs, std::int32_t* stopped_at) {
    Recorder observer;
    annconv::RunRequest request{};
    request.samples = samples;
    request.count = count;
    request.frames = frames;
    request.steps = steps;
    request.threads = threads;
    request.seed = seed;
    request.record = record;
    request.observer = &observer;
    request.counts = counts;
    request.outputs = outputs;
    request.stopped_at = stopped_at;
    annconv::Workspace workspace;
    const bool finished = annconv::run(*kTables[number], weights, request, workspace);
    recorded = std::move(observer.values);
    return finished;
}
