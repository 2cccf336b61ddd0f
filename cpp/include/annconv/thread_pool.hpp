// Threads that stay between runs: none is started or joined for a run of a few microseconds.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace annconv {

// What several threads do together. It must not throw.
class ParallelWork {
   public:
    virtual ~ParallelWork() = default;
    virtual void run(std::int32_t thread) = 0;
};

#ifdef ANNCONV_NO_THREADS

// The caller's thread alone.
class ThreadPool {
   public:
    bool of_this_process() const { return true; }
    std::int32_t grow(std::int32_t) { return 1; }
    void run(ParallelWork& work, std::int32_t) { work.run(0); }
};

#else

// Used by one caller at a time, whose own thread is number 0.
class ThreadPool {
   public:
    ThreadPool() = default;
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    ~ThreadPool() {
        if (!of_this_process()) {
            // Threads do not follow their process through a fork: nobody is there to be joined.
            static_cast<void>(state_.release());
            return;
        }
        start_round(nullptr, 0);
        for (auto& thread : state_->threads) thread.join();
    }

    // Whether its threads live in this process, and not in the one that it was forked from.
    bool of_this_process() const { return process_ == getpid(); }

    // Starts threads until there are so many, the caller's among them; returns how many there are:
    // fewer where the system gives no more. Throws std::bad_alloc.
    std::int32_t grow(std::int32_t count) {
        auto& threads = state_->threads;
        threads.reserve(static_cast<std::size_t>(count - 1));
        const std::uint32_t round = state_->round.load(std::memory_order_relaxed);
        try {
            while (static_cast<std::int32_t>(threads.size()) < count - 1) {
                const auto number = static_cast<std::int32_t>(threads.size()) + 1;
                threads.emplace_back(
                    [state = state_.get(), number, round] { serve(*state, number, round); });
            }
        } catch (const std::system_error&) {
            // The system gives no more: whoever asked is told how many there are.
        }
        return std::min(count, static_cast<std::int32_t>(threads.size()) + 1);
    }

    // Runs `work` in threads 0 to count - 1, of which there must be so many.
    void run(ParallelWork& work, std::int32_t count) {
        if (count > 1) start_round(&work, count);
        work.run(0);
        while (state_->busy.load(std::memory_order_acquire) > 0) std::this_thread::yield();
    }

   private:
    // What the threads share.
    struct State {
        std::vector<std::thread> threads;
        std::mutex mutex;
        std::condition_variable begins;
        std::atomic<std::uint32_t> round{0};
        std::atomic<std::int32_t> busy{0};  // threads that have not finished the round
        ParallelWork* work = nullptr;       // of this round; nullptr: the threads end
        std::int32_t count = 0;             // threads that work in this round
    };

    // Every thread takes part in every round, if only to see that it has nothing to do: so `work`
    // and `count` change when nobody reads them.
    void start_round(ParallelWork* work, std::int32_t count) {
        {
            const std::lock_guard<std::mutex> lock(state_->mutex);
            state_->work = work;
            state_->count = count;
            state_->busy.store(static_cast<std::int32_t>(state_->threads.size()),
                               std::memory_order_relaxed);
            state_->round.fetch_add(1, std::memory_order_release);
        }
        state_->begins.notify_all();
    }

    static void serve(State& state, std::int32_t number, std::uint32_t round) {
        while (true) {
            wait_for_round(state, round);
            ++round;
            if (state.work == nullptr) return;
            if (number < state.count) state.work->run(number);
            state.busy.fetch_sub(1, std::memory_order_release);
        }
    }

    // Calls that follow one another quickly find the thread awake.
    static void wait_for_round(State& state, std::uint32_t last) {
        const auto begins = [&] { return state.round.load(std::memory_order_acquire) != last; };
        const auto until = std::chrono::steady_clock::now() + kAwake;
        while (std::chrono::steady_clock::now() < until) {
            if (begins()) return;
        }
        std::unique_lock<std::mutex> lock(state.mutex);
        state.begins.wait(lock, begins);
    }

    static constexpr std::chrono::microseconds kAwake{50};
    std::unique_ptr<State> state_ = std::make_unique<State>();
    pid_t process_ = getpid();
};

#endif

}  // namespace annconv
