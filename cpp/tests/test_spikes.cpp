// Spikes in memory, as bytes and as bits, say what was written.
#include "annconv/kernels/spikes.hpp"

#include <array>
#include <random>
#include <vector>

#include "check.hpp"

using annconv::LanesOf;

namespace {

constexpr int kGuard = 0x55;

// The bits of `count` neurons from `first` on, in words that hold nothing else.
template <class Word, class Spikes>
std::vector<bool> packed(const Spikes& spikes, int first, int count) {
    constexpr int kBits = 8 * static_cast<int>(sizeof(Word));
    std::vector<Word> words(static_cast<std::size_t>(count / kBits + 1));
    spikes.pack(first, count, words.data());
    std::vector<bool> found;
    for (int bit = 0; bit < static_cast<int>(words.size()) * kBits; ++bit) {
        const bool set = words[static_cast<std::size_t>(bit / kBits)] >> bit % kBits & 1;
        if (bit < count) {
            found.push_back(set);
        } else {
            CHECK(!set);
        }
    }
    return found;
}

template <class Word>
void check_pack() {
    constexpr int kNeurons = 150;
    std::mt19937 random(7);
    std::vector<std::int8_t> bytes(kNeurons);
    std::vector<std::uint8_t> bits((kNeurons + 7) / 8 + annconv::BitSpikes::kSlack, kGuard);
    std::fill_n(bits.begin(), (kNeurons + 7) / 8, std::uint8_t{0});
    for (std::size_t neuron = 0; neuron < kNeurons; ++neuron) {
        bytes[neuron] = static_cast<std::int8_t>(random() % 2);
        bits[neuron / 8] =
            static_cast<std::uint8_t>(bits[neuron / 8] | bytes[neuron] << neuron % 8);
    }
    for (int first = 0; first < kNeurons; ++first) {
        for (int count = 0; first + count <= kNeurons; ++count) {
            const std::vector<bool> expected(bytes.begin() + first, bytes.begin() + first + count);
            CHECK(packed<Word>(annconv::ByteSpikes(bytes.data()), first, count) == expected);
            CHECK(packed<Word>(annconv::BitSpikes(bits.data()), first, count) == expected);
        }
    }
}

// Vectors that every third neuron's spike stands in, in the second slot; nothing else is touched.
template <class Value, int cells, int channels, class Output, class Spikes>
void check_output(Output output, const Spikes& written) {
    using Real = typename Value::Number;
    constexpr int kVectors = (channels + Value::kLanes - 1) / Value::kLanes + 1;  // one of padding
    for (int cell = 0; cell < cells; ++cell) {
        for (int channel = 0; channel < kVectors * Value::kLanes; channel += Value::kLanes) {
            std::array<Real, Value::kLanes> numbers;
            for (int lane = 0; lane < Value::kLanes; ++lane) {
                const int neuron = cell * channels + channel + lane;
                numbers[static_cast<std::size_t>(lane)] = static_cast<Real>(neuron % 3);
            }
            const auto spiked = annconv::load<Value>(numbers.data()) > Value(Real(1));
            output.template put<channels>(1, cell, channel, spiked);
        }
    }
    const std::vector<bool> found = packed<std::uint64_t>(written, 0, cells * channels);
    for (int neuron = 0; neuron < cells * channels; ++neuron)
        CHECK(found[static_cast<std::size_t>(neuron)] == (neuron % 3 == 2));
}

template <class Value, int cells, int channels>
void check_bytes() {
    constexpr int kNeurons = cells * channels;
    std::vector<std::int8_t> memory(3 * kNeurons, kGuard);
    check_output<Value, cells, channels>(annconv::ByteOutput{memory.data(), kNeurons},
                                         annconv::ByteSpikes(memory.data() + kNeurons));
    for (int place = 0; place < 3 * kNeurons; ++place) {
        if (place / kNeurons != 1) CHECK(memory[static_cast<std::size_t>(place)] == kGuard);
    }
}

template <class Value, int cells, int channels>
void check_bits() {
    constexpr int kUsed = (cells * channels + 7) / 8, kBytes = kUsed + annconv::BitSpikes::kSlack;
    std::vector<std::uint8_t> memory(3 * kBytes, kGuard);
    check_output<Value, cells, channels>(annconv::BitOutput{memory.data(), kBytes},
                                         annconv::BitSpikes(memory.data() + kBytes));
    for (int place = 0; place < 3 * kBytes; ++place) {
        if (place < kBytes || place >= kBytes + kUsed)
            CHECK(memory[static_cast<std::size_t>(place)] == kGuard);
    }
}

template <class Value>
void check_both() {
    check_bytes<Value, 3, 21>();
    check_bits<Value, 3, 24>();
    check_bits<Value, 2, 32>();
    check_bits<Value, 1, 21>();
}

}  // namespace

int main() {
    check_pack<std::uint8_t>();
    check_pack<std::uint16_t>();
    check_pack<std::uint32_t>();
    check_pack<std::uint64_t>();
    check_bytes<LanesOf<float, 16>, 3, 21>();
    check_bytes<LanesOf<double, 32>, 3, 21>();
    check_both<LanesOf<float, 32>>();
    check_both<LanesOf<float, 64>>();
    check_both<LanesOf<double, 64>>();
    return EXIT_SUCCESS;
}
