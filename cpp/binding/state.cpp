// The Python extension module of a network that is stepped by hand. It knows the network only
// through its StateTable, so this file is compiled once and linked with every network's kernels.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "annconv/interpreter.hpp"
#include "annconv/state.hpp"

namespace py = pybind11;
using annconv::Element;
using annconv::StateArray;

namespace {

using Ranks = std::optional<py::array_t<std::int32_t, py::array::c_style>>;
// Buffer to read, or -1 - population for its firing rates; a conductance's buffer to add before the
// update, or -1; ranks; period; steps until the first row; where the rows go.
using ValueRequest = std::tuple<std::int32_t, std::int32_t, Ranks, std::int32_t, std::int32_t,
                                py::array_t<double, py::array::c_style>>;
// Population; ranks.
using SpikeRequest = std::tuple<std::int32_t, Ranks>;

// Whether Python's signals (Ctrl-C) let a run go on; asked now and then.
class Signals {
   public:
    explicit Signals(annconv::Interpreter& interpreter) : interpreter_(interpreter) {}

    // Where it is false, Python's error is set, unless Python ends.
    bool proceed() {
        const auto now = std::chrono::steady_clock::now();
        if (now - asked_ < kInterval) return true;
        asked_ = now;
        return interpreter_.held([] { return PyErr_CheckSignals() == 0; });
    }

   private:
    static constexpr std::chrono::milliseconds kInterval{50};
    annconv::Interpreter& interpreter_;
    std::chrono::steady_clock::time_point asked_ = std::chrono::steady_clock::now();
};

// The error that is set in Python, which is cleared; None if there is none.
py::object taken_error() {
    if (PyErr_Occurred() == nullptr) return py::none();
    return py::error_already_set().value();
}

class State {
   public:
    explicit State(const py::bytes& packed)
        : state_(*annconv_state(), static_cast<std::string_view>(packed)) {}

    void reset() { state_.reset(); }

    // Whether the read-out is finished.
    bool stopped() { return state_.table().stopped(state_.weights(), state_.arena()); }

    // Arrays of the arena and of the packed data by name, and those beside them: writable views.
    static py::dict buffers(const py::object& self) {
        auto& state = self.cast<State&>().state_;
        return views(state.table().buffers, state.arena(), state.table().real_bytes, self);
    }

    static py::dict packed(const py::object& self) {
        auto& state = self.cast<State&>().state_;
        return views(state.table().packed, state.weights(), state.table().real_bytes, self);
    }

    static py::dict given(const py::object& self) {
        auto& state = self.cast<State&>().state_;
        py::dict result;
        std::size_t index = 0;
        for (const auto& entry : state.table().conductances) {
            auto& values = state.given(index++);
            result[state.table().buffers[entry.buffer].name] = view(values, self);
        }
        return result;
    }

    static py::array enabled(const py::object& self) {
        return view(self.cast<State&>().state_.enabled(), self);
    }

    static py::array transmits(const py::object& self) {
        return view(self.cast<State&>().state_.transmits(), self);
    }

    static py::array firing_rates(const py::object& self, std::size_t population) {
        return view(self.cast<State&>().state_.meters().at(population).rates, self);
    }

    void measure(std::size_t population, std::int32_t window, double per_spike) {
        if (window < 0) throw std::invalid_argument("window: expected 0 or more steps");
        state_.meters().at(population).start(window, per_spike);
    }

    void forget_spikes(std::size_t population) { state_.meters().at(population).clear(); }

    // Steps run, rows written for each request, spikes of each request as (spikes, 2) of step and
    // rank, and what ended the run early, None if nothing did: Ctrl-C, or a MemoryError before a
    // step whose spikes might not find room.
    py::tuple advance(std::int32_t steps, const py::array& rates, std::uint64_t seed,
                      std::uint32_t sample, std::int32_t index,
                      const std::vector<ValueRequest>& values,
                      const std::vector<SpikeRequest>& spikes, bool stops) {
        check_rates(rates);
        std::vector<annconv::ValueRecorder> rows;
        for (const auto& request : values) rows.push_back(value_recorder(request, steps));
        std::vector<annconv::SpikeRecorder> trains;
        for (const auto& request : spikes) trains.push_back(spike_recorder(request));
        const annconv::StateRun run{steps, {rates.data(), seed, sample, index}, stops};
        std::int32_t done = 0;
        bool has_room = true;
        annconv::without_interpreter([&](annconv::Interpreter& interpreter) {
            Signals signals(interpreter);
            done = state_.advance(run, rows, trains, [&] {
                has_room = state_.make_room(trains);
                return has_room && signals.proceed();
            });
        });
        if (!has_room) PyErr_NoMemory();
        const py::object error = taken_error();
        std::vector<std::int64_t> written;
        for (const auto& recorder : rows) written.push_back(recorder.written);
        py::list found;
        for (const auto& recorder : trains) {
            const auto count = static_cast<py::ssize_t>(recorder.spikes.size() / 2);
            found.append(
                py::array_t<std::int32_t>({count, py::ssize_t{2}}, recorder.spikes.data()));
        }
        return py::make_tuple(done, written, found, error);
    }

   private:
    template <class Value>
    static py::array view(std::vector<Value>& values, const py::object& owner) {
        return py::array_t<Value>(static_cast<py::ssize_t>(values.size()), values.data(), owner);
    }

    static py::dict views(const annconv::List<StateArray>& arrays, std::byte* memory,
                          std::int32_t real_bytes, const py::object& owner) {
        py::dict result;
        for (const auto& entry : arrays) {
            result[entry.name] = py::array(element_type(entry.element, real_bytes),
                                           {static_cast<py::ssize_t>(entry.length)}, {},
                                           memory + entry.offset, owner);
        }
        return result;
    }

