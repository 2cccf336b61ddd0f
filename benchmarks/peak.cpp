// The most additions of vectors that this machine does in a second, each with one operand from the
// first-level cache, and its clock. Prints one line of JSON.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace {

constexpr int kBytes = 24 * 1024;  // fits every first-level cache
constexpr int kSums = 8;           // hides the latency of an addition
constexpr int kRounds = 200;
constexpr int kRepeats = 2000;

template <class Real, int bytes>
struct VectorOf {
    typedef Real type __attribute__((vector_size(bytes)));
};

double seconds() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration<double>(now).count();
}

// The optimiser has to believe that an array is read and written here.
template <class Array>
inline void hide(Array& values) {
    asm volatile("" : "+m"(values));
}

inline void add_one(std::uint64_t& value) {
    value += 1;
    asm volatile("" : "+r"(value));
}

// Adds one vector to each sum; a fold, so that every compiler keeps the sums in registers.
template <class Vector, int... sum>
inline void add_each(const Vector* data, Vector* sums, std::integer_sequence<int, sum...>) {
    ((sums[sum] += data[sum]), ...);
}

template <class Real, int bytes>
double vector_adds() {
    using Vector = typename VectorOf<Real, bytes>::type;
    constexpr int kCount = kBytes / bytes;
    alignas(64) static Vector data[kCount];
    // Pages never written to would all be one page of zeros, which the cache holds badly.
    for (Vector& vector : data) vector += Real{1};
    double best = 1e9;
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
        Vector sums[kSums] = {};
        const double start = seconds();
        for (int round = 0; round < kRounds; ++round) {
            hide(data);  // they may have changed: load them again
            for (int first = 0; first < kCount; first += kSums) {
                add_each(data + first, sums, std::make_integer_sequence<int, kSums>());
            }
        }
        hide(sums);
        best = std::min(best, seconds() - start);
    }
    return static_cast<double>(kCount) * kRounds / best;
}

// A chain of dependent additions takes one cycle each.
double clock_rate() {
    constexpr int kChain = 200'000;
    double best = 1e9;
    for (int repeat = 0; repeat < 50; ++repeat) {
        std::uint64_t value = 1;
        const double start = seconds();
        for (int link = 0; link < kChain; ++link) {
            add_one(value), add_one(value), add_one(value), add_one(value);
            add_one(value), add_one(value), add_one(value), add_one(value);
        }
        best = std::min(best, seconds() - start);
    }
    return 8.0 * kChain / best;
}

template <int bytes>
void print(const char* separator) {
    std::printf("%s\"%d\": {\"double\": %.6g, \"single\": %.6g, \"int16\": %.6g}", separator,
                8 * bytes, vector_adds<double, bytes>(), vector_adds<float, bytes>(),
                vector_adds<std::int16_t, bytes>());
}

}  // namespace

int main() {
    std::printf("{\"clock\": %.6g, ", clock_rate());
    print<16>("");
#ifdef __AVX__
    print<32>(", ");
#endif
#ifdef __AVX512F__
    print<64>(", ");
#endif
    std::printf("}\n");
}
