// Threads that stay between runs, and a workspace that allocates in its first run only.
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "annconv/thread_pool.hpp"
#include "annconv/workspace.hpp"

#include "check.hpp"

namespace {

// Counts how often each thread works.
struct Tally : annconv::ParallelWork {
    void run(std::int32_t thread) override { ++times[thread]; }
    std::atomic<int> times[8] = {};
};

// Every thread asked for works once a run, and no other one.
void each_thread_works_once(annconv::ThreadPool& pool) {
    for (int run = 0; run < 200; ++run) {
        for (const int count : {1, 4, 2, 3}) {
            Tally tally;
            pool.run(tally, count);
            for (int thread = 0; thread < 8; ++thread) {
                CHECK(tally.times[thread] == (thread < count ? 1 : 0));
            }
        }
    }
}

void grows() {
    annconv::ThreadPool pool;
    CHECK(pool.grow(4) == 4);
    CHECK(pool.grow(2) == 2);  // the others stay
    each_thread_works_once(pool);
    CHECK(pool.grow(5) == 5);
    each_thread_works_once(pool);
}

// What sleeps is woken.
void wakes() {
    annconv::ThreadPool pool;
    CHECK(pool.grow(3) == 3);
    usleep(2000);  // many times as long as threads stay awake
    Tally tally;
    pool.run(tally, 3);
    CHECK(tally.times[1] == 1 && tally.times[2] == 1);
}

// In a forked process an old workspace is left alone, and a new one works.
void forks() {
    annconv::IdleWorkspaces idle;
    const auto run = [&idle](bool again) {
        auto workspace = idle.take();
        const annconv::Workspace* const taken = workspace.get();
        static const annconv::Workspace* last = nullptr;
        CHECK((taken == last) == again);
        last = taken;
        CHECK(workspace->start_threads(3) == 3);
        Tally tally;
        workspace->run(tally, 3);
        CHECK(tally.times[2] == 1);
        idle.put_back(std::move(workspace));
    };
    run(false);
    run(true);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(20);  // a process that waits for threads it does not have would never end
        auto workspace = idle.take();
        CHECK(workspace->of_this_process());
        CHECK(workspace->start_threads(2) == 2);
        Tally tally;
        workspace->run(tally, 2);
        CHECK(tally.times[1] == 1);
        std::exit(EXIT_SUCCESS);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
    run(true);
}

}  // namespace

int main() {
    grows();
    wakes();
    forks();
    return EXIT_SUCCESS;
}
