// What runs of a network need besides weights and samples: threads, arenas and scratch memory. They
// are kept between runs, so that only the first one allocates.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "annconv/table.hpp"
#include "annconv/thread_pool.hpp"
#include "annconv/tile.hpp"
#include "annconv/weights_file.hpp"

namespace annconv {

// What the threads of a team share: the sample they run and its arena, aligned to 64 bytes.
struct SharedSample {
    SharedSample(void* memory, std::size_t arena_bytes) : arena(memory) {
        // Slots that nobody writes, as those of neurons that never spike, stay empty.
        std::memset(arena, 0, arena_bytes);
    }

    Barrier barrier;
    void* const arena;
    std::int64_t number = 0;
    bool stopped = false;
};

// For one network, and one run at a time.
class Workspace {
   public:
    bool of_this_process() const { return threads_.of_this_process(); }

    // Returns how many threads there are: fewer where the system gives no more.
    std::int32_t start_threads(std::int32_t count) { return threads_.grow(count); }

    // Memory for teams of so many threads. Throws std::bad_alloc.
    void prepare(const NetworkTable& network, std::int32_t teams, std::int32_t members) {
        const auto threads = static_cast<std::size_t>(teams * members);
        arenas_.reserve(static_cast<std::size_t>(teams));
        samples_.reserve(static_cast<std::size_t>(teams));
        while (samples_.size() < static_cast<std::size_t>(teams)) {
            if (arenas_.size() == samples_.size()) {
                arenas_.push_back(allocate_aligned(network.arena_bytes));
            }
            samples_.push_back(
                std::make_unique<SharedSample>(arenas_.back().get(), network.arena_bytes));
        }
        for (auto& sample : samples_) sample->barrier.expect(members);
        scratch_.reserve(threads);
        while (scratch_.size() < threads) {
            scratch_.push_back(allocate_aligned(std::max<std::size_t>(network.scratch_bytes(), 1)));
        }
    }

    SharedSample& sample(std::int32_t team) { return *samples_[static_cast<std::size_t>(team)]; }

    std::byte* scratch(std::int32_t thread) {
        return static_cast<std::byte*>(scratch_[static_cast<std::size_t>(thread)].get());
    }

    void run(ParallelWork& work, std::int32_t threads) { threads_.run(work, threads); }

   private:
    std::vector<AlignedMemory> arenas_;
    std::vector<std::unique_ptr<SharedSample>> samples_;
    std::vector<AlignedMemory> scratch_;
    ThreadPool threads_;
};

// Workspaces of a network that no run uses. They are taken and put back by one thread at a time.
class IdleWorkspaces {
   public:
    std::unique_ptr<Workspace> take() {
        while (!idle_.empty()) {
            std::unique_ptr<Workspace> last = std::move(idle_.back());
            idle_.pop_back();
            if (last->of_this_process()) return last;
        }
        idle_.reserve(++made_);
        return std::make_unique<Workspace>();
    }

    // Allocates nothing.
    void put_back(std::unique_ptr<Workspace> workspace) { idle_.push_back(std::move(workspace)); }

   private:
    std::vector<std::unique_ptr<Workspace>> idle_;
    std::size_t made_ = 0;
};

}  // namespace annconv
