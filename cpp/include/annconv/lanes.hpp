// Several neurons at once: reals and truth values of as many lanes as one vector of the processor
// has. A neuron's equations are written once, over a type that is a real or Lanes of reals.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "annconv/functions.hpp"

namespace annconv {

#define ANNCONV_INLINE __attribute__((always_inline)) inline

// `lanes` numbers that one instruction handles.
template <class Number, int lanes>
struct VectorOf {
    typedef Number type __attribute__((vector_size(lanes * sizeof(Number))));
};

// Truth values; each lane is 0 or -1, as comparisons of vectors give them.
template <class Real, int lanes>
struct Mask {
    using Word = std::conditional_t<sizeof(Real) == 4, std::int32_t, std::int64_t>;
    using Vector = typename VectorOf<Word, lanes>::type;
    Vector words;

    friend ANNCONV_INLINE Mask operator&&(Mask a, Mask b) { return {a.words & b.words}; }
    friend ANNCONV_INLINE Mask operator||(Mask a, Mask b) { return {a.words | b.words}; }
    friend ANNCONV_INLINE Mask operator!(Mask a) { return {~a.words}; }
};

template <class Real, int lanes>
class Lanes {
   public:
    using Number = Real;
    using Truth = Mask<Real, lanes>;
    using Vector = typename VectorOf<Real, lanes>::type;
    static constexpr int kLanes = lanes;

    Lanes() = default;
    ANNCONV_INLINE Lanes(Real value) : numbers(value - Vector{}) {}  // the same in every lane
    ANNCONV_INLINE explicit Lanes(Vector vector) : numbers(vector) {}
    ANNCONV_INLINE explicit Lanes(Truth truth) : Lanes(select(truth, Lanes(1), Lanes(0))) {}

    ANNCONV_INLINE Lanes& operator+=(Lanes b) { return *this = *this + b; }
    ANNCONV_INLINE Lanes& operator-=(Lanes b) { return *this = *this - b; }
    ANNCONV_INLINE Lanes& operator*=(Lanes b) { return *this = *this * b; }

    friend ANNCONV_INLINE Lanes operator+(Lanes a, Lanes b) { return Lanes(a.numbers + b.numbers); }
    friend ANNCONV_INLINE Lanes operator-(Lanes a, Lanes b) { return Lanes(a.numbers - b.numbers); }
    friend ANNCONV_INLINE Lanes operator*(Lanes a, Lanes b) { return Lanes(a.numbers * b.numbers); }
    friend ANNCONV_INLINE Lanes operator/(Lanes a, Lanes b) { return Lanes(a.numbers / b.numbers); }
    friend ANNCONV_INLINE Lanes operator-(Lanes a) { return Lanes(-a.numbers); }

    friend ANNCONV_INLINE Truth operator<(Lanes a, Lanes b) { return {a.numbers < b.numbers}; }
    friend ANNCONV_INLINE Truth operator<=(Lanes a, Lanes b) { return {a.numbers <= b.numbers}; }
    friend ANNCONV_INLINE Truth operator>(Lanes a, Lanes b) { return {a.numbers > b.numbers}; }
    friend ANNCONV_INLINE Truth operator>=(Lanes a, Lanes b) { return {a.numbers >= b.numbers}; }
    friend ANNCONV_INLINE Truth operator==(Lanes a, Lanes b) { return {a.numbers == b.numbers}; }
    friend ANNCONV_INLINE Truth operator!=(Lanes a, Lanes b) { return {a.numbers != b.numbers}; }

