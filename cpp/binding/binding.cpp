// The Python extension module of a network. It knows the network only through its C table, so this
// file is compiled once and linked with every network's kernels.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "annconv/interpreter.hpp"
#include "annconv/labels.hpp"
#include "annconv/runner.hpp"
#include "annconv/spike_trains.hpp"
#include "annconv/table.hpp"
#include "annconv/weights_file.hpp"
#include "annconv/workspace.hpp"

namespace py = pybind11;
using annconv::NetworkTable;
using annconv::RunRequest;

namespace {

// Keeps recorded spikes, shows progress, and lets Python's signals (Ctrl-C) end a run.
class PythonObserver : public annconv::RunObserver {
   public:
    // `progress` is called with the number of finished samples, unless it is None.
    PythonObserver(annconv::SpikeTrains& trains, const py::object& progress)
        : trains_(trains), progress_(progress.ptr()) {}

    // Whose interpreter it takes in order to ask.
    void runs_without(annconv::Interpreter& interpreter) { interpreter_ = &interpreter; }

    void spike(std::int64_t sample, std::int32_t population, std::int32_t step, std::int32_t rank,
               std::int8_t sign) override {
        trains_.add(sample, population, {step, rank, sign});
    }

    // Where it is false, Python's error is set, unless Python ends.
    bool proceed(std::int64_t samples_done) override {
        return interpreter_->held([&] {
            if (PyErr_CheckSignals() != 0) return false;
            if (progress_ == Py_None) return true;
            PyObject* const answer =
                PyObject_CallFunction(progress_, "L", static_cast<long long>(samples_done));
            Py_XDECREF(answer);
            return answer != nullptr;
        });
    }

    // Population -> one int32 array (spikes, 3) of step, rank, sign for every sample. What has
    // become an array is dropped here.
    py::dict spikes() {
        py::dict result;
        for (auto& [population, samples] : trains_.trains()) {
            py::list trains;
            for (auto& train : samples) {
                py::array_t<std::int32_t> array(
                    {static_cast<py::ssize_t>(train.size()), py::ssize_t{3}});
                auto rows = array.mutable_unchecked<2>();
                for (std::size_t row = 0; row < train.size(); ++row) {
                    const auto at = static_cast<py::ssize_t>(row);
                    rows(at, 0) = train[row].step;
                    rows(at, 1) = train[row].rank;
                    rows(at, 2) = train[row].sign;
                }
                trains.append(std::move(array));
                std::vector<annconv::Spike>().swap(train);
            }
            result[py::int_(population)] = std::move(trains);
        }
        return result;
    }

   private:
    annconv::SpikeTrains& trains_;
    PyObject* progress_;
    annconv::Interpreter* interpreter_ = nullptr;
};

class Network {
   public:
    explicit Network(const py::bytes& packed)
        : table_(*annconv_network()),
          weights_(annconv::load_weights(static_cast<std::string_view>(packed), table_)) {}

