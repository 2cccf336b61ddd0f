// The C table between a network's generated code and its callers (the Python extension, programs).
// It is the same for every network, so that callers are compiled once.
#pragma once

#include <cstdint>

namespace annconv {

constexpr std::uint32_t kTableVersion = 2;

// Receives what happened while samples run. Methods are called from several threads, but all calls
// for one sample come from one thread. What they throw (of std::exception) ends the run, whose
// caller receives it.
class RunObserver {
   public:
    virtual ~RunObserver() = default;

    // One spike (+1) or unspike (-1) of a recorded population.
    virtual void spike(std::int64_t sample, std::int32_t population, std::int32_t step,
                       std::int32_t rank, std::int8_t sign) = 0;

    // Called by the calling thread from time to time; false ends the run.
    virtual bool proceed(std::int64_t samples_done) = 0;
};

// What to run and where the results go. Arrays are C-contiguous.
struct RunRequest {
    const void* samples;  // real (count, frames per sample, inputs)
    std::int64_t count;
    std::int32_t frames;  // 1: the same rates in every step, else one frame a step
    std::int32_t steps;
    std::int32_t threads;
    std::uint64_t seed;
    std::uint32_t first_sample;
    const std::uint8_t* record;  // a flag for every population
    RunObserver* observer;

    std::int32_t* counts;      // (count, outputs): spikes of each output neuron
    double* outputs;           // (count, outputs): score of each output neuron
    std::int32_t* stopped_at;  // (count,): steps executed, also where the run was ended
    double* seconds;           // (parts,): time of the calling thread; nullptr: not measured
};

struct NetworkTable {
    std::uint32_t version;
    const char* digest;  // of the plan's structure: data must have been packed for it
    std::int32_t real_bytes;
    std::int32_t inputs;
    std::int32_t outputs;
    std::int32_t populations;
    std::int32_t parts;  // kernels, or groups of them, that run one after another
    const char* const* part_names;
    std::uint64_t weights_bytes;
    std::uint64_t arena_bytes;
    // Runs all samples; false if the observer ended the run. `weights` is aligned to 64 bytes.
    // Throws std::bad_alloc where there is no memory, and what the observer throws.
    bool (*run)(const void* weights, const RunRequest& request);
};

}  // namespace annconv

extern "C" const annconv::NetworkTable* annconv_network();
