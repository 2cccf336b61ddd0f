// Spikes of a tile of steps, as layers write and read them: a byte or a bit for each neuron.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "annconv/lanes.hpp"

namespace annconv {

// Eight bytes, each 0 or 1, as bits.
ANNCONV_INLINE std::uint64_t gather_bits(std::uint64_t bytes) {
    constexpr std::uint64_t kLowBits = 0x0101010101010101, kGather = 0x0102040810204080;
    return (bytes & kLowBits) * kGather >> 56;
}

// 64 bytes, each 0 or 1, as bits.
ANNCONV_INLINE std::uint64_t gather_word(const std::int8_t* bytes) {
    std::uint64_t bits = 0;
#ifdef __AVX2__
    typedef char Bytes __attribute__((vector_size(32)));
    for (int half = 0; half < 2; ++half) {
        Bytes some;
        std::memcpy(&some, bytes + half * 32, sizeof some);
        const std::uint32_t signs =
            static_cast<std::uint32_t>(__builtin_ia32_pmovmskb256(some << 7));
        bits |= std::uint64_t{signs} << half * 32;
    }
#else
    for (int part = 0; part < 8; ++part) {
        std::uint64_t some;
        std::memcpy(&some, bytes + part * 8, sizeof some);
        bits |= gather_bits(some) << part * 8;
    }
#endif
    return bits;
}

// Where neurons spiked, and where they took a spike back.
template <class Real, int lanes>
struct SignedSpikes {
    Mask<Real, lanes> spiked, unspiked;
};
template <class Real, int lanes>
SignedSpikes(Mask<Real, lanes>, Mask<Real, lanes>) -> SignedSpikes<Real, lanes>;

template <class Real, int lanes>
ANNCONV_INLINE bool none(const SignedSpikes<Real, lanes>& emitted) {
    return none(emitted.spiked || emitted.unspiked);
}

// Spikes of a vector of neurons as bytes: 1 where it spiked, -1 where one was taken back.
template <class Real, int lanes>
ANNCONV_INLINE auto bytes_of(Mask<Real, lanes> spiked) {
    return __builtin_convertvector(-spiked.words, typename VectorOf<std::int8_t, lanes>::type);
}
template <class Real, int lanes>
ANNCONV_INLINE auto bytes_of(const SignedSpikes<Real, lanes>& emitted) {
    return __builtin_convertvector(emitted.unspiked.words - emitted.spiked.words,
                                   typename VectorOf<std::int8_t, lanes>::type);
}

// The truth of each lane as a bit.
template <class Real, int lanes>
ANNCONV_INLINE std::uint64_t bits_of(Mask<Real, lanes> mask) {
    static_assert(lanes % 8 == 0, "bits fill bytes");
#ifdef __AVX512DQ__
    if constexpr (sizeof mask.words == 64 && lanes == 16) {
        return __builtin_ia32_cvtd2mask512(mask.words);
    } else if constexpr (sizeof mask.words == 64 && lanes == 8) {
        using Words = typename VectorOf<long long, lanes>::type;
        return __builtin_ia32_cvtq2mask512(reinterpret_cast<Words>(mask.words));
    }
#endif
#ifdef __AVX__
    if constexpr (sizeof mask.words == 32 && lanes == 8) {
        using Reals = typename VectorOf<float, lanes>::type;
        const int signs = __builtin_ia32_movmskps256(reinterpret_cast<Reals>(mask.words));
        return static_cast<std::uint64_t>(signs);
    }
#endif
    using Bytes = typename VectorOf<std::int8_t, lanes>::type;
    const Bytes bytes = __builtin_convertvector(-mask.words, Bytes);
    std::uint64_t bits = 0;
    for (int part = 0; part < lanes / 8; ++part) {
        std::uint64_t some;
        std::memcpy(&some, reinterpret_cast<const std::int8_t*>(&bytes) + part * 8, sizeof some);
        bits |= gather_bits(some) << part * 8;
    }
    return bits;
}

// Spikes of one step, a byte for each neuron.
class ByteSpikes {
   public:
    using Element = std::int8_t;
    explicit ByteSpikes(const Element* spikes) : spikes_(spikes) {}

