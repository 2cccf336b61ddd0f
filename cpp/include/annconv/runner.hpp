// Runs samples through a generated network: OpenMP over samples, one arena per thread.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

#include <omp.h>

#include "annconv/table.hpp"
#include "annconv/tile.hpp"
#include "annconv/weights_file.hpp"

namespace annconv {

// Asks the observer now and then whether to go on. Only the calling thread asks, all threads obey.
// What an observer throws in any thread ends the run, too: nothing may leave a parallel region.
class Progress {
   public:
    Progress(RunObserver& observer, std::int64_t samples)
        : observer_(observer), samples_(samples) {}

    bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

    void sample_done() {
        if (done_.fetch_add(1, std::memory_order_relaxed) + 1 < samples_) return;
        const std::lock_guard<std::mutex> lock(waiting_);
        all_done_.notify_one();
    }

    void ask() {
        const auto now = std::chrono::steady_clock::now();
        if (now - asked_ < kInterval) return;
        asked_ = now;
        guarded([&] {
            if (!observer_.proceed(done_.load(std::memory_order_relaxed))) stopped_.store(true);
        });
    }

    // Runs something that may throw; the first exception of a run is kept.
    template <class Work>
    void guarded(Work&& work) {
        try {
            work();
        } catch (const std::exception&) {
            const std::lock_guard<std::mutex> lock(failing_);
            if (!error_) error_ = std::current_exception();
            stopped_.store(true);
        }
    }

    // Throws what was kept; called when all threads are done.
    void rethrow() const {
        if (error_) std::rethrow_exception(error_);
    }

    // Where the calling thread has no samples left: it goes on asking while others have some.
    void finish() {
        std::unique_lock<std::mutex> lock(waiting_);
        const auto finished = [&] { return done_.load(std::memory_order_relaxed) >= samples_; };
        while (!stopped() && !all_done_.wait_for(lock, kInterval, finished)) {
            lock.unlock();
            ask();
            lock.lock();
        }
    }

   private:
    static constexpr std::chrono::milliseconds kInterval{50};
    RunObserver& observer_;
    const std::int64_t samples_;
    std::mutex waiting_;
    std::condition_variable all_done_;
    std::mutex failing_;
    std::exception_ptr error_;
    std::atomic<bool> stopped_{false};
    std::atomic<std::int64_t> done_{0};
    std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now();
};

// What a population emitted in a step, as signed bytes or as bits; empty where it is not kept.
class EmittedSpikes {
   public:
    EmittedSpikes() = default;
    EmittedSpikes(const std::int8_t* bytes) : bytes_(bytes) {}
    EmittedSpikes(const std::uint8_t* bits) : bits_(bits) {}

    bool kept() const { return bytes_ != nullptr || bits_ != nullptr; }
    std::int8_t operator[](std::int32_t rank) const {
        return bytes_ != nullptr ? bytes_[rank]
                                 : static_cast<std::int8_t>(bits_[rank / 8] >> rank % 8 & 1);
    }

   private:
    const std::int8_t* bytes_ = nullptr;
    const std::uint8_t* bits_ = nullptr;
};

// Reports the spikes that recorded populations emitted in the last tile.
template <class Network>
void record_spikes(const typename Network::Arena& arena, const RunRequest& request,
                   std::int64_t sample, std::int32_t first, std::int32_t steps) {
    for (std::int32_t population = 0; population < Network::kPopulations; ++population) {
        if (!request.record[population]) continue;
        for (std::int32_t slot = 0; slot < steps; ++slot) {
            const EmittedSpikes spikes = Network::spikes(arena, population, slot);
            if (!spikes.kept()) break;  // a junction
            for (std::int32_t rank = 0; rank < Network::kSizes[population]; ++rank) {
                if (spikes[rank]) {
                    request.observer->spike(sample, population, first + slot, rank, spikes[rank]);
                }
            }
        }
    }
}

// What the threads of a team share: the sample they run and its arena.
struct SharedSample {
    SharedSample(int count, std::size_t arena_bytes)
        : barrier(count), arena(allocate_aligned(arena_bytes)) {
        // Slots that nobody writes, as those of neurons that never spike, stay empty.
        std::memset(arena.get(), 0, arena_bytes);
    }

    Barrier barrier;
    AlignedMemory arena;
    std::int64_t sample = 0;
    bool stopped = false;
};

// Runs samples one after another, the threads of a team together on each.
template <class Network>
class TeamRun {
    using Real = typename Network::Real;
    using Arena = typename Network::Arena;
    using Weights = typename Network::Weights;

   public:
    TeamRun(const Weights& weights, const RunRequest& request, Progress& progress,
            std::atomic<std::int64_t>& next)
        : weights_(weights), request_(request), progress_(progress), next_(next) {}

    // `scratch` is this thread's own; `asks`: whether it may call back into its caller.
    void run(SharedSample& shared, Team team, std::byte* scratch, bool asks) const {
        while (true) {
            if (team.leads()) shared.sample = next_sample();
            team.sync();
            if (shared.sample >= request_.count) break;
            run_sample(shared, team, scratch, asks);
            if (team.leads()) progress_.sample_done();
            team.sync();
        }
        if (asks) progress_.finish();
    }

