// What is told of an exported network beside what runs it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace annconv {

struct PopulationFacts {
    const char* name;
    std::int32_t size;
    bool is_junction;   // adds up what arrives, and has no neurons
    bool keeps_spikes;  // else they are known nowhere: fused code does without them
};

struct NetworkFacts {
    const char* name;
    const char* precision;
    std::int32_t steps;    // that a sample takes where nothing else is said
    double dt;             // length of a step in ms
    double input_scale;    // from a sample's values to input rates
    const char* geometry;  // of the input: "28, 28, 1"
    const PopulationFacts* populations;
    const unsigned char* weights;  // packed, in the binary; nullptr: in a file
    std::size_t weights_bytes;
};

const NetworkFacts& network_facts();

}  // namespace annconv
