// The C table between a network's generated code and its callers (the Python extension, programs).
// It is the same for every network, so that callers are compiled once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "annconv/tile.hpp"

namespace annconv {

constexpr std::uint32_t kTableVersion = 4;

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

// What a population emitted in a step, as signed bytes or as bits; empty where it is not kept.
class EmittedSpikes {
   public:
    EmittedSpikes() = default;
    EmittedSpikes(const std::int8_t* bytes) : bytes_(bytes) {}
    EmittedSpikes(const std::uint8_t* bits) : bits_(bits) {}

    // Channels that stand at other places than their own: `places` has that of each.
    template <class Element, std::size_t channels>
    EmittedSpikes(const Element* spikes, const std::int32_t (&places)[channels])
        : EmittedSpikes(spikes) {
        places_ = places;
        channels_ = static_cast<std::int32_t>(channels);
    }

    bool kept() const { return bytes_ != nullptr || bits_ != nullptr; }

    // What the neuron of a rank emitted.
    std::int8_t operator[](std::int32_t rank) const {
        const std::int32_t place = place_of(rank);
        return bytes_ != nullptr ? bytes_[place]
                                 : static_cast<std::int8_t>(bits_[place / 8] >> place % 8 & 1);
    }

   private:
    std::int32_t place_of(std::int32_t rank) const {
        if (places_ == nullptr) return rank;
        return rank / channels_ * channels_ + places_[rank % channels_];
    }

    const std::int8_t* bytes_ = nullptr;
    const std::uint8_t* bits_ = nullptr;
    const std::int32_t* places_ = nullptr;
    std::int32_t channels_ = 1;
};

// What a network is and does. `weights` and `arena` are aligned to 64 bytes; no function throws.
struct NetworkTable {
    std::uint32_t version;
    const char* digest;  // of the plan's structure: data must have been packed for it
    std::int32_t real_bytes;
    std::int32_t inputs;
    std::int32_t outputs;
    std::int32_t populations;
    const std::int32_t* sizes;  // of the populations
    std::int32_t parts;         // kernels, or groups of them, that run one after another
    const char* const* part_names;
    std::uint64_t weights_bytes;
    std::uint64_t arena_bytes;
    std::int32_t blocks;  // of sums in the layer that has most; more threads than that find no work
    std::int32_t tile;    // most steps that `advance` runs in one go
    std::size_t (*scratch_bytes)();                   // that a thread needs
    void (*reset)(const void* weights, void* arena);  // to the start of a sample
    // Runs a tile of steps, fewer if the read-out needs no further one; returns how many.
    std::int32_t (*advance)(const void* weights, void* arena, const TileInput& tile);
    // What a population emitted in a step of the last tile.
    EmittedSpikes (*spikes)(const void* weights, const void* arena, std::int32_t population,
                            std::int32_t slot);
    bool (*stopped)(const void* weights, const void* arena);  // whether the read-out is finished
    void (*read_out)(const void* weights, const void* arena, std::int32_t* counts, double* outputs);
};

// The table of a generated network.
template <class Network, std::size_t parts>
constexpr NetworkTable make_table(const char* digest, const char* const (&part_names)[parts]) {
    using Arena = typename Network::Arena;
    using Weights = typename Network::Weights;
    using Real = typename Network::Real;
    NetworkTable table{};
    table.version = kTableVersion;
    table.digest = digest;
    table.real_bytes = sizeof(Real);
    table.inputs = Network::kInputs;
    table.outputs = Network::kOutputs;
    table.populations = Network::kPopulations;
    table.sizes = Network::kSizes;
    table.parts = parts;
    table.part_names = part_names;
    table.weights_bytes = sizeof(Weights);
    table.arena_bytes = sizeof(Arena);
    table.blocks = Network::kBlocks;
    table.tile = Network::kTile;
    table.scratch_bytes = Network::scratch_bytes;
    table.reset = [](const void* weights, void* arena) {
        Network::reset(*static_cast<const Weights*>(weights), *static_cast<Arena*>(arena));
    };
    table.advance = [](const void* weights, void* arena, const TileInput& tile) {
        return Network::advance(*static_cast<const Weights*>(weights), *static_cast<Arena*>(arena),
                                Tile<Real>(tile));
    };
    table.spikes = [](const void* weights, const void* arena, std::int32_t population,
                      std::int32_t slot) {
        return Network::spikes(*static_cast<const Weights*>(weights),
                               *static_cast<const Arena*>(arena), population, slot);
    };
    table.stopped = [](const void* weights, const void* arena) {
        return Network::stopped(*static_cast<const Weights*>(weights),
                                *static_cast<const Arena*>(arena));
    };
    table.read_out = [](const void* weights, const void* arena, std::int32_t* counts,
                        double* outputs) {
        Network::read_out(*static_cast<const Weights*>(weights), *static_cast<const Arena*>(arena),
                          counts, outputs);
    };
    return table;
}

}  // namespace annconv

extern "C" const annconv::NetworkTable* annconv_network();
