// Several threads, each with a handle of its own and the same weights: WEIGHTS [fork]. Whatever the
// number of threads in a handle, a batch gives what steps by hand give, spikes and all.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "check.h"
#include "tested.h"

namespace {

constexpr std::int64_t kCount = 7;
constexpr std::int32_t kSteps = 20;
constexpr std::uint64_t kSeed = 5;
constexpr std::uint32_t kFirst = 100;

using Spike = std::array<std::int32_t, 4>;  // step, population, neuron, sign

struct Results {
    std::vector<std::int32_t> labels, counts, steps_run;
    std::vector<double> scores;
    std::vector<std::vector<Spike>> spikes;

    Results()
        : labels(kCount),
          counts(kCount * TESTED_OUTPUTS),
          steps_run(kCount),
          scores(kCount * TESTED_OUTPUTS),
          spikes(kCount) {}

    bool operator==(const Results& other) const {
        return labels == other.labels && counts == other.counts && steps_run == other.steps_run &&
               scores == other.scores && spikes == other.spikes;
    }
};

std::vector<tested_real> samples() {
    std::vector<tested_real> values(kCount * TESTED_INPUTS);
    for (std::size_t at = 0; at < values.size(); ++at) {
        values[at] = static_cast<tested_real>(at * 7 % 10) / 10;
    }
    return values;
}

// What callbacks of one batch get.
struct Batch {
    Results results;
    std::thread::id caller = std::this_thread::get_id();
    int asked = 0;
};

void on_spike(void* context, std::int64_t sample, std::int32_t population, std::int32_t step,
              std::int32_t neuron, std::int32_t sign) {
    auto& spikes = static_cast<Batch*>(context)->results.spikes;
    CHECK(sample >= 0 && sample < kCount);
    // Not guarded: no other thread reports spikes of this sample.
    spikes[static_cast<std::size_t>(sample)].push_back({step, population, neuron, sign});
}

int proceed(void* context, std::int64_t done) {
    auto& batch = *static_cast<Batch*>(context);
    CHECK(std::this_thread::get_id() == batch.caller);
    CHECK(done >= 0 && done <= kCount);
    return ++batch.asked;
}

Results predicted(tested_network* network) {
    Batch batch;
    tested_options options = TESTED_DEFAULTS;
    options.steps = kSteps;
    options.seed = kSeed;
    options.first_sample = kFirst;
    options.on_spike = on_spike;
    options.proceed = proceed;
    options.context = &batch;
    Results& results = batch.results;
    FINE(tested_predict(network, samples().data(), kCount, &options, results.labels.data(),
                        results.scores.data(), results.counts.data(), results.steps_run.data()));
    CHECK(batch.asked > 0);
    for (auto& spikes : results.spikes) std::sort(spikes.begin(), spikes.end());
    return results;
}

Results stepped(tested_network* network) {
    Results results;
    const auto values = samples();
    for (std::size_t sample = 0; sample < kCount; ++sample) {
        FINE(tested_start(network, values.data() + sample * TESTED_INPUTS, kSeed,
                          kFirst + static_cast<std::uint32_t>(sample)));
        while (tested_steps_run(network) < kSteps && tested_finished(network) == 0) {
            const std::int32_t step = tested_steps_run(network);
            FINE(tested_step(network, nullptr));
            for (std::int32_t population = 0; population < TESTED_POPULATIONS; ++population) {
                if (tested_keeps_spikes(population) == 0) continue;
                const std::int32_t size = tested_population_size(population);
                std::vector<std::int8_t> emitted(static_cast<std::size_t>(size));
                FINE(tested_spikes(network, population, emitted.data()));
                for (std::int32_t rank = 0; rank < size; ++rank) {
                    const std::int8_t sign = emitted[static_cast<std::size_t>(rank)];
                    if (sign != 0) results.spikes[sample].push_back({step, population, rank, sign});
                }
            }
        }
        results.steps_run[sample] = tested_steps_run(network);
        FINE(tested_read_out(network, &results.labels[sample],
                             results.scores.data() + sample * TESTED_OUTPUTS,
                             results.counts.data() + sample * TESTED_OUTPUTS));
    }
    return results;
}

// Opens a handle and runs it three times; its error text is its thread's own.
void work(const tested_weights* weights, std::int32_t number, const Results& expected) {
    tested_network* network = nullptr;
    CHECK(std::string(tested_error()).empty());
    CHECK(tested_open(weights, -number, &network) == TESTED_ARGUMENT);
    const std::string own = tested_error();
    FINE(tested_open(weights, 1 + number % 4, &network));
    for (int call = 0; call < 2; ++call) {
        CHECK(predicted(network) == expected);
        CHECK(stepped(network) == expected);
    }
    tested_close(network);
    CHECK(tested_error() == own);
}

// A forked process has no threads but the one that forked: what needs others is refused.
void check_fork(const tested_weights* weights, const Results& expected) {
    tested_network *several = nullptr, *single = nullptr;
    FINE(tested_open(weights, 3, &several));
    FINE(tested_open(weights, 1, &single));
    CHECK(predicted(several) == expected);
    const pid_t child = ::fork();
    CHECK(child >= 0);
    if (child == 0) {
        ::alarm(60);
        std::vector<std::int32_t> labels(kCount);
        REFUSED(TESTED_ARGUMENT, "fork",
                tested_predict(several, samples().data(), kCount, nullptr, labels.data(), nullptr,
                               nullptr, nullptr));
        CHECK(predicted(single) == expected);
        CHECK(stepped(several) == expected);  // by its own thread alone
        tested_close(several);
        tested_close(single);
        FINE(tested_open(weights, 3, &several));
        CHECK(predicted(several) == expected);
        tested_close(several);
        std::_Exit(EXIT_SUCCESS);
    }
    int status = -1;
    CHECK(::waitpid(child, &status, 0) == child && status == 0);
    CHECK(predicted(several) == expected);
    tested_close(several);
    tested_close(single);
}

}  // namespace

int main(int count, char** words) {
    tested_weights* weights = nullptr;
    tested_network* network = nullptr;
    FINE(tested_weights_open(words[1], &weights));
    FINE(tested_open(weights, 1, &network));
    const Results expected = stepped(network);
    CHECK(predicted(network) == expected);
    CHECK(std::any_of(expected.spikes.begin(), expected.spikes.end(),
                      [](const auto& spikes) { return !spikes.empty(); }));
    tested_close(network);
    if (count > 2) check_fork(weights, expected);
    std::vector<std::thread> threads;
    for (std::int32_t number = 0; number < 4; ++number) {
        threads.emplace_back([&, number] { work(weights, number, expected); });
    }
    for (auto& thread : threads) thread.join();
    tested_weights_close(weights);
    return EXIT_SUCCESS;
}
