// Nothing is allocated once a handle is open, and an allocation that fails before is told: WEIGHTS.
// Replaces malloc and operator new, which sanitizers do, too: built without them.
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "check.h"
#include "tested.h"

#ifdef __GLIBC__
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void __libc_free(void*);
}

namespace {
std::atomic<std::int64_t> allocations{0};
std::atomic<std::int64_t> alive{0};
std::atomic<std::int64_t> until_failure{-1};  // allocations that still succeed; < 0: all do

template <class Allocate>
void* counted(Allocate allocate) {
    ++allocations;
    if (until_failure.load() >= 0 && until_failure.fetch_sub(1) == 0) return nullptr;
    void* const memory = allocate();
    if (memory != nullptr) ++alive;
    return memory;
}
}  // namespace

extern "C" {
void* malloc(std::size_t size) {
    return counted([=] { return __libc_malloc(size); });
}
void* calloc(std::size_t count, std::size_t size) {
    return counted([=] { return __libc_calloc(count, size); });
}
void* realloc(void* memory, std::size_t size) {
    if (memory != nullptr) --alive;
    return counted([=] { return __libc_realloc(memory, size); });
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return counted([=] { return __libc_memalign(alignment, size); });
}
void* memalign(std::size_t alignment, std::size_t size) { return aligned_alloc(alignment, size); }
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
    *memory = aligned_alloc(alignment, size);
    return *memory == nullptr ? ENOMEM : 0;
}
void free(void* memory) {
    if (memory != nullptr) --alive;
    __libc_free(memory);
}
}
#else
#error "expected glibc"
#endif

namespace {

constexpr std::int64_t kCount = 5;

int proceed(void*, std::int64_t) { return 1; }
void on_spike(void* context, std::int64_t, std::int32_t, std::int32_t, std::int32_t, std::int32_t) {
    ++*static_cast<std::atomic<int>*>(context);
}

// A batch, and a sample by hand.
void use(tested_network* network) {
    static tested_real samples[kCount * TESTED_INPUTS];
    static std::int32_t labels[kCount], counts[kCount * TESTED_OUTPUTS], steps_run[kCount];
    static double scores[kCount * TESTED_OUTPUTS];
    static std::int8_t emitted[65536];
    std::atomic<int> spikes{0};
    for (std::size_t at = 0; at < kCount * TESTED_INPUTS; ++at) {
        samples[at] = static_cast<tested_real>(at * 7 % 10) / 10;
    }
    tested_options options = TESTED_DEFAULTS;
    options.on_spike = on_spike;
    options.proceed = proceed;
    options.context = &spikes;
    FINE(tested_predict(network, samples, kCount, &options, labels, scores, counts, steps_run));
    CHECK(spikes.load() > 0);
    FINE(tested_start(network, samples, 0, 0));
    for (int step = 0; step < 5; ++step) {
        FINE(tested_step(network, nullptr));
        for (std::int32_t population = 0; population < TESTED_POPULATIONS; ++population) {
            if (tested_keeps_spikes(population)) FINE(tested_spikes(network, population, emitted));
        }
        FINE(tested_read_out(network, labels, scores, counts));
    }
}

// Calls `open` with the first allocation failing, then the second, and so on.
template <class Open>
int each_allocation(Open open) {
    for (int failed = 0;; ++failed) {
        const std::int64_t before = alive.load();
        until_failure = failed;
        const tested_status status = open();
        if (until_failure.exchange(-1) >= 0) {
            CHECK(status == TESTED_OK);
            return failed;
        }
        CHECK(status == TESTED_MEMORY);
        CHECK(std::string(tested_error()) == "expected more memory than there is");
        CHECK(alive.load() == before);
    }
}

void check_failures(const char* path) {
    tested_weights* weights = nullptr;
    tested_network* network = nullptr;
    CHECK(each_allocation([&] { return tested_weights_open(path, &weights); }) >= 2);
    CHECK(each_allocation([&] { return tested_open(weights, 1, &network); }) == 1);
    tested_close(network);
    // A thread takes memory of the system, too, which answers with fewer threads.
    FINE(tested_open(weights, 3, &network));
    tested_close(network);
    tested_weights_close(weights);
    // So do the texts of refusals.
    const std::string absent(300, 'x');
    for (int failed = 0; failed < 8; ++failed) {
        until_failure = failed;
        const tested_status status = tested_weights_open(absent.c_str(), &weights);
        until_failure = -1;
        CHECK(status == TESTED_MEMORY || status == TESTED_FILE);
        CHECK(weights == nullptr);
    }
}

alignas(TESTED_ALIGNMENT) unsigned char arena[TESTED_ARENA_BYTES];

}  // namespace

int main(int, char** words) {
    tested_weights* weights = nullptr;
    tested_network* network = nullptr;
    check_failures(words[1]);
    FINE(tested_weights_open(words[1], &weights));
    for (std::int32_t threads = 1; threads <= 4; ++threads) {
        const std::int64_t left = alive.load();
        FINE(tested_open(weights, threads, &network));
        const std::int64_t before = allocations.load();
        use(network);
        use(network);
        CHECK(allocations.load() == before);
        tested_close(network);
        CHECK(alive.load() <= left + threads);  // a thread that ended leaves its own to the system
    }
    const std::int64_t before = allocations.load();
    FINE(tested_open_in(weights, arena, sizeof arena, &network));
    use(network);
    tested_close(network);
    CHECK(allocations.load() == before);
    tested_weights_close(weights);
    return EXIT_SUCCESS;
}
