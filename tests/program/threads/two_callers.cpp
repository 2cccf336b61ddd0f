// Two threads run one network at once, as two threads of Python may: WEIGHTS SAMPLES.npy THREADS.
// Exit status 1 where their results differ.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "annconv/about.hpp"
#include "annconv/mapped_file.hpp"
#include "annconv/npy.hpp"
#include "annconv/runner.hpp"
#include "annconv/stored_array.hpp"
#include "annconv/table.hpp"
#include "annconv/weights_file.hpp"
#include "annconv/workspace.hpp"

namespace {

struct Quiet : annconv::RunObserver {
    void spike(std::int64_t, std::int32_t, std::int32_t, std::int32_t, std::int8_t) override {}
    bool proceed(std::int64_t) override { return true; }
};

std::vector<double> run(const void* weights, const std::vector<double>& rates, int threads) {
    const annconv::NetworkTable& network = *annconv_network();
    Quiet observer;
    const std::size_t count = rates.size() / static_cast<std::size_t>(network.inputs);
    const std::size_t total = count * static_cast<std::size_t>(network.outputs);
    const std::vector<std::uint8_t> record(static_cast<std::size_t>(network.populations), 1);
    std::vector<std::int32_t> counts(total);
    std::vector<std::int32_t> stopped_at(count);
    std::vector<double> outputs(total);
    annconv::RunRequest request{};
    request.samples = rates.data();
    request.count = static_cast<std::int64_t>(count);
    request.frames = 1;
    request.steps = 25;
    request.threads = threads;
    request.record = record.data();
    request.observer = &observer;
    request.counts = counts.data();
    request.outputs = outputs.data();
    request.stopped_at = stopped_at.data();
    annconv::Workspace workspace;
    for (int call = 0; call < 2; ++call) annconv::run(network, weights, request, workspace);
    outputs.insert(outputs.end(), counts.begin(), counts.end());
    return outputs;
}

}  // namespace

int main(int, char** values) {
    const annconv::AlignedMemory weights =
        annconv::load_weights(annconv::MappedFile(values[1]).bytes(), *annconv_network());
    const annconv::MappedFile file(values[2]);
    const annconv::StoredArray samples = annconv::parse_npy(file.bytes());
    std::vector<double> rates;
    annconv::append_rates(samples, 0, *annconv::product(samples.shape), false,
                          annconv::network_facts().input_scale, rates);
    const int threads = std::stoi(values[3]);
    std::vector<double> theirs;
    std::thread other([&] { theirs = run(weights.get(), rates, threads); });
    const std::vector<double> ours = run(weights.get(), rates, threads);
    other.join();
    return ours == theirs ? EXIT_SUCCESS : EXIT_FAILURE;
}
