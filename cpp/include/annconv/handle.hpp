// What stands behind an exported network's C functions: weights that several handles share, and a
// handle, which runs one batch, or one sample by hand, at a time.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "annconv/about.hpp"
#include "annconv/fixed_workspace.hpp"
#include "annconv/labels.hpp"
#include "annconv/mapped_file.hpp"
#include "annconv/runner.hpp"
#include "annconv/table.hpp"
#include "annconv/weights_file.hpp"

namespace annconv {

// What a C function returns; the C header has the same numbers.
enum class Status { kOk, kArgument, kFile, kWeights, kMemory, kValue, kScore, kStopped, kInternal };

// Leaves a C function as its status and text.
class Refusal : public std::runtime_error {
   public:
    Refusal(Status status, const std::string& text) : std::runtime_error(text), status_(status) {}
    Status status() const { return status_; }

   private:
    Status status_;
};

inline void require(bool fine, const char* expected) {
    if (!fine) throw Refusal(Status::kArgument, std::string("expected ") + expected);
}

// Checked weights, in a mapped file or wherever the caller keeps them. They are only read.
class SharedWeights {
   public:
    explicit SharedWeights(const std::string& path) {
        try {
            file_ = MappedFile(path);
        } catch (const std::runtime_error& error) {
            throw Refusal(Status::kFile, path + ": " + error.what());
        }
        use(file_.bytes(), path + ": ");
    }

    // `bytes` stay the caller's, aligned to 64 bytes and unchanged.
    explicit SharedWeights(std::string_view bytes) {
        const auto address = reinterpret_cast<std::uintptr_t>(bytes.data());
        require(address % kAlignment == 0, "weights at an address that is a multiple of 64");
        use(bytes, "");
    }

    const void* payload() const { return payload_; }

   private:
    void use(std::string_view bytes, const std::string& where) {
        try {
            payload_ = check_weights(bytes, *annconv_network()).data();
        } catch (const std::runtime_error& error) {
            throw Refusal(Status::kWeights, where + error.what());
        }
    }

    MappedFile file_;
    const void* payload_ = nullptr;
};

// Numbers the samples of a part of a batch as those of the batch.
class PartObserver : public RunObserver {
   public:
    PartObserver(RunObserver& whole, std::int64_t first) : whole_(whole), first_(first) {}

    void spike(std::int64_t sample, std::int32_t population, std::int32_t step, std::int32_t rank,
               std::int8_t sign) override {
        whole_.spike(first_ + sample, population, step, rank, sign);
    }

    bool proceed(std::int64_t samples_done) override {
        return whole_.proceed(first_ + samples_done);
    }

   private:
    RunObserver& whole_;
    const std::int64_t first_;
};

// How a batch is presented.
struct Presentation {
    std::int32_t steps;
    std::uint64_t seed;
    std::uint32_t first_sample;
    RunObserver* observer;
    bool records;
};

// Where the results of a batch go; nullptr: not wanted. But for labels, (count, outputs) each.
struct BatchResults {
    std::int32_t* labels;  // (count,)
    double* scores;
    std::int32_t* counts;
    std::int32_t* stopped_at;  // (count,)
};

// Its memory is one block, in whose front it stands itself.
template <class Real>
class Handle {
   public:
    // Size of the block of a handle with so many threads.
    static std::size_t bytes(std::int32_t threads) {
        const NetworkTable& network = *annconv_network();
        const auto batch = static_cast<std::size_t>(batch_of(threads));
        const auto outputs = static_cast<std::size_t>(network.outputs);
        return aligned_bytes(sizeof(Handle)) + FixedWorkspace::bytes(network, threads) +
               aligned_bytes(batch * static_cast<std::size_t>(network.inputs) * sizeof(Real)) +
               aligned_bytes(batch * outputs * sizeof(double)) +
               aligned_bytes(batch * outputs * sizeof(std::int32_t)) +
               aligned_bytes(batch * sizeof(std::int32_t)) +
               2 * aligned_bytes(static_cast<std::size_t>(network.populations));
    }