    // Sets bits in cleared words: those of `count` neurons from `first` on.
    template <class Word>
    ANNCONV_INLINE void pack(int first, int count, Word* words) const {
        constexpr int kBits = 8 * static_cast<int>(sizeof(Word));
        const Element* spikes = spikes_ + first;
        int done = 0;
        for (; done + 64 <= count; done += 64) {
            const std::uint64_t bits = gather_word(spikes + done);
            std::memcpy(words + done / kBits, &bits, sizeof bits);
        }
        for (; done < count; done += 8) {
            std::uint64_t bytes = 0;
            if (done + 8 <= count) {
                std::memcpy(&bytes, spikes + done, sizeof bytes);
            } else {
                std::memcpy(&bytes, spikes + done, static_cast<std::size_t>(count - done));
            }
            words[done / kBits] |= static_cast<Word>(gather_bits(bytes) << done % kBits);
        }
    }

    // The spikes of a vector of neurons from `first` on, of which `count` are there.
    template <class Value>
    ANNCONV_INLINE Value numbers(int first, int count) const {
        typename VectorOf<Element, Value::kLanes>::type bytes{};
        std::memcpy(&bytes, spikes_ + first, static_cast<std::size_t>(count));
        return Value(__builtin_convertvector(bytes, typename Value::Vector));
    }

   private:
    const Element* spikes_;
};

// Spikes of one sign of one step of neurons that also emit -1, a byte for each neuron.
template <int sign>
class BytesOfSign {
   public:
    using Element = std::int8_t;
    explicit BytesOfSign(const Element* spikes) : spikes_(spikes) {}

    // Sets bits in cleared words: those of `count` neurons from `first` on.
    template <class Word>
    ANNCONV_INLINE void pack(int first, int count, Word* words) const {
        constexpr int kBits = 8 * static_cast<int>(sizeof(Word));
        for (int done = 0; done < count; done += 8) {
            std::uint64_t bytes = 0;
            std::memcpy(&bytes, spikes_ + first + done,
                        static_cast<std::size_t>(std::min(8, count - done)));
            const std::uint64_t negative = bytes >> 7;
            const std::uint64_t chosen = sign < 0 ? negative : bytes & ~negative;
            words[done / kBits] |= static_cast<Word>(gather_bits(chosen) << done % kBits);
        }
    }

   private:
    const Element* spikes_;
};

// Spikes of one step, a bit for each neuron: that of neuron n is bit n % 8 of byte n / 8.
class BitSpikes {
   public:
    using Element = std::uint8_t;
    // Bytes behind the last neuron's that may be read.
    static constexpr int kSlack = 8;
    explicit BitSpikes(const Element* spikes) : spikes_(spikes) {}

    // Sets bits in cleared words: those of `count` neurons from `first` on.
    template <class Word>
    ANNCONV_INLINE void pack(int first, int count, Word* words) const {
        if (first % 8 == 0 && count % 8 == 0) {
            std::memcpy(words, spikes_ + first / 8, static_cast<std::size_t>(count / 8));
            return;
        }
        for (int done = 0; done < count; done += 64) {
            const int some = std::min(64, count - done);
            const std::uint64_t bits = read(first + done, some);
            std::memcpy(reinterpret_cast<std::byte*>(words) + done / 8, &bits,
                        static_cast<std::size_t>((some + 7) / 8));
        }
    }

    // The spikes of a vector of neurons from `first` on, of which `count` are there.
    template <class Value>
    ANNCONV_INLINE Value numbers(int first, int count) const {
        using Word = typename Value::Truth::Word;
        using Words = typename Value::Truth::Vector;
        const Word bits = static_cast<Word>(read(first, count));
        Words lane;
        for (int place = 0; place < Value::kLanes; ++place) lane[place] = place;
        const Words ones = ((Words{} + bits) >> lane) & 1;
        return Value(__builtin_convertvector(ones, typename Value::Vector));
    }