   private:
    std::int64_t next_sample() const {
        return progress_.stopped() ? request_.count : next_.fetch_add(1, std::memory_order_relaxed);
    }

    // Runs one sample from reset to its last step; the leader writes its results.
    void run_sample(SharedSample& shared, Team team, std::byte* scratch, bool asks) const {
        auto& arena = *static_cast<Arena*>(shared.arena.get());
        const std::int64_t sample = shared.sample;
        const Real* frames = static_cast<const Real*>(request_.samples) +
                             sample * request_.frames * Network::kInputs;
        const std::ptrdiff_t advance = request_.frames == 1 ? 0 : Network::kInputs;
        const RandomStream random(request_.seed,
                                  request_.first_sample + static_cast<std::uint32_t>(sample));
        const bool records = std::any_of(request_.record, request_.record + Network::kPopulations,
                                         [](auto recorded) { return recorded; });
        if (team.leads()) Network::reset(weights_, arena);
        std::int32_t first = 0;
        while (first < request_.steps) {
            if (team.leads()) {
                if (asks) progress_.ask();
                shared.stopped = progress_.stopped();
            }
            team.sync();
            if (shared.stopped) break;
            const std::int32_t steps = std::min(Network::kTile, request_.steps - first);
            const Tile<Real> tile{
                frames + first * advance,         advance, random, first, steps, team, scratch,
                asks ? request_.seconds : nullptr};
            const std::int32_t executed = Network::advance(weights_, arena, tile);
            if (records && team.leads()) {
                progress_.guarded(
                    [&] { record_spikes<Network>(arena, request_, sample, first, executed); });
            }
            first += executed;
            if (executed < steps || Network::stopped(weights_, arena)) break;
        }
        team.sync();
        if (!team.leads()) return;
        request_.stopped_at[sample] = first;
        Network::read_out(weights_, arena, request_.counts + sample * Network::kOutputs,
                          request_.outputs + sample * Network::kOutputs);
    }

    const Weights& weights_;
    const RunRequest& request_;
    Progress& progress_;
    std::atomic<std::int64_t>& next_;
};

// Whether the system gives so many further threads at once. OpenMP ends the process where it does
// not, so they are tried beforehand; they take some ten microseconds each.
inline bool threads_available(std::int32_t count) {
    std::mutex gate;
    std::unique_lock<std::mutex> closed(gate);
    std::vector<std::thread> started;
    started.reserve(static_cast<std::size_t>(count));
    bool available = true;
    std::exception_ptr error;
    try {
        for (std::int32_t index = 0; index < count; ++index) {
            started.emplace_back([&gate] { const std::lock_guard<std::mutex> passed(gate); });
        }
    } catch (const std::system_error&) {
        available = false;
    } catch (const std::bad_alloc&) {
        error = std::current_exception();
    }
    closed.unlock();
    for (auto& thread : started) thread.join();
    if (error) std::rethrow_exception(error);
    return available;
}

template <class Network>
bool run(const void* packed, const RunRequest& request) {
    const auto& weights = *static_cast<const typename Network::Weights*>(packed);
    // Fewer samples than threads: several threads share a sample.
    const std::int32_t teams = static_cast<std::int32_t>(
        std::max<std::int64_t>(1, std::min<std::int64_t>(request.threads, request.count)));
    const std::int32_t members = std::max(1, request.threads / teams);
    const std::int32_t threads = teams * members;
    std::vector<std::unique_ptr<SharedSample>> shared;
    for (std::int32_t team = 0; team < teams; ++team) {
        shared.push_back(std::make_unique<SharedSample>(members, sizeof(typename Network::Arena)));
    }
    std::vector<AlignedMemory> scratch;
    for (std::int32_t thread = 0; thread < threads; ++thread) {
        scratch.push_back(allocate_aligned(std::max<std::size_t>(Network::scratch_bytes(), 1)));
    }
    Progress progress(*request.observer, request.count);
    std::atomic<std::int64_t> next{0};
    const TeamRun<Network> work(weights, request, progress, next);
    const auto run_thread = [&](std::int32_t thread, std::int32_t size) {
        SharedSample& own = *shared[static_cast<std::size_t>(thread / size)];
        auto* memory = static_cast<std::byte*>(scratch[static_cast<std::size_t>(thread)].get());
        work.run(own, {thread % size, size, &own.barrier}, memory, thread == 0);
    };
    // One thread alone does without OpenMP's thread pool, which does not survive a fork.
    if (threads == 1 || !threads_available(threads - 1)) {
        run_thread(0, 1);
    } else {
#pragma omp parallel num_threads(threads)
        if (omp_get_num_threads() == threads) {
            run_thread(omp_get_thread_num(), members);
        } else if (omp_get_thread_num() < teams) {  // fewer threads than asked for: no sharing
            run_thread(omp_get_thread_num(), 1);
        }
#ifndef __clang__  // its OpenMP takes care of forks itself
        // A process forked later would wait for ever for threads that it does not have.
        omp_pause_resource_all(omp_pause_hard);
#endif
    }
    progress.rethrow();
    return !progress.stopped();
}

}  // namespace annconv
