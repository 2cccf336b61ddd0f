// Philox against the known answers published with it (Random123, kat_vectors).
#include "annconv/philox.hpp"

#include <set>

#include "check.hpp"

using annconv::philox;
using annconv::PhiloxCounter;

int main() {
    CHECK((philox({0, 0, 0, 0}, {0, 0}) ==
           PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
    CHECK((philox({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
           PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
    CHECK((philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
           PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));

    const annconv::RandomStream stream(7, 3);
    double sum = 0;
    std::set<double> seen;
    constexpr int kDraws = 100000;
    for (std::uint32_t neuron = 0; neuron < kDraws; ++neuron) {
        const double value = stream.uniform(neuron, 5, 1, 0);
        CHECK(value > 0 && value < 1);
        sum += value;
        seen.insert(value);
    }
    CHECK(sum / kDraws > 0.495 && sum / kDraws < 0.505);
    CHECK(seen.size() > kDraws - 10);
    CHECK(stream.uniform(1, 2, 3, 4) == annconv::RandomStream(7, 3).uniform(1, 2, 3, 4));
    CHECK(stream.uniform(1, 2, 3, 4) != annconv::RandomStream(7, 4).uniform(1, 2, 3, 4));
    CHECK(stream.uniform(1, 2, 3, 4) != annconv::RandomStream(7ull << 32, 3).uniform(1, 2, 3, 4));
    constexpr double kLast = (4294967295.0 + 0.5) / 4294967296.0;
    CHECK(static_cast<float>(kLast) == 1.0f);
    CHECK(annconv::below_one<float>(kLast) < 1.0f);
    CHECK(annconv::below_one<double>(kLast) == kLast);
    CHECK(annconv::below_one<float>(0.25) == 0.25f);
    return EXIT_SUCCESS;
}