    // Where a score is not a number, None stands for all labels. Where memory ends, a MemoryError
    // with two arguments: the steps that were run of all samples together, and the bytes that
    // recorded spikes took.
    py::tuple run(const py::array& samples, std::int32_t steps, std::int32_t threads,
                  std::uint64_t seed, std::uint32_t first_sample,
                  const std::vector<std::int32_t>& record, std::int64_t limit,
                  const py::object& progress, bool measure) {
        check_samples(samples, steps);
        const py::ssize_t count = samples.shape(0);
        py::array_t<std::int64_t> labels(count);
        py::array_t<std::int32_t> counts({count, py::ssize_t{table_.outputs}});
        py::array_t<double> outputs({count, py::ssize_t{table_.outputs}});
        py::array_t<std::int32_t> stopped_at(count);
        std::vector<std::uint8_t> flags(static_cast<std::size_t>(table_.populations), 0);
        for (const auto population : record) flags.at(static_cast<std::size_t>(population)) = 1;
        std::fill_n(stopped_at.mutable_data(), count, 0);
        annconv::SpikeTrains trains(count, record, limit);
        PythonObserver observer(trains, progress);

        RunRequest request{};
        request.samples = samples.data();
        request.count = count;
        request.frames = static_cast<std::int32_t>(samples.shape(1));
        request.steps = steps;
        request.threads = threads;
        request.seed = seed;
        request.first_sample = first_sample;
        request.record = flags.data();
        request.observer = &observer;
        request.counts = counts.mutable_data();
        request.outputs = outputs.mutable_data();
        request.stopped_at = stopped_at.mutable_data();
        std::vector<double> seconds(static_cast<std::size_t>(table_.parts), 0.0);
        request.seconds = measure ? seconds.data() : nullptr;
        std::int64_t* const drawn = labels.mutable_data();
        bool finished = false, labelled = false;
        // Whoever holds the interpreter is alone here.
        std::unique_ptr<annconv::Workspace> workspace = workspaces_.take();
        try {
            annconv::without_interpreter([&](annconv::Interpreter& interpreter) {
                observer.runs_without(interpreter);
                finished = annconv::run(table_, weights_.get(), request, *workspace);
                labelled = finished && draw_labels(request, drawn);
            });
        } catch (const std::bad_alloc&) {
            const std::int64_t ran =
                std::accumulate(request.stopped_at, request.stopped_at + count, std::int64_t{0});
            PyErr_SetObject(PyExc_MemoryError, py::make_tuple(ran, trains.bytes()).ptr());
            finished = false;
        }
        workspaces_.put_back(std::move(workspace));
        if (!finished) throw py::error_already_set();
        py::dict parts;
        for (std::int32_t part = 0; measure && part < table_.parts; ++part) {
            parts[table_.part_names[part]] = seconds[static_cast<std::size_t>(part)];
        }
        return py::make_tuple(labelled ? py::object(std::move(labels)) : py::none(), counts,
                              outputs, stopped_at, observer.spikes(), parts);
    }

    std::uint64_t arena_bytes() const { return table_.arena_bytes; }

   private:
    void check_samples(const py::array& samples, std::int32_t steps) const {
        const bool typed = samples.dtype().kind() == 'f' && samples.itemsize() == table_.real_bytes;
        const bool contiguous = (samples.flags() & py::array::c_style) != 0;
        if (!typed || !contiguous || samples.ndim() != 3 || samples.shape(2) != table_.inputs ||
            (samples.shape(1) != 1 && samples.shape(1) < steps)) {
            throw std::invalid_argument(
                "samples: expected C-contiguous reals (count, frames, inputs)");
        }
    }

    // One label for every sample; false where a score is not a number.
    bool draw_labels(const RunRequest& request, std::int64_t* labels) const {
        const double* scores = request.outputs;
        for (std::int64_t sample = 0; sample < request.count; ++sample, scores += table_.outputs) {
            const annconv::RandomStream random(
                request.seed, request.first_sample + static_cast<std::uint32_t>(sample));
            labels[sample] = annconv::draw_label(scores, table_.outputs, random);
            if (labels[sample] == annconv::kNoLabel) return false;
        }
        return true;
    }

    const NetworkTable& table_;
    annconv::AlignedMemory weights_;
    annconv::IdleWorkspaces workspaces_;
};

}  // namespace

// pybind11's own function of initialisation gets another name, so that ours stands before it.
#define PyInit_network initialise_network
PYBIND11_MODULE(network, module) {
    // pybind11 looks for NumPy once, and lets the interpreter go for it: now, not in some first
    // run.
    py::dtype::of<double>();
    module.doc() = "A spiking network compiled by annconv.";
    if (annconv_network()->version != annconv::kTableVersion) {
        throw std::runtime_error(
            "kernels and binding were built from different versions of annconv");
    }
    py::class_<Network>(module, "Network", py::module_local())
        .def(py::init<const py::bytes&>(), py::arg("packed"))
        .def("run", &Network::run, py::arg("samples"), py::arg("steps"), py::arg("threads"),
             py::arg("seed"), py::arg("first_sample"), py::arg("record"), py::arg("limit"),
             py::arg("progress"), py::arg("measure"))
        .def_property_readonly("arena_bytes", &Network::arena_bytes);
}
#undef PyInit_network

extern "C" PYBIND11_EXPORT PyObject* PyInit_network() {
    return annconv::made_in_main_interpreter(initialise_network);
}
