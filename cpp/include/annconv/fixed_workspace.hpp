// The memory and the threads of a network's runs, all of them made beforehand: nothing is allocated
// later, and one thread's memory may be the caller's own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include "annconv/table.hpp"
#include "annconv/thread_pool.hpp"
#include "annconv/tile.hpp"
#include "annconv/weights_file.hpp"
#include "annconv/workspace.hpp"

namespace annconv {

constexpr std::size_t aligned_bytes(std::size_t bytes) {
    return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Hands out parts of a block, each of them aligned.
class Carver {
   public:
    explicit Carver(void* block) : next_(static_cast<std::byte*>(block)) {}

    std::byte* take(std::size_t bytes) {
        std::byte* const part = next_;
        next_ += aligned_bytes(bytes);
        return part;
    }

   private:
    std::byte* next_;
};

class FixedWorkspace {
   public:
    // Size of the block that so many threads need.
    static std::size_t bytes(const NetworkTable& network, std::int32_t threads) {
        const auto each = aligned_bytes(sizeof(SharedSample)) + aligned_bytes(network.arena_bytes) +
                          aligned_bytes(network.scratch_bytes());
        return static_cast<std::size_t>(threads) * each;
    }

    // Starts the threads but the caller's. Throws std::bad_alloc.
    FixedWorkspace(const NetworkTable& network, std::int32_t threads, Carver& memory)
        : threads_(threads),
          samples_(memory.take(static_cast<std::size_t>(threads) * kSampleBytes)),
          scratch_bytes_(aligned_bytes(network.scratch_bytes())) {
        for (std::int32_t number = 0; number < threads; ++number) {
            ::new (place(number))
                SharedSample(memory.take(network.arena_bytes), network.arena_bytes);
        }
        scratch_ = memory.take(static_cast<std::size_t>(threads) * scratch_bytes_);
        if (threads > 1) {
            pool_ = std::make_unique<ThreadPool>();
            threads_ = pool_->grow(threads);
        }
    }

    // Whether its threads live in this process, and not in the one that it was forked from.
    bool of_this_process() const { return !pool_ || pool_->of_this_process(); }

    std::int32_t start_threads(std::int32_t count) const { return std::min(count, threads_); }

    void prepare(const NetworkTable&, std::int32_t teams, std::int32_t members) {
        for (std::int32_t team = 0; team < teams; ++team) sample(team).barrier.expect(members);
    }

    SharedSample& sample(std::int32_t team) {
        return *std::launder(reinterpret_cast<SharedSample*>(place(team)));
    }

    std::byte* scratch(std::int32_t thread) const {
        return scratch_ + static_cast<std::size_t>(thread) * scratch_bytes_;
    }

    void run(ParallelWork& work, std::int32_t threads) {
        if (pool_) {
            pool_->run(work, threads);
        } else {
            work.run(0);
        }
    }

   private:
    static constexpr std::size_t kSampleBytes = aligned_bytes(sizeof(SharedSample));

    std::byte* place(std::int32_t team) const {
        return samples_ + static_cast<std::size_t>(team) * kSampleBytes;
    }

    std::int32_t threads_;
    std::byte* samples_;
    std::byte* scratch_ = nullptr;
    std::size_t scratch_bytes_;
    std::unique_ptr<ThreadPool> pool_;  // none for a single thread
};

}  // namespace annconv
