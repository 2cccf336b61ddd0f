// Steps a network by hand: between two steps all of its state lies open, to be read, changed and
// recorded. A generated StateTable tells what there is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "annconv/state_table.hpp"
#include "annconv/weights_file.hpp"

namespace annconv {

// Keeps some values of one array in every period-th step, one row of doubles for each: at the end
// of the step, or just before a population is updated, together with what arrives at it.
struct ValueRecorder {
    const void* source;
    const void* arrived;  // reals that are added to the source's; null: recorded at the end
    std::int32_t before;  // the population, where something arrives
    Element element;
    const std::int32_t* ranks;  // which values; null: the first `count`
    std::int64_t count;
    std::int32_t period;
    std::int32_t wait;  // steps until the next row
    double* rows;
    std::int64_t written = 0;
};

// Keeps the spikes of some neurons: pairs of step and rank, one after the other.
struct SpikeRecorder {
    const std::int8_t* source;
    const std::int32_t* ranks;  // which neurons; null: the first `count`
    std::int64_t count;
    std::vector<std::int32_t> spikes;
};

// Makes room for the spikes of one more step, so that none is lost in it.
inline void make_room(std::vector<SpikeRecorder>& recorders) {
    for (auto& recorder : recorders) {
        auto& spikes = recorder.spikes;
        const std::size_t needed = spikes.size() + 2 * static_cast<std::size_t>(recorder.count);
        if (needed > spikes.capacity()) spikes.reserve(needed + spikes.capacity());
    }
}

// Steps in which a neuron spiked, in the order in which they were run.
class SpikeSteps {
   public:
    std::size_t count() const { return steps_.size() - first_; }

    // So that the next step does not need any memory.
    void make_room() {
        if (steps_.size() == steps_.capacity()) steps_.reserve(2 * steps_.size() + 4);
    }

    void add(std::int32_t step) { steps_.push_back(step); }

    // Forgets from the oldest on what is not after `last`. The time may have been set back: a step
    // behind one that stays, stays.
    void forget_until(std::int64_t last) {
        while (first_ < steps_.size() && steps_[first_] <= last) ++first_;
        if (2 * first_ < steps_.size()) return;
        steps_.erase(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }

    void clear() {
        steps_.clear();
        first_ = 0;
    }

   private:
    std::vector<std::int32_t> steps_;
    std::size_t first_ = 0;
};

// Spikes of each neuron in the last `window` steps, as a rate. The spikes that are known outlive a
// change of the window.
struct RateMeter {
    std::int32_t window = 0;  // 0: the rates stay as they are
    double per_spike = 0;
    std::vector<SpikeSteps> known;
    std::vector<double> rates;

    void start(std::int32_t steps, double spike_rate) {
        known.resize(rates.size());
        window = steps;
        per_spike = spike_rate;
    }

    void clear() {
        for (auto& steps : known) steps.clear();
    }

    void make_room() {
        for (auto& steps : known) steps.make_room();
    }

    void add(const std::int8_t* spikes, std::int32_t step) {
        for (std::size_t neuron = 0; neuron < rates.size(); ++neuron) {
            if (spikes[neuron] != 0) known[neuron].add(step);
            known[neuron].forget_until(std::int64_t{step} - window);
            rates[neuron] = static_cast<double>(known[neuron].count()) * per_spike;
        }
    }
};

// What to run.
struct StateRun {
    std::int32_t steps;
    StateInput input;  // of the first step
    bool stops;        // whether the read-out may end the run
};

// One network with its own weights and state.
class State {
   public:
    // Throws std::runtime_error where the packed data are damaged or another network's.
    State(const StateTable& table, std::string_view packed)
        : table_(table),
          weights_(load_weights(packed, table)),
          arena_(allocate_aligned(table.arena_bytes)),
          enabled_(static_cast<std::size_t>(table.spikes.count), 1),
          transmits_(static_cast<std::size_t>(table.projections), 1),
          meters_(static_cast<std::size_t>(table.spikes.count)) {
        for (const auto& entry : table.conductances) given_.emplace_back(length(entry.buffer), 0.0);
        for (std::size_t population = 0; population < meters_.size(); ++population) {
            const std::int32_t spikes = table.spikes[static_cast<std::int32_t>(population)];
            if (spikes >= 0) meters_[population].rates.assign(length(spikes), 0.0);
        }
        reset();
    }

    const StateTable& table() const { return table_; }
    std::byte* weights() { return static_cast<std::byte*>(weights_.get()); }
    std::byte* arena() { return static_cast<std::byte*>(arena_.get()); }
    std::vector<std::uint8_t>& enabled() { return enabled_; }      // a flag for every population
    std::vector<std::uint8_t>& transmits() { return transmits_; }  // a flag for every projection
    std::vector<RateMeter>& meters() { return meters_; }           // one for every population

    // What is added to a conductance in the next step, besides what arrives.
    std::vector<double>& given(std::size_t conductance) { return given_[conductance]; }

    void* buffer(std::int32_t index) { return arena() + table_.buffers[index].offset; }

    // The state in which every sample starts.
    void reset() {
        table_.reset(weights(), arena());
        for (auto& values : given_) std::fill(values.begin(), values.end(), 0.0);
    }

    // Makes room for what one more step adds to recorded and measured spikes, so that none is lost
    // in it; false where there is none.
    bool make_room(std::vector<SpikeRecorder>& recorders) {
        try {
            annconv::make_room(recorders);
            for (auto& meter : meters_) {
                if (meter.window != 0) meter.make_room();
            }
            return true;
        } catch (const std::bad_alloc&) {
            return false;
        }
    }

