// Recorded spikes, in a bounded part of memory.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <new>
#include <vector>

namespace annconv {

struct Spike {
    std::int32_t step;
    std::int32_t rank;
    std::int8_t sign;
};

// A train for every sample of some populations. Threads may add at the same time, but to trains of
// different samples.
class SpikeTrains {
   public:
    // `limit`: bytes that all spikes together may take.
    SpikeTrains(std::int64_t samples, const std::vector<std::int32_t>& populations,
                std::int64_t limit)
        : limit_(limit) {
        for (const auto population : populations) {
            trains_[population].resize(static_cast<std::size_t>(samples));
        }
    }

    // Throws std::bad_alloc where there is no memory, or no more of it than the limit.
    void add(std::int64_t sample, std::int32_t population, const Spike& spike) {
        auto& train = trains_.find(population)->second[static_cast<std::size_t>(sample)];
        if (train.size() == train.capacity()) grow(train);
        train.push_back(spike);
    }

    // Bytes of all spikes; more than the limit where that has ended the recording.
    std::int64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

    // Population -> a train for every sample.
    std::map<std::int32_t, std::vector<std::vector<Spike>>>& trains() { return trains_; }

   private:
    void grow(std::vector<Spike>& train) {
        const std::size_t capacity = std::max(kFirst, train.capacity() + train.capacity() / 2);
        const auto more = static_cast<std::int64_t>((capacity - train.capacity()) * sizeof(Spike));
        if (bytes_.fetch_add(more, std::memory_order_relaxed) + more > limit_) {
            throw std::bad_alloc();
        }
        train.reserve(capacity);
    }

    static constexpr std::size_t kFirst = 16;
    std::map<std::int32_t, std::vector<std::vector<Spike>>> trains_;
    const std::int64_t limit_;
    std::atomic<std::int64_t> bytes_{0};
};

}  // namespace annconv