    Vector numbers;
};

// Whether every lane holds the same bits.
template <class Real, int lanes>
ANNCONV_INLINE bool same_bits(Lanes<Real, lanes> a, Lanes<Real, lanes> b) {
    return std::memcmp(&a.numbers, &b.numbers, sizeof a.numbers) == 0;
}

// Whether no lane is true.
template <class Real, int lanes>
ANNCONV_INLINE bool none(Mask<Real, lanes> mask) {
    const Mask<Real, lanes> nowhere{};
    return std::memcmp(&mask.words, &nowhere.words, sizeof mask.words) == 0;
}

// What stands for `real` in the code of a vector of neurons.
template <class Real, int vector_bytes>
using LanesOf = Lanes<Real, vector_bytes / static_cast<int>(sizeof(Real))>;

template <class Value>
struct IsLanes : std::false_type {};
template <class Real, int lanes>
struct IsLanes<Lanes<Real, lanes>> : std::true_type {};

// The value of the branch that holds; both have been computed.
template <class Real, int lanes>
ANNCONV_INLINE Lanes<Real, lanes> select(Mask<Real, lanes> condition, Lanes<Real, lanes> then,
                                         Lanes<Real, lanes> otherwise) {
    return Lanes<Real, lanes>(condition.words ? then.numbers : otherwise.numbers);
}
template <class Real, class = std::enable_if_t<std::is_floating_point_v<Real>>>
ANNCONV_INLINE Real select(bool condition, Real then, Real otherwise) {
    return condition ? then : otherwise;
}

// The widest vector that one register of an x86 holds.
#if defined(__AVX512F__)
constexpr int kRegisterBytes = 64;
#elif defined(__AVX__)
constexpr int kRegisterBytes = 32;
#else
constexpr int kRegisterBytes = 16;
#endif

// The same value, of which the compiler no longer knows that it is a constant: with one in a
// register, `select(v < limit, limit, v)` becomes a single instruction.
template <class Real, int lanes>
ANNCONV_INLINE Lanes<Real, lanes> in_register(Lanes<Real, lanes> value) {
#ifdef __x86_64__
    if constexpr (sizeof value.numbers <= kRegisterBytes) asm("" : "+v"(value.numbers));
#endif
    return value;
}

// 16-bit integers as 32-bit ones; GCC 12 would do it by halves.
template <class Words, class Shorts>
ANNCONV_INLINE Words widen(Shorts shorts) {
#if defined(__AVX2__) && !defined(__clang__)
    if constexpr (sizeof(Words) <= kRegisterBytes && sizeof(Shorts) >= 16) {
        Words words;
        asm("vpmovsxwd %1, %0" : "=v"(words) : "vm"(shorts));
        return words;
    }
#endif
    return __builtin_convertvector(shorts, Words);
}

// Applies a function of reals lane by lane.
template <class Function, class Real, int lanes, class... Others>
ANNCONV_INLINE Lanes<Real, lanes> lane_by_lane(Function function, Lanes<Real, lanes> first,
                                               Others... others) {
    Lanes<Real, lanes> result(Real{0});
    for (int lane = 0; lane < lanes; ++lane) {
        result.numbers[lane] = function(first.numbers[lane], others.numbers[lane]...);
    }
    return result;
}

// Functions of a neuron's equations over Lanes.
#define ANNCONV_LANES_OF_ONE(name)                                               \
    template <class Real, int lanes>                                             \
    ANNCONV_INLINE Lanes<Real, lanes> name(Lanes<Real, lanes> x) {               \
        return lane_by_lane([](Real value) { return annconv::name(value); }, x); \
    }

ANNCONV_LANES_OF_ONE(exp)
ANNCONV_LANES_OF_ONE(log)
ANNCONV_LANES_OF_ONE(sqrt)
ANNCONV_LANES_OF_ONE(sin)
ANNCONV_LANES_OF_ONE(cos)
ANNCONV_LANES_OF_ONE(tan)
ANNCONV_LANES_OF_ONE(asin)
ANNCONV_LANES_OF_ONE(acos)
ANNCONV_LANES_OF_ONE(atan)
ANNCONV_LANES_OF_ONE(sinh)
ANNCONV_LANES_OF_ONE(cosh)
ANNCONV_LANES_OF_ONE(tanh)
ANNCONV_LANES_OF_ONE(erf)
ANNCONV_LANES_OF_ONE(abs)
ANNCONV_LANES_OF_ONE(floor)
ANNCONV_LANES_OF_ONE(ceil)
ANNCONV_LANES_OF_ONE(round)
ANNCONV_LANES_OF_ONE(trunc)
ANNCONV_LANES_OF_ONE(positive)
ANNCONV_LANES_OF_ONE(negative)

#undef ANNCONV_LANES_OF_ONE

template <class Real, int lanes>
ANNCONV_INLINE Lanes<Real, lanes> pow(Lanes<Real, lanes> base, Lanes<Real, lanes> exponent) {
    return lane_by_lane([](Real a, Real b) { return annconv::pow(a, b); }, base, exponent);
}
template <class Real, int lanes>
ANNCONV_INLINE Lanes<Real, lanes> modulo(Lanes<Real, lanes> a, Lanes<Real, lanes> b) {
    return lane_by_lane([](Real x, Real y) { return annconv::modulo(x, y); }, a, b);
}
template <class Real, int lanes>
ANNCONV_INLINE Lanes<Real, lanes> clip(Lanes<Real, lanes> value, Lanes<Real, lanes> low,
                                       Lanes<Real, lanes> high) {
    return select(value < low, low, select(value > high, high, value));
}

// a*b + c, rounded once; the instruction writes over a.
template <class Real, int lanes>
ANNCONV_INLINE Lanes<Real, lanes> fma(Lanes<Real, lanes> a, Lanes<Real, lanes> b,
                                      Lanes<Real, lanes> c) {
#ifdef __FMA__
    if constexpr (sizeof a.numbers <= kRegisterBytes) {
        if constexpr (std::is_same_v<Real, float>) {
            asm("vfmadd213ps %2, %1, %0" : "+v"(a.numbers) : "v"(b.numbers), "v"(c.numbers));
        } else {
            asm("vfmadd213pd %2, %1, %0" : "+v"(a.numbers) : "v"(b.numbers), "v"(c.numbers));
        }
        return a;
    }
#endif
    return lane_by_lane([](Real x, Real y, Real z) { return annconv::fma(x, y, z); }, a, b, c);
}

// Values in memory, one per lane.
template <class Real, int lanes>
ANNCONV_INLINE Lanes<Real, lanes> load_lanes(const Real* values) {
    Lanes<Real, lanes> result;
    std::memcpy(&result.numbers, values, sizeof result.numbers);
    return result;
}

template <class Value>
ANNCONV_INLINE Value load(const typename Value::Number* values) {
    return load_lanes<typename Value::Number, Value::kLanes>(values);
}

template <class Value>
ANNCONV_INLINE void store(Value value, typename Value::Number* values) {
    std::memcpy(values, &value.numbers, sizeof value.numbers);
}

}  // namespace annconv
