// A network as a program: reads samples, writes their labels, and scores and spikes where asked to.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "annconv/about.hpp"
#include "annconv/labels.hpp"
#include "annconv/mapped_file.hpp"
#include "annconv/runner.hpp"
#include "annconv/table.hpp"
#include "annconv/weights_file.hpp"
#include "annconv/workspace.hpp"
#include "arguments.hpp"
#include "results.hpp"
#include "samples.hpp"

namespace program {
namespace {

constexpr int kFailed = 1, kWrongUsage = 2;

std::string usage(const annconv::NetworkFacts& facts) {
    const std::string name = facts.name;
    return "usage: " + name +
           " SAMPLES [options]\n"
           "The class of every sample, one per line.\n\n"
           "  SAMPLES         a .npy file (samples, " +
           facts.geometry +
           "), or of any shape with as\n"
           "                  many values per sample; or an IDX file of images, divided by 255\n"
           "  --steps N       steps per sample (default: " +
           std::to_string(facts.steps) +
           ")\n"
           "  --seed N        of random encodings and of ties (default: 0)\n"
           "  --first N       run the first N samples only\n"
           "  --frames        samples are (samples, steps, ...): one frame of input for every "
           "step\n"
           "  --threads N     default: one for each processor\n"
           "  --weights FILE  default: " +
           (facts.weights != nullptr ? "those in the program\n"
                                     : name + ".weights beside the program\n") +
           "  --output FILE   labels, as .npy or .csv, else one per line (default: standard "
           "output)\n"
           "  --scores FILE   scores of all classes, as .npy\n"
           "  --counts FILE   spikes of all output neurons, as .npy\n"
           "  --stopped FILE  steps that each sample took, as .npy\n"
           "  --spikes FILE   every spike, as .csv: sample, population, step, neuron, sign\n"
           "  --quiet         no progress\n"
           "  --about         what the network is\n"
           "Exit status: 0; 1 where a file or memory is at fault; 2 where an option is.\n";
}

void tell_about(const annconv::NetworkFacts& facts, const annconv::NetworkTable& network) {
    std::cout << facts.name << ": a spiking network in " << facts.precision << " precision\n"
              << "input (" << facts.geometry << "), " << network.outputs << " classes, "
              << facts.steps << " steps of " << facts.dt << " ms\n"
              << "weights: " << network.weights_bytes
              << " bytes, state of a sample: " << network.arena_bytes << " bytes\npopulations:\n";
    for (std::int32_t index = 0; index < network.populations; ++index) {
        const auto& population = facts.populations[index];
        std::cout << "  " << population.name << ": ";
        if (population.is_junction) {
            std::cout << "a junction, without neurons\n";
        } else {
            std::cout << population.size << " neurons"
                      << (population.keeps_spikes ? "\n" : ", spikes not kept\n");
        }
    }
}

// A line on a terminal that says how far a run has come.
class ProgressLine {
   public:
    ProgressLine(std::int64_t total, bool quiet)
        : total_(total), shows_(!quiet && ::isatty(STDERR_FILENO) != 0) {}

    void show(std::int64_t done) const {
        if (shows_)
            std::fprintf(stderr, "\r%lld of %lld samples", static_cast<long long>(done),
                         static_cast<long long>(total_));
    }

    ~ProgressLine() {
        if (shows_) std::fputs("\r\x1b[K", stderr);
    }

   private:
    const std::int64_t total_;
    const bool shows_;
};

// Where the program's own weights are: beside it, or where both are installed.
std::string find_weights(const std::string& name) {
    std::string folder(4096, '\0');
    const auto length = ::readlink("/proc/self/exe", folder.data(), folder.size());
    folder.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    folder.resize(std::min(folder.size(), folder.rfind('/') + 1));
    const std::string beside = folder + name + ".weights";
    const std::string installed = folder + "../share/" + name + "/" + name + ".weights";
    return ::access(beside.c_str(), F_OK) != 0 && ::access(installed.c_str(), F_OK) == 0 ? installed
                                                                                         : beside;
}

// The network's weights, from a file or out of the program.
class ProgramWeights {
   public:
    ProgramWeights(const Arguments& arguments, const annconv::NetworkFacts& facts,
                   const annconv::NetworkTable& network) {
        if (arguments.weights.empty() && facts.weights != nullptr) {
            payload_ = annconv::check_weights(
                {reinterpret_cast<const char*>(facts.weights), facts.weights_bytes}, network);
            return;
        }
        const std::string path =
            arguments.weights.empty() ? find_weights(facts.name) : arguments.weights;
        about_file(path, [&] {
            file_ = annconv::MappedFile(path);
            payload_ = annconv::check_weights(file_.bytes(), network);
        });
    }

    const void* payload() const { return payload_.data(); }

   private:
    annconv::MappedFile file_;
    std::string_view payload_;
};

// Runs all samples, a part of them at a time.
template <class Real>
class Run {
   public:
    Run(const Arguments& arguments, const annconv::NetworkFacts& facts)
        : arguments_(arguments),
          facts_(facts),
          weights_(arguments, facts, network_),
          frames_(arguments.frames ? arguments.steps : 1),
          samples_(arguments.samples, std::int64_t{network_.inputs} * frames_),
          count_(std::min(samples_.count(), arguments.first)),
          threads_(arguments.threads > 0 ? arguments.threads : processors()) {
        if (count_ > std::numeric_limits<std::uint32_t>::max()) {
            throw std::runtime_error(arguments.samples + ": expected 4294967295 samples at most");
        }
    }