    // Runs steps until all are done, the read-out stops, or `proceed` says false before one of
    // them. Returns how many were run.
    template <class Proceed>
    std::int32_t advance(const StateRun& run, std::vector<ValueRecorder>& values,
                         std::vector<SpikeRecorder>& spikes, Proceed&& proceed) {
        StateInput input = run.input;
        for (std::int32_t step = 0; step < run.steps; ++step, ++input.index) {
            if (!proceed()) return step;
            run_kernels(input, step == 0, values);
            measure(input.index);
            for (auto& recorder : values) {
                if (recorder.arrived == nullptr) record(recorder);
            }
            for (auto& recorder : spikes) record(recorder, input.index);
            if (run.stops && table_.stopped(weights(), arena())) return step + 1;
        }
        return run.steps;
    }

   private:
    std::size_t length(std::int32_t buffer) const {
        return static_cast<std::size_t>(table_.buffers[buffer].length);
    }

    void run_kernels(const StateInput& input, bool first, std::vector<ValueRecorder>& values) {
        for (const auto& kernel : table_.kernels) {
            if (kernel.population < 0) {
                if (transmits_[static_cast<std::size_t>(kernel.projection)]) {
                    kernel.run(weights(), arena(), input);
                } else if (kernel.replaces) {
                    std::memset(buffer(kernel.target), 0, bytes(kernel.target));
                }
                continue;
            }
            if (first) add_given(kernel.population);
            for (auto& recorder : values) {
                if (recorder.arrived != nullptr && recorder.before == kernel.population) {
                    record(recorder);
                }
            }
            if (enabled_[static_cast<std::size_t>(kernel.population)]) {
                kernel.run(weights(), arena(), input);
            } else {
                const std::int32_t spikes = table_.spikes[kernel.population];
                std::memset(buffer(spikes), 0, bytes(spikes));
            }
        }
        table_.count(arena());
    }

    // What was set before the run arrives once.
    void add_given(std::int32_t population) {
        for (std::int32_t index = 0; index < table_.conductances.count; ++index) {
            const auto& entry = table_.conductances[index];
            auto& values = given_[static_cast<std::size_t>(index)];
            const auto is_zero = [](double value) { return value == 0; };
            if (entry.population != population ||
                std::all_of(values.begin(), values.end(), is_zero)) {
                continue;
            }
            if (table_.real_bytes == sizeof(double)) {
                add(values, static_cast<double*>(buffer(entry.buffer)));
            } else {
                add(values, static_cast<float*>(buffer(entry.buffer)));
            }
        }
    }

    template <class Real>
    static void add(std::vector<double>& values, Real* sums) {
        for (std::size_t neuron = 0; neuron < values.size(); ++neuron) {
            sums[neuron] += static_cast<Real>(values[neuron]);
        }
        std::fill(values.begin(), values.end(), 0.0);
    }

    // The rates of populations that update.
    void measure(std::int32_t step) {
        for (std::size_t population = 0; population < meters_.size(); ++population) {
            if (meters_[population].window == 0 || !enabled_[population]) continue;
            const std::int32_t spikes = table_.spikes[static_cast<std::int32_t>(population)];
            meters_[population].add(static_cast<const std::int8_t*>(buffer(spikes)), step);
        }
    }

    void record(ValueRecorder& recorder) const {
        if (recorder.wait-- > 0) return;
        recorder.wait = recorder.period - 1;
        const bool doubles = recorder.element == Element::kDouble ||
                             (recorder.element == Element::kReal && table_.real_bytes == 8);
        if (doubles) {
            copy(static_cast<const double*>(recorder.source), recorder);
        } else if (recorder.element == Element::kReal) {
            copy(static_cast<const float*>(recorder.source), recorder);
        } else if (recorder.element == Element::kSpike) {
            copy(static_cast<const std::int8_t*>(recorder.source), recorder);
        } else {
            copy(static_cast<const std::int32_t*>(recorder.source), recorder);
        }
    }

    template <class Value>
    static void copy(const Value* source, ValueRecorder& recorder) {
        double* row = recorder.rows + recorder.written++ * recorder.count;
        const auto* arrived = static_cast<const Value*>(recorder.arrived);
        for (std::int64_t index = 0; index < recorder.count; ++index) {
            const std::int64_t rank = recorder.ranks ? recorder.ranks[index] : index;
            const Value value = source[rank];
            row[index] = static_cast<double>(
                arrived == nullptr ? value : static_cast<Value>(value + arrived[rank]));
        }
    }

    static void record(SpikeRecorder& recorder, std::int32_t step) {
        for (std::int64_t index = 0; index < recorder.count; ++index) {
            const auto rank =
                recorder.ranks ? recorder.ranks[index] : static_cast<std::int32_t>(index);
            if (recorder.source[rank] > 0) {
                recorder.spikes.push_back(step);
                recorder.spikes.push_back(rank);
            }
        }
    }

    std::size_t bytes(std::int32_t buffer) const {
        switch (table_.buffers[buffer].element) {
            case Element::kReal:
                return length(buffer) * static_cast<std::size_t>(table_.real_bytes);
            case Element::kSpike:
                return length(buffer);
            case Element::kCount:
                return length(buffer) * sizeof(std::int32_t);
            case Element::kDouble:
                break;
        }
        return length(buffer) * sizeof(double);
    }

    const StateTable& table_;
    AlignedMemory weights_;
    AlignedMemory arena_;
    std::vector<std::uint8_t> enabled_;
    std::vector<std::uint8_t> transmits_;
    std::vector<RateMeter> meters_;
    std::vector<std::vector<double>> given_;
};

}  // namespace annconv