    // In a block of so many bytes, aligned to 64. Throws std::bad_alloc.
    static Handle* make(const SharedWeights& weights, std::int32_t threads, void* block) {
        Carver memory(block);
        void* const own = memory.take(sizeof(Handle));
        return ::new (own) Handle(weights, threads, memory);
    }

    // Runs a batch of samples: (count, inputs) values.
    void run(const Real* samples, std::int64_t count, const Presentation& how,
             const BatchResults& results) {
        check_presentation(count, how);
        require(workspace_.of_this_process(), kOwnProcess);
        started_ = false;
        for (std::int64_t done = 0; done < count; done += batch_) {
            const std::int64_t some = std::min<std::int64_t>(batch_, count - done);
            take_values(samples + done * network_.inputs, some, done);
            run_some(some, done, how);
            give_results(some, done, how, results);
        }
    }

    // Begins a sample that is stepped by hand. `input`: the values of all steps; nullptr: every
    // step brings its own.
    void start(const Real* input, std::uint64_t seed, std::uint32_t sample) {
        started_ = false;
        constant_ = input != nullptr;
        if (constant_) take_values(input, 1, sample);
        random_ = RandomStream(seed, sample);
        step_ = 0;
        network_.reset(weights_, arena());
        started_ = true;
    }

    void step(const Real* input) {
        require(started_, "a sample that was started, before its steps");
        require(step_ < std::numeric_limits<std::int32_t>::max(), "2147483647 steps at most");
        require((input == nullptr) == constant_,
                constant_ ? "no input in a step of a sample that was started with its input"
                          : "the input of the step, as the sample was started without one");
        if (input != nullptr) take_values(input, 1, random_.sample);
        workspace_.prepare(network_, 1, 1);
        const std::ptrdiff_t advance = constant_ ? 0 : network_.inputs;
        const TileInput tile{rates_, advance, random_, step_, 1, Team{}, workspace_.scratch(0),
                             nullptr};
        network_.advance(weights_, arena(), tile);
        ++step_;
    }

    std::int32_t steps_run() const { return started_ ? step_ : 0; }
    bool finished() { return started_ && network_.stopped(weights_, arena()); }

    // What each neuron of a population emitted in the last step.
    void spikes(std::int32_t population, std::int8_t* emitted) {
        require(started_ && step_ > 0, "a sample that was started, and a step of it");
        require(population >= 0 && population < network_.populations, "a population's number");
        const EmittedSpikes spikes = network_.spikes(weights_, arena(), population, 0);
        require(spikes.kept(), "a population that keeps its spikes");
        for (std::int32_t rank = 0; rank < network_.sizes[population]; ++rank) {
            emitted[rank] = spikes[rank];
        }
    }

    // The label so far; scores and counts where they are wanted.
    std::int32_t read_out(double* scores, std::int32_t* counts) {
        require(started_, "a sample that was started");
        network_.read_out(weights_, arena(), counts_, scores_);
        const auto label = draw_label(scores_, network_.outputs, random_);
        if (label == kNoLabel) refuse_scores(random_.sample);
        const auto outputs = static_cast<std::size_t>(network_.outputs);
        if (scores != nullptr) std::memcpy(scores, scores_, outputs * sizeof(double));
        if (counts != nullptr) std::memcpy(counts, counts_, outputs * sizeof(std::int32_t));
        return static_cast<std::int32_t>(label);
    }

   private:
    // Samples that are prepared together: threads find work before they wait for one another.
    static std::int32_t batch_of(std::int32_t threads) { return threads == 1 ? 1 : 4 * threads; }

    Handle(const SharedWeights& weights, std::int32_t threads, Carver& memory)
        : network_(*annconv_network()),
          weights_(weights.payload()),
          threads_(threads),
          batch_(batch_of(threads)),
          workspace_(network_, threads, memory) {
        const auto batch = static_cast<std::size_t>(batch_);
        const auto outputs = static_cast<std::size_t>(network_.outputs);
        const auto populations = static_cast<std::size_t>(network_.populations);
        const auto take = [&](auto*& array, std::size_t length) {
            using Value = std::remove_reference_t<decltype(*array)>;
            array = reinterpret_cast<Value*>(memory.take(length * sizeof(Value)));
        };
        take(rates_, batch * static_cast<std::size_t>(network_.inputs));
        take(scores_, batch * outputs);
        take(counts_, batch * outputs);
        take(stopped_at_, batch);
        take(all_, populations);
        take(none_, populations);
        std::memset(all_, 1, populations);
        std::memset(none_, 0, populations);
    }

