// Runs samples through a generated network: OpenMP over samples, one arena per thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <vector>

#include <omp.h>

#include "annconv/philox.hpp"
#include "annconv/table.hpp"
#include "annconv/weights_file.hpp"

namespace annconv {

// Fills an array with values that repeat with a period: 1, the channels, or the array itself.
template <int count, int period, class Real>
void spread(const Real* values, Real* target) {
    for (int index = 0; index < count; ++index) target[index] = values[index % period];
}

// What a step of a network reads besides weights and arena.
template <class Real>
struct Step {
    const Real* rates;
    RandomStream random;
    std::int32_t index;

    // The number in (0, 1) of one draw of one neuron.
    Real uniform(int neuron, std::uint32_t population, std::uint32_t draw) const {
        return below_one<Real>(random.uniform(static_cast<std::uint32_t>(neuron),
                                              static_cast<std::uint32_t>(index), population, draw));
    }
};

// Asks the observer now and then whether to go on. Only the calling thread asks, all threads obey.
class Progress {
   public:
    explicit Progress(RunObserver& observer) : observer_(observer) {}

    bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
    void sample_done() { done_.fetch_add(1, std::memory_order_relaxed); }

    void ask() {
        const auto now = std::chrono::steady_clock::now();
        if (now - asked_ < kInterval) return;
        asked_ = now;
        if (!observer_.proceed(done_.load(std::memory_order_relaxed))) stopped_.store(true);
    }

   private:
    static constexpr std::chrono::milliseconds kInterval{50};
    RunObserver& observer_;
    std::atomic<bool> stopped_{false};
    std::atomic<std::int64_t> done_{0};
    std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now();
};

// Reports the spikes that recorded populations emitted in one step.
template <class Network>
void record_spikes(const typename Network::Arena& arena, const RunRequest& request,
                   std::int64_t sample, std::int32_t step) {
    for (std::int32_t population = 0; population < Network::kPopulations; ++population) {
        if (!request.record[population]) continue;
        const std::int8_t* spikes = Network::spikes(arena, population);
        if (spikes == nullptr) continue;  // a junction
        for (std::int32_t rank = 0; rank < Network::kSizes[population]; ++rank) {
            if (spikes[rank]) {
                request.observer->spike(sample, population, step, rank, spikes[rank]);
            }
        }
    }
}

// Runs one sample from reset to its last step and writes its results.
template <class Network>
void run_sample(const typename Network::Weights& weights, typename Network::Arena& arena,
                const RunRequest& request, std::int64_t sample, Progress& progress, bool asks) {
    using Real = typename Network::Real;
    const bool records = std::any_of(request.record, request.record + Network::kPopulations,
                                     [](auto r) { return r; });
    const Real* frames =
        static_cast<const Real*>(request.samples) + sample * request.frames * Network::kInputs;
    Network::reset(weights, arena);
    std::int32_t step = 0;
    while (step < request.steps && !progress.stopped()) {
        const Real* rates =
            request.frames == 1 ? frames : frames + std::int64_t{step} * Network::kInputs;
        const auto index = request.first_sample + static_cast<std::uint32_t>(sample);
        Network::step(weights, arena, Step<Real>{rates, RandomStream(request.seed, index), step});
        if (records) record_spikes<Network>(arena, request, sample, step);
        ++step;
        if (asks) progress.ask();
        if (Network::stopped(weights, arena)) break;
    }
    request.stopped_at[sample] = step;
    Network::read_out(weights, arena, request.counts + sample * Network::kOutputs,
                      request.outputs + sample * Network::kOutputs);
}

template <class Network>
bool run(const void* packed, const RunRequest& request) {
    using Arena = typename Network::Arena;
    const auto& weights = *static_cast<const typename Network::Weights*>(packed);
    const auto threads = static_cast<std::int32_t>(
        std::max<std::int64_t>(1, std::min<std::int64_t>(request.threads, request.count)));
    std::vector<AlignedMemory> arenas;
    for (std::int32_t thread = 0; thread < threads; ++thread) {
        arenas.push_back(allocate_aligned(sizeof(Arena)));
    }
    Progress progress(*request.observer);
    const auto run_share = [&](std::int64_t sample, std::int32_t thread) {
        if (progress.stopped()) return;
        auto& arena = *static_cast<Arena*>(arenas[static_cast<std::size_t>(thread)].get());
        run_sample<Network>(weights, arena, request, sample, progress, thread == 0);
        progress.sample_done();
    };
    if (threads == 1) {  // without OpenMP's thread pool, which does not survive a fork
        for (std::int64_t sample = 0; sample < request.count; ++sample) run_share(sample, 0);
    } else {
#pragma omp parallel for schedule(dynamic) num_threads(threads)
        for (std::int64_t sample = 0; sample < request.count; ++sample) {
            run_share(sample, omp_get_thread_num());
        }
#ifndef __clang__  // its OpenMP takes care of forks itself
        // A process forked later would wait for ever for threads that it does not have.
        omp_pause_resource_all(omp_pause_hard);
#endif
    }
    return !progress.stopped();
}

}  // namespace annconv