    static py::dtype element_type(Element element, std::int32_t real_bytes) {
        if (element == Element::kSpike) return py::dtype::of<std::int8_t>();
        if (element == Element::kCount) return py::dtype::of<std::int32_t>();
        const bool single = element == Element::kReal && real_bytes == sizeof(float);
        return single ? py::dtype::of<float>() : py::dtype::of<double>();
    }

    void check_rates(const py::array& rates) const {
        const auto& table = state_.table();
        const bool typed = rates.dtype().kind() == 'f' && rates.itemsize() == table.real_bytes;
        if (!typed || (rates.flags() & py::array::c_style) == 0 || rates.size() != table.inputs) {
            throw std::invalid_argument("rates: expected C-contiguous reals, one for each input");
        }
    }

    // The ranks as a pointer, null for all; sets how many there are of `length`.
    static const std::int32_t* checked(const Ranks& ranks, std::int64_t length,
                                       std::int64_t* count) {
        *count = ranks ? ranks->size() : length;
        if (!ranks) return nullptr;
        for (py::ssize_t index = 0; index < ranks->size(); ++index) {
            if (ranks->data()[index] < 0 || ranks->data()[index] >= length) {
                throw std::invalid_argument("ranks: expected those of neurons");
            }
        }
        return ranks->data();
    }

    annconv::ValueRecorder value_recorder(const ValueRequest& request, std::int32_t steps) {
        const auto& [source, arrived, ranks, period, wait, rows] = request;
        annconv::ValueRecorder recorder{};
        std::int64_t length = 0;
        if (source < 0) {
            const auto& meter = state_.meters().at(static_cast<std::size_t>(-1 - source));
            recorder.source = meter.rates.data();
            recorder.element = Element::kDouble;
            length = static_cast<std::int64_t>(meter.rates.size());
        } else {
            if (source >= state_.table().buffers.count) throw py::index_error("no such buffer");
            recorder.source = state_.buffer(source);
            recorder.element = state_.table().buffers[source].element;
            length = state_.table().buffers[source].length;
        }
        if (arrived >= 0) add_arrived(recorder, arrived, length);
        recorder.ranks = checked(ranks, length, &recorder.count);
        recorder.period = period;
        recorder.wait = wait;
        if (period < 1 || wait < 0) {
            throw std::invalid_argument("period: expected 1 or more, and a wait of 0 or more");
        }
        const std::int64_t needed = steps > wait ? (steps - wait - 1) / period + 1 : 0;
        if (rows.ndim() != 2 || rows.shape(0) < needed || rows.shape(1) != recorder.count ||
            !rows.writeable()) {
            throw std::invalid_argument("rows: expected a row of all values for each period");
        }
        recorder.rows = const_cast<double*>(rows.data());
        return recorder;
    }

    // Has a recorder of reals add what arrives in a conductance's buffer.
    void add_arrived(annconv::ValueRecorder& recorder, std::int32_t buffer, std::int64_t length) {
        for (const auto& entry : state_.table().conductances) {
            if (entry.buffer != buffer) continue;
            const auto& arriving = state_.table().buffers[buffer];
            if (arriving.length != length || recorder.element != arriving.element) break;
            recorder.arrived = state_.buffer(buffer);
            recorder.before = entry.population;
            return;
        }
        throw py::index_error("no such conductance");
    }

    annconv::SpikeRecorder spike_recorder(const SpikeRequest& request) {
        const auto& [population, ranks] = request;
        const auto& table = state_.table();
        if (population < 0 || population >= table.spikes.count || table.spikes[population] < 0) {
            throw py::index_error("no such population");
        }
        const std::int32_t buffer = table.spikes[population];
        annconv::SpikeRecorder recorder{};
        recorder.source = static_cast<const std::int8_t*>(state_.buffer(buffer));
        recorder.ranks = checked(ranks, table.buffers[buffer].length, &recorder.count);
        return recorder;
    }

    annconv::State state_;
};

}  // namespace

// pybind11's own function of initialisation gets another name, so that ours stands before it.
#define PyInit_network initialise_network
PYBIND11_MODULE(network, module) {
    // pybind11 looks for NumPy once, and lets the interpreter go for it: now, not in some first
    // run.
    py::dtype::of<double>();
    module.doc() = "A spiking network compiled by annconv, to be stepped by hand.";
    if (annconv_state()->version != annconv::kStateVersion) {
        throw std::runtime_error(
            "kernels and binding were built from different versions of annconv");
    }
    py::class_<State>(module, "State", py::module_local())
        .def(py::init<const py::bytes&>(), py::arg("packed"))
        .def("reset", &State::reset)
        .def("stopped", &State::stopped)
        .def("buffers", &State::buffers)
        .def("packed", &State::packed)
        .def("given", &State::given)
        .def("enabled", &State::enabled)
        .def("transmits", &State::transmits)
        .def("firing_rates", &State::firing_rates, py::arg("population"))
        .def("measure", &State::measure, py::arg("population"), py::arg("window"),
             py::arg("per_spike"))
        .def("forget_spikes", &State::forget_spikes, py::arg("population"))
        .def("advance", &State::advance, py::arg("steps"), py::arg("rates"), py::arg("seed"),
             py::arg("sample"), py::arg("index"), py::arg("values"), py::arg("spikes"),
             py::arg("stops"));
}
#undef PyInit_network

extern "C" PYBIND11_EXPORT PyObject* PyInit_network() {
    return annconv::made_in_main_interpreter(initialise_network);
}
