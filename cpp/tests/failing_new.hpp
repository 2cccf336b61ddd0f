// Allocations that fail on purpose: included once by a test program, it replaces operator new.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "check.hpp"

namespace failing_new {

inline std::atomic<std::int64_t> until_failure{-1};  // allocations that still succeed; < 0: all do
inline std::atomic<std::int64_t> alive{0};

inline void* allocate(std::size_t bytes, std::size_t alignment) {
    if (until_failure.load() >= 0 && until_failure.fetch_sub(1) == 0) throw std::bad_alloc();
    const std::size_t whole = (bytes + alignment - 1) / alignment * alignment;
    void* memory = std::aligned_alloc(alignment, whole == 0 ? alignment : whole);
    if (memory == nullptr) throw std::bad_alloc();
    ++alive;
    return memory;
}

inline void release(void* memory) {
    if (memory == nullptr) return;
    --alive;
    std::free(memory);
}

// Calls `work` with the first allocation failing, then the second, and so on, until none is left
// to fail. Each failure has to come back as std::bad_alloc and to leave nothing behind; `after` is
// called then. Returns how many failed.
template <class Work, class After>
int each_allocation(const Work& work, const After& after) {
    for (int failed = 0;; ++failed) {
        const std::int64_t before = alive.load();
        until_failure = failed;
        bool thrown = false;
        try {
            work();
        } catch (const std::bad_alloc&) {
            thrown = true;
        }
        const bool reached = until_failure.exchange(-1) < 0;
        CHECK(thrown == reached);
        CHECK(alive.load() == before);
        if (!reached) return failed;
        after();
    }
}

}  // namespace failing_new

void* operator new(std::size_t bytes) {
    return failing_new::allocate(bytes, alignof(std::max_align_t));
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
    return failing_new::allocate(bytes, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { failing_new::release(memory); }
void operator delete(void* memory, std::size_t) noexcept { failing_new::release(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { failing_new::release(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    failing_new::release(memory);
}