   private:
    // The bits of 1 to 64 neurons.
    ANNCONV_INLINE std::uint64_t read(int first, int count) const {
        const Element* start = spikes_ + first / 8;
        const int shift = first % 8;
        std::uint64_t bits;
        std::memcpy(&bits, start, sizeof bits);
        bits >>= shift;
        if (shift + count > 64) bits |= std::uint64_t{start[8]} << (64 - shift);
        return bits & ~std::uint64_t{0} >> (64 - count);
    }

    const Element* spikes_;
};

// Spikes of the layer before in a tile of steps: slots of `length` bytes, the first one that is
// read first.
template <class Spikes>
struct SpikeSlots {
    using Element = typename Spikes::Element;
    const Element* spikes;
    std::ptrdiff_t length;

    // The slots of a buffer from `first` on.
    template <std::size_t slots, std::size_t length>
    static SpikeSlots from(const Element (&buffer)[slots][length], int first) {
        return {buffer[first], static_cast<std::ptrdiff_t>(length)};
    }

    Spikes at(int slot) const { return Spikes(spikes + slot * length); }
};
using ByteSlots = SpikeSlots<ByteSpikes>;
using BitSlots = SpikeSlots<BitSpikes>;

// Spikes that a layer writes, as bytes: slots of `length` bytes.
struct ByteOutput {
    std::int8_t* spikes;
    std::ptrdiff_t length;

    // The slots of a buffer from `first` on.
    template <std::size_t slots, std::size_t length>
    static ByteOutput from(std::int8_t (&buffer)[slots][length], int first) {
        return {buffer[first], static_cast<std::ptrdiff_t>(length)};
    }

    // Writes where a vector of neurons spiked; padding lanes beyond `channels` are left out.
    template <int channels, class Emitted>
    ANNCONV_INLINE void put(int slot, int cell, int channel, const Emitted& emitted) const {
        const auto bytes = bytes_of(emitted);
        constexpr int kLanes = sizeof bytes;
        std::int8_t* target = spikes + slot * length + std::ptrdiff_t{cell} * channels + channel;
        if (channels % kLanes == 0 || channel + kLanes <= channels) {
            if (channel < channels) std::memcpy(target, &bytes, sizeof bytes);
        } else if (channel < channels) {
            std::memcpy(target, &bytes, static_cast<std::size_t>(channels - channel));
        }
    }
};

// The same as bits, for channels that fill bytes or a single cell.
struct BitOutput {
    std::uint8_t* spikes;
    std::ptrdiff_t length;

    // The slots of a buffer from `first` on.
    template <std::size_t slots, std::size_t length>
    static BitOutput from(std::uint8_t (&buffer)[slots][length], int first) {
        return {buffer[first], static_cast<std::ptrdiff_t>(length)};
    }

    template <int channels, class Real, int lanes>
    ANNCONV_INLINE void put(int slot, int cell, int channel, Mask<Real, lanes> spiked) const {
        std::uint8_t* target =
            spikes + slot * length + (std::ptrdiff_t{cell} * channels + channel) / 8;
        if (channels % lanes == 0 || channel + lanes <= channels) {
            if (channel < channels) store_bits(bits_of(spiked), lanes / 8, target);
        } else if (channel < channels) {
            const int left = channels - channel;
            store_bits(bits_of(spiked) & ~std::uint64_t{0} >> (64 - left), (left + 7) / 8, target);
        }
    }

   private:
    static ANNCONV_INLINE void store_bits(std::uint64_t bits, int bytes, std::uint8_t* target) {
        std::memcpy(target, &bits, static_cast<std::size_t>(bytes));
    }
};

}  // namespace annconv
