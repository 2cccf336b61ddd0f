// Steps in tiles: a layer runs all steps of a tile before the next layer starts, so that its
// weights and its state are fetched once a tile.
#pragma once

#include <sched.h>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "annconv/philox.hpp"

namespace annconv {

// What one step of a network reads besides weights and arena.
template <class Real>
struct Step {
    const Real* rates;
    RandomStream random;
    std::int32_t index;         // in the sample
    std::int32_t slot;          // in the tile
    std::byte* scratch;         // this thread's own, aligned to 64 bytes
    bool has_new_rates = true;  // unlike those of the step before

    // The number in (0, 1) of one draw of one neuron.
    Real uniform(int neuron, std::uint32_t population, std::uint32_t draw) const {
        return below_one<Real>(random.uniform(static_cast<std::uint32_t>(neuron),
                                              static_cast<std::uint32_t>(index), population, draw));
    }
};

// Where the threads that share a sample wait for one another.
class Barrier {
   public:
    // For so many threads, of which none waits.
    void expect(int count) { count_ = count; }

    void wait() {
        const unsigned round = round_.load(std::memory_order_relaxed);
        if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == count_) {
            arrived_.store(0, std::memory_order_relaxed);
            round_.store(round + 1, std::memory_order_release);
            return;
        }
        for (int spin = 0; round_.load(std::memory_order_acquire) == round; ++spin) {
            if (spin >= kSpins) sched_yield();
        }
    }

   private:
    static constexpr int kSpins = 2000;
    int count_ = 1;
    std::atomic<int> arrived_{0};
    std::atomic<unsigned> round_{0};
};

// A thread's place among those that share a sample.
struct Team {
    int index = 0;
    int count = 1;
    Barrier* barrier = nullptr;

    bool leads() const { return index == 0; }
    void sync() const {
        if (count > 1) barrier->wait();
    }
};

// Adds up how long each part of a tile takes, where somebody wants to know.
class Laps {
   public:
    explicit Laps(double* seconds) : seconds_(seconds) {
        if (seconds_ != nullptr) since_ = Clock::now();
    }

    // The part of that number is done.
    void done(int part) {
        if (seconds_ != nullptr) add(part);
    }

   private:
    // Kept apart, as most runs do not want to know.
    __attribute__((noinline, cold)) void add(int part) {
        const auto now = Clock::now();
        seconds_[part] += std::chrono::duration<double>(now - since_).count();
        since_ = now;
    }

    using Clock = std::chrono::steady_clock;
    double* seconds_;
    Clock::time_point since_;
};

// The parts of a layer: sums that are computed block by block, and the neurons that use them.
class LayerLaps {
   public:
    LayerLaps(Laps& laps, int sums, int neurons) : laps_(laps), sums_(sums), neurons_(neurons) {}

    void summed() { laps_.done(sums_); }
    void stepped() { laps_.done(neurons_); }

   private:
    Laps& laps_;
    int sums_, neurons_;
};

// A tile of steps of one sample, as one thread of its team sees it.
struct TileInput {
    const void* first_rates;  // real, of the first step
    std::ptrdiff_t advance;   // from one step's rates to the next one's; 0 where they stay the same
    RandomStream random;
    std::int32_t first;  // step in the sample
    std::int32_t steps;
    Team team;
    std::byte* scratch;  // this thread's own, aligned to 64 bytes
    double* seconds;     // of each part of a tile, nullptr where nobody wants to know
};

// The same, to a network that computes in Real.
template <class Real>
struct Tile : TileInput {
    explicit Tile(const TileInput& input)
        : TileInput(input), rates(static_cast<const Real*>(input.first_rates)) {}

    Step<Real> step(std::int32_t slot) const {
        const std::int32_t index = first + slot;
        return {rates + slot * advance, random, index, slot, scratch, index == 0 || advance != 0};
    }

    const Real* const rates;  // of the first step
};

// Fills an array with values that repeat with a period: 1, the channels, or the array itself.
template <int count, int period, class Real>
void spread(const Real* values, Real* target) {
    for (int index = 0; index < count; ++index) target[index] = values[index % period];
}

template <class Element, std::size_t length>
void clear(Element (&values)[length]) {
    std::memset(values, 0, sizeof values);
}

// Moves what the last step of a tile left to where the first step of the next tile reads it.
template <class Element, std::size_t slots, std::size_t length>
void carry_over(Element (&values)[slots][length], std::int32_t steps) {
    std::memcpy(values[0], values[steps], sizeof values[0]);
}

}  // namespace annconv
