// Inputs of equal rate fire alike where the encoding draws no random numbers: each distinct rate is
// simulated once, and the rows of weights of its inputs are added up when it first spikes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "annconv/lanes.hpp"

namespace annconv {

template <class Real, class Weight, int inputs, int blocks, int block_channels>
class SharedInputs {
    static_assert(inputs < 0xFFFF, "inputs are numbered with 16 bits");

   public:
    // How many neurons are simulated, their rates in a step with these `rates`, and their rows of
    // `weights`, laid out as (blocks, rows(), block_channels). Where rates differ too much, these
    // are the inputs themselves.
    int count() const { return count_; }
    int rows() const { return own_ ? inputs : kRoom; }
    const Real* rates(const Real* rates) const { return own_ ? rates : rates_; }
    const Weight* weights(const Weight* weights) const {
        return own_ ? weights : &weights_[0][0][0];
    }

    // At the start of a sample. `constant`: whether all of its steps have these rates.
    void start(const Real* rates, bool constant) {
        own_ = !constant || !group(rates);
        if (own_) count_ = inputs;
    }

    // Adds up the rows of weights of those that spiked for the first time in a tile of steps.
    template <class Slots>
    void prepare(const Slots& spikes, int steps, const Weight* weights) {
        if (own_) return;
        std::uint64_t spiked[kWords] = {};
        for (int slot = 0; slot < steps; ++slot) {
            std::uint64_t packed[kWords] = {};
            spikes.at(slot).pack(0, kMost, packed);
            for (int word = 0; word < kWords; ++word) spiked[word] |= packed[word];
        }
        // The inputs of all these groups one after another, so that rows can be fetched ahead.
        std::uint16_t members[inputs];
        std::array<std::uint16_t, kMost> found, ends;
        int groups = 0, count = 0;
        for (int group = 0; group < std::min(count_, kMost); ++group) {
            if ((spiked[group / 64] >> group % 64 & 1) == 0 || ready_[group]) continue;
            ready_[group] = true;
            for (std::uint16_t input = last_[group]; input != kFree; input = before_[input]) {
                members[count++] = input;
            }
            found[groups] = static_cast<std::uint16_t>(group);
            ends[groups++] = static_cast<std::uint16_t>(count);
        }
        for (int block = 0; block < blocks; ++block) {
            const Weight* rows =
                weights + static_cast<std::ptrdiff_t>(block) * inputs * block_channels;
            for (int index = 0; index < groups; ++index) {
                const int first = index == 0 ? 0 : ends[index - 1];
                add_up(rows, members, first, ends[index], count, weights_[block][found[index]]);
            }
        }
    }

   private:
    static constexpr int kMost = std::min(inputs, 128);
    static constexpr int kWords = (kMost + 63) / 64;
    static constexpr int kBatch = 16;  // counts are multiples of it, for the sake of vectors
    static constexpr int kRoom = (kMost + kBatch - 1) / kBatch * kBatch;
    static constexpr int kSlotBits = 10;
    static constexpr int kAhead = 4;  // rows that are on their way while one is added
    static constexpr int kLine = 64 / static_cast<int>(sizeof(Weight));
    static constexpr std::uint16_t kFree = 0xFFFF;

    // Numbers the distinct rates; false if there are too many.
    bool group(const Real* rates) {
        std::array<std::uint16_t, 1 << kSlotBits> slots;
        slots.fill(kFree);
        count_ = 0;
        for (int input = 0; input < inputs; ++input) {
            std::size_t slot = slot_of(rates[input]);
            while (slots[slot] != kFree && !same(rates_[slots[slot]], rates[input])) {
                slot = (slot + 1) % slots.size();
            }
            if (slots[slot] == kFree) {
                if (count_ == kMost) return false;
                rates_[count_] = rates[input];
                last_[count_] = kFree;
                slots[slot] = static_cast<std::uint16_t>(count_++);
            }
            std::uint16_t& last = last_[slots[slot]];
            before_[input] = last;
            last = static_cast<std::uint16_t>(input);
        }
        for (; count_ % kBatch != 0; ++count_) {
            rates_[count_] = 0;
            last_[count_] = kFree;
        }
        ready_.fill(false);
        return true;
    }

    static std::size_t slot_of(Real rate) {
        std::uint32_t bits = 0;
        const auto single = static_cast<float>(rate);
        std::memcpy(&bits, &single, sizeof bits);
        return bits * 2654435761u >> (32 - kSlotBits);
    }

    static bool same(Real a, Real b) { return std::memcmp(&a, &b, sizeof a) == 0; }

    // The sum of the rows of members `first` to `end`, while rows of those behind them are fetched.
    static void add_up(const Weight* weights, const std::uint16_t* members, int first, int end,
                       int count, Weight* __restrict sum) {
        std::memset(sum, 0, sizeof(Weight) * block_channels);
        for (int member = first; member < end; ++member) {
            if (member + kAhead < count) {
                const Weight* next =
                    weights + std::ptrdiff_t{members[member + kAhead]} * block_channels;
                for (int channel = 0; channel < block_channels; channel += kLine) {
                    __builtin_prefetch(next + channel);
                }
            }
            const Weight* __restrict row =
                weights + std::ptrdiff_t{members[member]} * block_channels;
            for (int channel = 0; channel < block_channels; ++channel) {
                sum[channel] = static_cast<Weight>(sum[channel] + row[channel]);
            }
        }
    }

    int count_;
    bool own_;
    Real rates_[kRoom];
    std::uint16_t last_[kRoom];     // input of each group, the start of a chain
    std::uint16_t before_[inputs];  // the input before it in its group
    std::array<bool, kRoom> ready_;
    alignas(64) Weight weights_[blocks][kRoom][block_channels];
};

}  // namespace annconv
