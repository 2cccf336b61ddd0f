// Stands in for the OpenMP library under the thread sanitizer, which knows nothing of how that
// library starts, ends and wakes its threads and would report all that passes between them. What is
// generated needs one parallel region: the same promises, kept by threads that the sanitizer sees.
#include <thread>
#include <vector>

#include <omp.h>

namespace {
thread_local int own_number = 0;
thread_local int thread_count = 1;
}  // namespace

extern "C" {

// What `#pragma omp parallel num_threads(threads)` becomes: the caller is thread 0.
void GOMP_parallel(void (*region)(void*), void* data, unsigned threads, unsigned) {
    const auto run = [=](int number) {
        own_number = number;
        thread_count = static_cast<int>(threads);
        region(data);
        own_number = 0;
        thread_count = 1;
    };
    std::vector<std::thread> others;
    for (unsigned number = 1; number < threads; ++number) {
        others.emplace_back(run, static_cast<int>(number));
    }
    run(0);
    for (auto& other : others) other.join();
}

int omp_get_thread_num() noexcept { return own_number; }
int omp_get_num_threads() noexcept { return thread_count; }
int omp_pause_resource_all(omp_pause_resource_t) noexcept { return 0; }

}  // extern "C"
