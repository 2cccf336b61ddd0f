// Two threads run one network at once, as two threads of Python may: WEIGHTS SAMPLES.npy THREADS.
// Exit status 1 where their results differ.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "annconv/npy.hpp"
#include "annconv/runner.hpp"
#include "annconv/table.hpp"
#include "annconv/weights_file.hpp"
#include "annconv/workspace.hpp"

namespace {

struct Quiet : annconv::RunObserver {
    void spike(std::int64_t, std::int32_t, std::int32_t, std::int32_t, std::int8_t) override {}
    bool proceed(std::int64_t) override { return true; }
};

std::vector<double> run(const void* weights, const annconv::NpyArray& samples, int threads) {
    const annconv::NetworkTable& network = *annconv_network();
    Quiet observer;
    const auto count = static_cast<std::size_t>(samples.shape[0]);
    const std::size_t total = count * static_cast<std::size_t>(network.outputs);
    const std::vector<std::uint8_t> record(static_cast<std::size_t>(network.populations), 1);
    std::vector<std::int32_t> counts(total);
    std::vector<std::int32_t> stopped_at(count);
    std::vector<double> outputs(total);
    annconv::RunRequest request{};
    request.samples = samples.values.data();
    request.count = samples.shape[0];
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
        annconv::load_weights(annconv::read_file(values[1]), *annconv_network());
    const annconv::NpyArray samples = annconv::parse_npy(annconv::read_file(values[2]));
    const int threads = std::stoi(values[3]);
    std::vector<double> theirs;
    std::thread other([&] { theirs = run(weights.get(), samples, threads); });
    const std::vector<double> ours = run(weights.get(), samples, threads);
    other.join();
    return ours == theirs ? EXIT_SUCCESS : EXIT_FAILURE;
}
