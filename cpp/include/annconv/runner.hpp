// Runs samples through a generated network: each thread has samples of its own, or, where there are
// fewer samples than threads, several threads share one.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>

#include "annconv/table.hpp"
#include "annconv/thread_pool.hpp"
#include "annconv/tile.hpp"
#include "annconv/workspace.hpp"

namespace annconv {

// Asks the observer now and then whether to go on. Only the calling thread asks, all threads obey.
// What an observer throws in any thread ends the run, too: nothing may leave a parallel region.
class Progress {
   public:
    Progress(RunObserver& observer, std::int64_t samples)
        : observer_(observer), samples_(samples) {}

    bool stopped() const { return stopped_.load(std::memory_order_relaxed); }

#ifdef ANNCONV_NO_THREADS
    void sample_done() { done_.fetch_add(1, std::memory_order_relaxed); }
    void finish() {}  // there are no others
#else
    void sample_done() {
        if (done_.fetch_add(1, std::memory_order_relaxed) + 1 < samples_) return;
        const std::lock_guard<std::mutex> lock(waiting_);
        all_done_.notify_one();
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
#endif

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

   private:
    static constexpr std::chrono::milliseconds kInterval{50};
    RunObserver& observer_;
    [[maybe_unused]] const std::int64_t samples_;
#ifndef ANNCONV_NO_THREADS
    std::mutex waiting_;
    std::condition_variable all_done_;
#endif
    std::mutex failing_;
    std::exception_ptr error_;
    std::atomic<bool> stopped_{false};
    std::atomic<std::int64_t> done_{0};
    std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now();
};

// Reports the spikes that recorded populations emitted in the last tile.
inline void record_spikes(const NetworkTable& network, const void* weights, const void* arena,
                          const RunRequest& request, std::int64_t sample, std::int32_t first,
                          std::int32_t steps) {
    for (std::int32_t population = 0; population < network.populations; ++population) {
        if (!request.record[population]) continue;
        for (std::int32_t slot = 0; slot < steps; ++slot) {
            const EmittedSpikes spikes = network.spikes(weights, arena, population, slot);
            if (!spikes.kept()) break;  // a junction
            for (std::int32_t rank = 0; rank < network.sizes[population]; ++rank) {
                if (spikes[rank]) {
                    request.observer->spike(sample, population, first + slot, rank, spikes[rank]);
                }
            }
        }
    }
}

// Runs samples one after another, the threads of a team together on each. `Workspace` is one of
// those of workspace.hpp and fixed_workspace.hpp.
template <class Workspace>
class SampleRun : public ParallelWork {
   public:
    SampleRun(const NetworkTable& network, const void* weights, const RunRequest& request,
              Workspace& workspace, std::int32_t members, Progress& progress)
        : network_(network),
          weights_(weights),
          request_(request),
          workspace_(workspace),
          members_(members),
          progress_(progress),
          records_(std::any_of(request.record, request.record + network.populations,
                               [](auto recorded) { return recorded; })) {}

    // The first thread is its caller's own: it alone calls back.
    void run(std::int32_t thread) override {
        SharedSample& shared = workspace_.sample(thread / members_);
        const Team team{thread % members_, members_, &shared.barrier};
        const bool asks = thread == 0;
        while (true) {
            if (team.leads()) shared.number = next_sample();
            team.sync();
            if (shared.number >= request_.count) break;
            run_sample(shared, team, workspace_.scratch(thread), asks);
            if (team.leads()) progress_.sample_done();
            team.sync();
        }
        if (asks) progress_.finish();
    }

   private:
    std::int64_t next_sample() {
        return progress_.stopped() ? request_.count : next_.fetch_add(1, std::memory_order_relaxed);
    }

    // Runs one sample from reset to its last step; the leader writes its results.
    void run_sample(SharedSample& shared, Team team, std::byte* scratch, bool asks) {
        void* const arena = shared.arena;
        const std::int64_t sample = shared.number;
        const std::ptrdiff_t frame_bytes = std::ptrdiff_t{network_.inputs} * network_.real_bytes;
        const bool moving = request_.frames > 1;
        const auto* rates = static_cast<const std::byte*>(request_.samples) +
                            sample * request_.frames * frame_bytes;
        const RandomStream random(request_.seed,
                                  request_.first_sample + static_cast<std::uint32_t>(sample));
        if (team.leads()) network_.reset(weights_, arena);
        std::int32_t first = 0;
        while (first < request_.steps) {
            if (team.leads()) {
                if (asks) progress_.ask();
                shared.stopped = progress_.stopped();
            }
            team.sync();
            if (shared.stopped) break;
            const std::int32_t steps = std::min(network_.tile, request_.steps - first);
            const TileInput tile{rates + (moving ? first * frame_bytes : 0),
                                 moving ? network_.inputs : 0,
                                 random,
                                 first,
                                 steps,
                                 team,
                                 scratch,
                                 asks ? request_.seconds : nullptr};
            const std::int32_t executed = network_.advance(weights_, arena, tile);
            if (records_ && team.leads()) {
                progress_.guarded([&] {
                    record_spikes(network_, weights_, arena, request_, sample, first, executed);
                });
            }
            first += executed;
            if (executed < steps || network_.stopped(weights_, arena)) break;
        }
        team.sync();
        if (!team.leads()) return;
        request_.stopped_at[sample] = first;
        network_.read_out(weights_, arena, request_.counts + sample * network_.outputs,
                          request_.outputs + sample * network_.outputs);
    }

    const NetworkTable& network_;
    const void* const weights_;
    const RunRequest& request_;
    Workspace& workspace_;
    const std::int32_t members_;  // threads that share a sample
    Progress& progress_;
    const bool records_;
    std::atomic<std::int64_t> next_{0};
};

// Runs all samples; false if the observer ended the run. `weights` is aligned to 64 bytes.
// Throws std::bad_alloc where there is no memory, and what the observer throws.
template <class Workspace>
bool run(const NetworkTable& network, const void* weights, const RunRequest& request,
         Workspace& workspace) {
    // With as many samples as threads, each thread has its own; else teams share a sample, unless
    // its layers are too small. Where the system gives fewer threads, those run everything.
    const auto teams_of = [&request](std::int32_t threads) {
        const std::int64_t count = std::min<std::int64_t>(threads, request.count);
        return static_cast<std::int32_t>(std::max<std::int64_t>(1, count));
    };
    const auto members_of = [&network, &teams_of](std::int32_t threads) {
        return std::min(threads / teams_of(threads), network.blocks);
    };
    const std::int32_t wanted = teams_of(request.threads) * members_of(request.threads);
    const std::int32_t threads = workspace.start_threads(wanted);
    const std::int32_t teams = teams_of(threads), members = members_of(threads);
    workspace.prepare(network, teams, members);
    Progress progress(*request.observer, request.count);
    SampleRun samples(network, weights, request, workspace, members, progress);
    workspace.run(samples, teams * members);
    progress.rethrow();
    return !progress.stopped();
}

}  // namespace annconv