    void run() {
        ResultFiles files(arguments_, count_, network_.outputs);
        if (files.wants_spikes()) require_all_spikes();
        const ProgressLine progress(count_, arguments_.quiet);
        const std::int64_t part = part_size();
        SpikeLog spikes(part);
        for (std::int64_t first = 0; first < count_; first += part) {
            run_part(first, std::min(part, count_ - first), files, spikes);
            progress.show(std::min(first + part, count_));
        }
        files.finish();
    }

   private:
    static std::int32_t processors() {
        return static_cast<std::int32_t>(std::clamp(std::thread::hardware_concurrency(), 1u, 64u));
    }

    // Samples that lie in memory together.
    std::int64_t part_size() const {
        constexpr std::int64_t kValues = std::int64_t{1} << 22;
        const std::int64_t fitting = kValues / (std::int64_t{network_.inputs} * frames_);
        return std::max<std::int64_t>(
            {1, std::int64_t{threads_}, std::min<std::int64_t>(fitting, 1024)});
    }

    void require_all_spikes() const {
        std::string missing;
        for (std::int32_t index = 0; index < network_.populations; ++index) {
            const auto& population = facts_.populations[index];
            if (population.keeps_spikes || population.is_junction) continue;
            missing += (missing.empty() ? "" : ", ") + std::string(population.name);
        }
        if (!missing.empty()) {
            throw UsageError(
                "--spikes: expected a network that keeps the spikes of all populations, "
                "this one does not keep those of " +
                missing + ": export it with record=True");
        }
    }

    void run_part(std::int64_t first, std::int64_t count, ResultFiles& files, SpikeLog& spikes) {
        const auto total = static_cast<std::size_t>(count * network_.outputs);
        samples_.rates(first, count, facts_.input_scale, rates_);
        results_.counts.resize(total);
        results_.scores.resize(total);
        results_.stopped_at.resize(static_cast<std::size_t>(count));
        const std::vector<std::uint8_t> record(static_cast<std::size_t>(network_.populations),
                                               files.wants_spikes());
        spikes.begin(first);
        annconv::RunRequest request{};
        request.samples = rates_.data();
        request.count = count;
        request.frames = frames_;
        request.steps = arguments_.steps;
        request.threads = threads_;
        request.seed = arguments_.seed;
        request.first_sample = static_cast<std::uint32_t>(first);
        request.record = record.data();
        request.observer = &spikes;
        request.counts = results_.counts.data();
        request.outputs = results_.scores.data();
        request.stopped_at = results_.stopped_at.data();
        annconv::run(network_, weights_.payload(), request, workspace_);
        draw_labels(first, count);
        files.write(results_, spikes);
    }

    void draw_labels(std::int64_t first, std::int64_t count) {
        results_.labels.clear();
        for (std::int64_t index = 0; index < count; ++index) {
            const annconv::RandomStream random(arguments_.seed,
                                               static_cast<std::uint32_t>(first + index));
            const double* const scores = results_.scores.data() + index * network_.outputs;
            results_.labels.push_back(annconv::draw_label(scores, network_.outputs, random));
            if (results_.labels.back() == annconv::kNoLabel) {
                throw std::runtime_error("sample " + std::to_string(first + index) +
                                         ": expected scores that are numbers, received NaN");
            }
        }
    }

    const Arguments& arguments_;
    const annconv::NetworkFacts& facts_;
    const annconv::NetworkTable& network_ = *annconv_network();
    const ProgramWeights weights_;
    const std::int32_t frames_;
    const SampleFile samples_;
    const std::int64_t count_;
    const std::int32_t threads_;
    annconv::Workspace workspace_;
    std::vector<Real> rates_;
    PartResults results_;
};

void run(const std::vector<std::string>& words) {
    const annconv::NetworkFacts& facts = annconv::network_facts();
    const Arguments arguments = ArgumentReader(words).read(facts.steps);
    if (arguments.help) {
        std::cout << usage(facts);
    } else if (arguments.about) {
        tell_about(facts, *annconv_network());
    } else if (annconv_network()->real_bytes == sizeof(double)) {
        Run<double>(arguments, facts).run();
    } else {
        Run<float>(arguments, facts).run();
    }
    if (!std::cout.flush()) {
        throw std::runtime_error("standard output: expected one that can be written to");
    }
}

}  // namespace
}  // namespace program

int main(int count, char** values) {
    const auto tell = [](const std::string& text) {
        std::cerr << annconv::network_facts().name << ": " << text << '\n';
    };
    try {
        program::run({values + 1, values + count});
        return EXIT_SUCCESS;
    } catch (const program::UsageError& error) {
        tell(error.what());
        return program::kWrongUsage;
    } catch (const std::bad_alloc&) {
        tell(
            "expected more memory than there is: present fewer samples with --first, or fewer "
            "--threads");
    } catch (const std::exception& error) {
        tell(error.what());
    }
    return program::kFailed;
}
