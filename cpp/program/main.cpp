// A network as a program: reads packed weights and samples, writes one line of results per sample.
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <limits>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "annconv/npy.hpp"
#include "annconv/runner.hpp"
#include "annconv/table.hpp"
#include "annconv/weights_file.hpp"
#include "annconv/workspace.hpp"

namespace {

constexpr const char* kUsage =
    "usage: network WEIGHTS SAMPLES.npy RESULTS.csv [--steps N] [--seed N] [--threads N]\n"
    "               [--frames] [--spikes SPIKES.csv]\n"
    "SAMPLES.npy holds input rates (samples, ...), with --frames (samples, steps, ...).\n"
    "RESULTS.csv: sample, steps executed, spike counts, scores.\n"
    "SPIKES.csv: sample, population, step, rank, sign of every spike.\n";

constexpr std::int32_t kMaxThreads = 4096;

struct Arguments {
    std::vector<std::string> files;
    std::int32_t steps = 100;
    std::int32_t threads = 1;
    std::uint64_t seed = 0;
    bool frames = false;
    bool help = false;
    std::string spikes;
};

template <class Whole>
Whole parse_whole(const std::string& option, const std::string& text, Whole low, Whole high) {
    Whole number{};
    const char* end = text.data() + text.size();
    const auto result = std::from_chars(text.data(), end, number);
    if (result.ec != std::errc() || result.ptr != end || number < low || number > high) {
        throw std::runtime_error(option + ": expected a whole number from " + std::to_string(low) +
                                 " to " + std::to_string(high) + ", received '" + text + "'");
    }
    return number;
}

// The option at `words[at]`; moves on to its value, if it has one.
void parse_option(const std::vector<std::string>& words, std::size_t& at, Arguments& arguments) {
    const std::string& word = words[at];
    const auto value = [&]() -> const std::string& {
        if (at + 1 == words.size()) {
            throw std::runtime_error(word + ": expected a value, received none");
        }
        return words[++at];
    };
    if (word == "--help") {
        arguments.help = true;
    } else if (word == "--frames") {
        arguments.frames = true;
    } else if (word == "--spikes") {
        arguments.spikes = value();
    } else if (word == "--steps") {
        const std::int32_t most = std::numeric_limits<std::int32_t>::max();
        arguments.steps = parse_whole<std::int32_t>(word, value(), 1, most);
    } else if (word == "--threads") {
        arguments.threads = parse_whole<std::int32_t>(word, value(), 1, kMaxThreads);
    } else if (word == "--seed") {
        const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
        arguments.seed = parse_whole<std::uint64_t>(word, value(), 0, most);
    } else {
        throw std::runtime_error("expected an option that --help lists, received '" + word + "'");
    }
}

Arguments parse_arguments(const std::vector<std::string>& words) {
    Arguments arguments;
    for (std::size_t at = 0; at < words.size(); ++at) {
        if (words[at].rfind("--", 0) == 0) {
            parse_option(words, at, arguments);
        } else {
            arguments.files.push_back(words[at]);
        }
    }
    if (!arguments.help && arguments.files.size() != 3) {
        throw std::runtime_error("expected three files, received " +
                                 std::to_string(arguments.files.size()) + " (see --help)");
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
        if (!file.flush()) throw std::runtime_error(path + ": expected a file that can be written");
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
        if (!file.flush()) throw std::runtime_error(path + ": expected a file that can be written");
    }
};

// Calls `read`; what it throws is about the file.
template <class Read>
auto about_file(const std::string& path, Read read) {
    try {
        return read();
    } catch (const std::exception& error) {
        throw std::runtime_error(path + ": " + error.what());
    }
}

// The number of samples in an array of input rates.
// Throws std::runtime_error where its shape does not fit the network.
std::int64_t count_samples(const annconv::NpyArray& samples, std::int64_t expected) {
    if (samples.shape.empty()) {
        throw std::runtime_error("expected an array of samples, received a single number");
    }
    const std::int64_t count = samples.shape[0];
    const std::int64_t received = count == 0 ? expected : samples.size() / count;
    if (received != expected) {
        throw std::runtime_error("expected " + std::to_string(expected) +
                                 " values per sample, received " + std::to_string(received));
    }
    return count;
}

// Rates in the network's precision; all of them finite.
template <class Real>
std::vector<Real> finite_rates(const std::vector<double>& values) {
    std::vector<Real> rates;
    rates.reserve(values.size());
    for (const double value : values) {
        if (!(std::abs(value) <= std::numeric_limits<Real>::max())) {
            throw std::runtime_error("expected finite rates, received " + std::to_string(value));
        }
        rates.push_back(static_cast<Real>(value));
    }
    return rates;
}

template <class Real>
void run(const Arguments& arguments) {
    const annconv::NetworkTable& network = *annconv_network();
    const annconv::AlignedMemory weights = about_file(arguments.files[0], [&] {
        return annconv::load_weights(annconv::read_file(arguments.files[0]), network);
    });
    const std::int32_t frames = arguments.frames ? arguments.steps : 1;
    std::int64_t count = 0;
    const std::vector<Real> rates = about_file(arguments.files[1], [&] {
        const auto samples = annconv::parse_npy(annconv::read_file(arguments.files[1]));
        count = count_samples(samples, std::int64_t{network.inputs} * frames);
        return finite_rates<Real>(samples.values);
    });
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
    request.frames = frames;
    request.steps = arguments.steps;
    request.threads = arguments.threads;
    request.seed = arguments.seed;
    request.record = record.data();
    request.observer = &log;
    request.counts = results.counts.data();
    request.outputs = results.outputs.data();
    request.stopped_at = results.stopped_at.data();
    annconv::Workspace workspace;
    annconv::run(network, weights.get(), request, workspace);
    results.write(arguments.files[2], outputs);
    if (!arguments.spikes.empty()) log.write(arguments.spikes);
}

}  // namespace

int main(int count, char** values) {
    try {
        const Arguments arguments = parse_arguments({values + 1, values + count});
        if (arguments.help) {
            std::cout << kUsage;
        } else if (annconv_network()->real_bytes == sizeof(double)) {
            run<double>(arguments);
        } else {
            run<float>(arguments);
        }
        return EXIT_SUCCESS;
    } catch (const std::exception& error) {
        std::cerr << "network: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
