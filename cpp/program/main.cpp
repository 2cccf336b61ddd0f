// A network as a program: reads packed weights and samples, writes one line of results per sample.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "annconv/npy.hpp"
#include "annconv/table.hpp"
#include "annconv/weights_file.hpp"

namespace {

constexpr const char* kUsage =
    "usage: network WEIGHTS SAMPLES.npy RESULTS.csv [--steps N] [--seed N] [--threads N]\n"
    "               [--frames] [--spikes SPIKES.csv]\n"
    "SAMPLES.npy holds input rates (samples, inputs), with --frames (samples, steps, inputs).\n"
    "RESULTS.csv: sample, steps executed, spike counts, scores.\n"
    "SPIKES.csv: sample, population, step, rank, sign of every spike.\n";

struct Arguments {
    std::vector<std::string> files;
    std::int32_t steps = 100;
    std::int32_t threads = 1;
    std::uint64_t seed = 0;
    bool frames = false;
    std::string spikes;
};

Arguments parse_arguments(int count, char** values) {
    Arguments arguments;
    const std::vector<std::string> words(values + 1, values + count);
    for (std::size_t at = 0; at < words.size(); ++at) {
        const std::string& word = words[at];
        if (word == "--frames") {
            arguments.frames = true;
        } else if (word.rfind("--", 0) != 0) {
            arguments.files.push_back(word);
        } else if (at + 1 == words.size()) {
            throw std::invalid_argument(word + ": expected a value");
        } else if (word == "--steps") {
            arguments.steps = std::stoi(words[++at]);
        } else if (word == "--threads") {
            arguments.threads = std::stoi(words[++at]);
        } else if (word == "--seed") {
            arguments.seed = std::stoull(words[++at]);
        } else if (word == "--spikes") {
            arguments.spikes = words[++at];
        } else {
            throw std::invalid_argument(word + ": unknown option");
        }
    }
    if (arguments.files.size() != 3) throw std::invalid_argument("expected three files");
    if (arguments.steps < 1 || arguments.threads < 1) {
        throw std::invalid_argument("--steps and --threads: expected whole numbers from 1");
    }
    return arguments;
}

// Keeps the spikes of every sample, so that lines come out in order for any number of threads.
class SpikeLog : public annconv::RunObserver {
   public:
    explicit SpikeLog(std::int64_t samples) : lines_(static_cast<std::size_t>(samples)) {}

    void spike(std::int64_t sample, std::int32_t population, std::int32_t step, std::int32_t rank,
               std::int8_t sign) override {
        lines_[static_cast<std::size_t>(sample)] +=
            std::to_string(sample) + ',' + std::to_string(population) + ',' + std::to_string(step) +
            ',' + std::to_string(rank) + ',' + std::to_string(sign) + '\n';
    }

    bool proceed(std::int64_t) override { return true; }

    void write(const std::string& path) const {
        std::ofstream file(path);
        file << "sample,population,step,rank,sign\n";
        for (const auto& lines : lines_) file << lines;
        if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
    }

   private:
    std::vector<std::string> lines_;
};

struct Results {
    std::vector<std::int32_t> counts;
    std::vector<double> outputs;
    std::vector<std::int32_t> stopped_at;

    void write(const std::string& path, std::size_t outputs_per_sample) const {
        std::ofstream file(path);
        file.precision(17);
        for (std::size_t sample = 0; sample < stopped_at.size(); ++sample) {
            file << sample << ',' << stopped_at[sample];
            const std::size_t first = sample * outputs_per_sample;
            for (std::size_t index = 0; index < outputs_per_sample; ++index) {
                file << ',' << counts[first + index];
            }
            for (std::size_t index = 0; index < outputs_per_sample; ++index) {
                file << ',' << outputs[first + index];
            }
            file << '\n';
        }
        if (!file.flush()) throw std::runtime_error(path + ": cannot be written");
    }
};

template <class Real>
void run(const Arguments& arguments, const annconv::NpyArray& samples) {
    const annconv::NetworkTable& network = *annconv_network();
    const std::string packed = annconv::read_file(arguments.files[0]);
    const annconv::AlignedMemory weights = annconv::load_weights(packed, network);
    const std::vector<Real> rates(samples.values.begin(), samples.values.end());
    const std::int64_t frames = arguments.frames ? arguments.steps : 1;
    if (samples.size() % (frames * network.inputs) != 0) {
        throw std::runtime_error(arguments.files[1] + ": expected a multiple of " +
                                 std::to_string(frames * network.inputs) + " values, received " +
                                 std::to_string(samples.size()));
    }
    const std::int64_t count = samples.size() / (frames * network.inputs);
    const auto outputs = static_cast<std::size_t>(network.outputs);
    const auto total = static_cast<std::size_t>(count) * outputs;
    Results results{std::vector<std::int32_t>(total), std::vector<double>(total),
                    std::vector<std::int32_t>(static_cast<std::size_t>(count))};
    SpikeLog log(count);
    const std::vector<std::uint8_t> record(static_cast<std::size_t>(network.populations),
                                           !arguments.spikes.empty());
    annconv::RunRequest request{};
    request.samples = rates.data();
    request.count = count;
    request.frames = static_cast<std::int32_t>(frames);
    request.steps = arguments.steps;
    request.threads = arguments.threads;
    request.seed = arguments.seed;
    request.record = record.data();
    request.observer = &log;
    request.counts = results.counts.data();
    request.outputs = results.outputs.data();
    request.stopped_at = results.stopped_at.data();
    network.run(weights.get(), request);
    results.write(arguments.files[2], outputs);
    if (!arguments.spikes.empty()) log.write(arguments.spikes);
}

}  // namespace

int main(int count, char** values) {
    try {
        const Arguments arguments = parse_arguments(count, values);
        const auto samples = annconv::parse_npy(annconv::read_file(arguments.files[1]));
        if (annconv_network()->real_bytes == sizeof(double)) {
            run<double>(arguments, samples);
        } else {
            run<float>(arguments, samples);
        }
        return EXIT_SUCCESS;
    } catch (const std::invalid_argument& error) {
        std::cerr << "network: " << error.what() << '\n' << kUsage;
    } catch (const std::exception& error) {
        std::cerr << "network: " << error.what() << '\n';
    }
    return EXIT_FAILURE;
}
