// Counter-based random numbers: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
// easy as 1, 2, 3"). A number depends only on the seed and on what it is for, so spikes are the
// same for any number of threads and any split into batches.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace annconv {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

inline PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key) {
    constexpr std::uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
    constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
    constexpr int kRounds = 10;
    for (int round = 0; round < kRounds; ++round) {
        const std::uint64_t product0 = kMultiplier0 * counter[0];
        const std::uint64_t product1 = kMultiplier1 * counter[2];
        counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
                   static_cast<std::uint32_t>(product1),
                   static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
                   static_cast<std::uint32_t>(product0)};
        key[0] += kWeyl0;
        key[1] += kWeyl1;
    }
    return counter;
}

// A number below 1 in another precision, where rounding may not bring it to 1.
template <class Real>
Real below_one(double number) {
    constexpr Real kLargest = 1 - std::numeric_limits<Real>::epsilon() / 2;
    return std::min(static_cast<Real>(number), kLargest);
}

// The random numbers of one sample.
struct RandomStream {
    PhiloxKey key;
    std::uint32_t sample;

    RandomStream(std::uint64_t seed, std::uint32_t sample_index)
        : key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
          sample(sample_index) {}

    // A number in (0, 1) for one draw of one neuron in one step.
    double uniform(std::uint32_t neuron, std::uint32_t step, std::uint32_t population,
                   std::uint32_t draw) const {
        constexpr double kScale = 1.0 / 4294967296.0;
        const std::uint32_t word = philox({neuron, step, population << 16 | draw, sample}, key)[0];
        return (static_cast<double>(word) + 0.5) * kScale;
    }
};

}  // namespace annconv
