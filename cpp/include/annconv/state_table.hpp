// The C table between a network that is stepped by hand and its callers: every kernel by itself,
// every array with its place. It is the same for every network, so that callers are compiled once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace annconv {

constexpr std::uint32_t kStateVersion = 1;

// What a step reads besides weights and arena.
struct StateInput {
    const void* rates;  // real, one for each input neuron
    std::uint64_t seed;
    std::uint32_t sample;
    std::int32_t index;  // of the step
};

// Type of an array's elements: the network's real, a signed byte, a 32-bit integer, or double.
enum class Element : std::int32_t { kReal, kSpike, kCount, kDouble };

// An array of the arena or of the packed data.
struct StateArray {
    const char* name;
    Element element;
    std::int64_t length;
    std::uint64_t offset;  // in bytes
};

// A kernel with arguments that are the same for every network.
struct StateKernel {
    void (*run)(const void* weights, void* arena, const StateInput& input);
    std::int32_t population;  // whose neurons it updates; -1 for an operator
    std::int32_t projection;  // whose operator it is; -1 for an update
    std::int32_t target;      // buffer that an operator writes; -1 for an update
    bool replaces;            // whether it replaces what the target holds; otherwise it adds
};

// Where what arrives at a population is summed.
struct StateConductance {
    std::int32_t population;
    std::int32_t buffer;
};

template <class Entry>
struct List {
    const Entry* first;
    std::int32_t count;

    const Entry* begin() const { return first; }
    const Entry* end() const { return first + count; }
    const Entry& operator[](std::int32_t index) const { return first[index]; }
};

struct StateTable {
    std::uint32_t version;
    const char* digest;  // of the plan's structure: data must have been packed for it
    std::int32_t real_bytes;
    std::int32_t inputs;
    std::int32_t projections;
    std::uint64_t weights_bytes;
    std::uint64_t arena_bytes;
    List<StateArray> buffers;
    List<StateArray> packed;
    List<StateKernel> kernels;  // in running order
    List<std::int32_t> spikes;  // for each population its buffer of spikes, -1 for a junction
    List<StateConductance> conductances;
    void (*reset)(const void* weights, void* arena);          // to the start of a sample
    void (*count)(void* arena);                               // the read-out's spikes of a step
    bool (*stopped)(const void* weights, const void* arena);  // whether the read-out is finished
};

}  // namespace annconv

extern "C" const annconv::StateTable* annconv_state();