    static void check_presentation(std::int64_t count, const Presentation& how) {
        require(how.steps >= 1, "1 step or more");
        const std::int64_t numbered = std::int64_t{1} << 32;
        require(count >= 0 && count <= numbered - how.first_sample,
                "no more samples than can be numbered with 32 bits");
    }

    // The input rates of `count` samples; `first` is the number of the first one, for messages.
    void take_values(const Real* samples, std::int64_t count, std::int64_t first) {
        const auto scale = static_cast<Real>(network_facts().input_scale);
        for (std::int64_t index = 0; index < count * network_.inputs; ++index) {
            rates_[index] = samples[index] * scale;
            if (!std::isfinite(rates_[index])) {
                throw Refusal(Status::kValue,
                              "sample " + std::to_string(first + index / network_.inputs) +
                                  ": expected values that are finite, also times the input scale, "
                                  "received " +
                                  std::to_string(samples[index]));
            }
        }
    }

    void run_some(std::int64_t count, std::int64_t done, const Presentation& how) {
        PartObserver observer(*how.observer, done);
        RunRequest request{};
        request.samples = rates_;
        request.count = count;
        request.frames = 1;
        request.steps = how.steps;
        request.threads = threads_;
        request.seed = how.seed;
        request.first_sample = how.first_sample + static_cast<std::uint32_t>(done);
        request.record = how.records ? all_ : none_;
        request.observer = &observer;
        request.counts = counts_;
        request.outputs = scores_;
        request.stopped_at = stopped_at_;
        if (!observer.proceed(0) || !annconv::run(network_, weights_, request, workspace_)) {
            throw Refusal(Status::kStopped, "the run was ended from outside");
        }
    }

    void give_results(std::int64_t count, std::int64_t done, const Presentation& how,
                      const BatchResults& results) const {
        const std::int64_t outputs = network_.outputs;
        for (std::int64_t index = 0; index < count; ++index) {
            const auto sample = how.first_sample + static_cast<std::uint32_t>(done + index);
            const auto label = draw_label(scores_ + index * outputs, network_.outputs,
                                          RandomStream(how.seed, sample));
            if (label == kNoLabel) refuse_scores(done + index);
            if (results.labels != nullptr) {
                results.labels[done + index] = static_cast<std::int32_t>(label);
            }
        }
        const auto copy = [&](auto* target, const auto* source, std::int64_t width) {
            if (target == nullptr) return;
            std::memcpy(target + done * width, source,
                        static_cast<std::size_t>(count * width) * sizeof *source);
        };
        copy(results.scores, scores_, outputs);
        copy(results.counts, counts_, outputs);
        copy(results.stopped_at, stopped_at_, 1);
    }

    [[noreturn]] static void refuse_scores(std::int64_t sample) {
        throw Refusal(Status::kScore, "sample " + std::to_string(sample) +
                                          ": expected scores that are numbers, received NaN");
    }

    static constexpr const char* kOwnProcess =
        "a handle that this process opened: threads do not follow it through a fork";

    void* arena() { return workspace_.sample(0).arena; }

    const NetworkTable& network_;
    const void* const weights_;
    const std::int32_t threads_, batch_;
    FixedWorkspace workspace_;
    Real* rates_ = nullptr;
    double* scores_ = nullptr;
    std::int32_t* counts_ = nullptr;
    std::int32_t* stopped_at_ = nullptr;
    std::uint8_t *all_ = nullptr, *none_ = nullptr;  // flags of recorded populations
    RandomStream random_{0, 0};
    std::int32_t step_ = 0;
    bool started_ = false, constant_ = false;
};

}  // namespace annconv
