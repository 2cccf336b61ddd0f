"""Faults in the C++ that all networks share, its bindings, and the templates."""

from __future__ import annotations

from fault import Fault

_INCLUDE = "cpp/include/annconv"

CPP_FAULTS = (
    Fault(
        "cpp-label-sample", "cpp/binding/binding.cpp",
        "request.seed, request.first_sample + static_cast<std::uint32_t>(sample));",
        "request.seed, static_cast<std::uint32_t>(sample));",
        "ties of a batch are drawn as if it came first",
    ),
    Fault(
        "cpp-group-row", f"{_INCLUDE}/kernels/convolution.hpp",
        "kernel + (tap * kGroupIn + channel % kGroupIn) * Shape::kChannelsOut + first;",
        "kernel + (tap * kGroupIn + channel % kGroupIn) * Shape::kChannelsOut;",
        "all groups of a plain convolution have the first one's filters",
    ),
    Fault(
        "cpp-window-border", f"{_INCLUDE}/kernels/convolution.hpp",
        "start / Shape::kStride[axis] < Shape::kOut[axis];",
        "start / Shape::kStride[axis] <= Shape::kOut[axis];",
        "spikes reach windows beyond the edge",
    ),
    Fault(
        "cpp-events-rest", f"{_INCLUDE}/kernels/dense.hpp",
        "static_cast<std::size_t>(std::min(8, Shape::kInputs - first)));",
        "static_cast<std::size_t>(std::min(7, Shape::kInputs - first)));",
        "every eighth input is not looked at",
    ),
    Fault(
        "cpp-event-sign", f"{_INCLUDE}/kernels/dense.hpp",
        "const auto sign = static_cast<Real>(spikes[first + byte]);",
        "const auto sign = static_cast<Real>(1);",
        "negative spikes add to a full matrix",
    ),
    Fault(
        "cpp-fused-scale", f"{_INCLUDE}/kernels/elementwise.hpp",
        "output[index] = annconv::fma(static_cast<Real>(input[index]),",
        "output[index] += annconv::fma(static_cast<Real>(input[index]),",
        "what is added to a trace doubles it",
    ),
    Fault(
        "cpp-mean-cells", f"{_INCLUDE}/kernels/pooling.hpp",
        "value /= static_cast<Real>(cells);",
        "value /= static_cast<Real>(cells * 0 + Shape::kSize[1] * Shape::kSize[2]);",
        "padding counts in the mean",
    ),
    Fault(
        "cpp-increase-kept", f"{_INCLUDE}/kernels/elementwise.hpp",
        "        passed[index] = value;\n", "",
        "what was passed on is forgotten",
    ),
    Fault(
        "cpp-joint-reached", f"{_INCLUDE}/kernels/joint_source.hpp",
        "return (source.reached(row, col) || ...);", "return (source.reached(row, col) && ...);",
        "neurons rest that spikes of one of two projections reach",
    ),
    Fault(
        "cpp-joint-scratch", f"{_INCLUDE}/kernels/joint_source.hpp",
        "start += kBytes[before];", "start += 0 * kBytes[before];",
        "all sources of a layer work in the memory of the first",
    ),
    Fault(
        "cpp-element-plane", f"{_INCLUDE}/kernels/element_source.hpp",
        "(first_row_ + row) * Shape::kIn[2] + col", "(first_row_ + row) * Shape::kOut[2] + col",
        "spikes of a plane that pooling does not cover come from other columns",
    ),
    Fault(
        "cpp-sign-of-bytes", f"{_INCLUDE}/kernels/spikes.hpp",
        "sign < 0 ? negative : bytes & ~negative;", "sign < 0 ? negative : bytes;",
        "spikes taken back count for either sign",
    ),
    Fault(
        "cpp-carry-over", f"{_INCLUDE}/tile.hpp",
        "std::memcpy(values[0], values[steps], sizeof values[0]);",
        "std::memcpy(values[0], values[slots - 1], sizeof values[0]);",
        "after a short tile the next one reads another step",
    ),
    Fault(
        "cpp-bits-rest", f"{_INCLUDE}/kernels/spikes.hpp",
        "if (shift + count > 64) bits |=", "if (shift + count > 72) bits |=",
        "spikes across the end of a word are lost",
    ),
    Fault(
        "cpp-second-register", f"{_INCLUDE}/kernels/sources.hpp",
        "((even[vectors] += odd[vectors]), ...);", "((even[vectors] += Vector{}), ...);",
        "every second word of inputs is lost",
    ),
    Fault(
        "cpp-row-table", f"{_INCLUDE}/kernels/sources.hpp",
        "bits <<= std::min(begin - start, kBitsInWord - 1);",
        "bits <<= std::min(0, kBitsInWord - 1);",
        "padding in front of a row is forgotten",
    ),
    Fault(
        "cpp-shared-ready", f"{_INCLUDE}/kernels/shared_inputs.hpp",
        "        ready_.fill(false);\n", "",
        "sums of the sample before are used",
    ),
    Fault(
        "cpp-rows-behind", f"{_INCLUDE}/kernels/event_convolution.hpp",
        "const bool padding =\n"
        "                    in_row < Shape::kPad[1] || in_row >= Shape::kPad[1] + Shape::kIn[1];",
        "const bool padding =\n"
        "                    in_row < Shape::kPad[1] || in_row >= Shape::kIn[1];",
        "the last rows of a picture are taken for padding",
    ),
    Fault(
        "cpp-group-bits", f"{_INCLUDE}/kernels/event_convolution.hpp",
        "        spikes |= spikes >> 2;\n", "",
        "patterns of the last two inputs of a group are missed",
    ),
    Fault(
        "cpp-pool-delay", f"{_INCLUDE}/kernels/layer.hpp",
        "if constexpr (Shape::kPoolDelay != 0) {", "if constexpr (Shape::kPoolDelay == 0) {",
        "a fused pooling reads the other step",
    ),
    Fault(
        "cpp-rest-pooling", f"{_INCLUDE}/kernels/layer.hpp",
        "if (!none(spiked) || !pooling.equals(pooling_before)) return false;",
        "if (!none(spiked)) return false;",
        "pooling neurons that still change are taken for resting",
    ),
    Fault(
        "cpp-gamma", f"{_INCLUDE}/distributions.hpp",
        "const double d = shape - 1.0 / 3.0;", "const double d = shape - 1.0 / 2.0;",
        "another constant of the gamma distribution",
    ),
    Fault(
        "cpp-pivot", f"{_INCLUDE}/integration.hpp",
        "if (std::abs(rows[row][column]) > std::abs(rows[column][column])) {",
        "if (rows[row][column] > rows[column][column]) {",
        "the pivot is chosen without regard to size",
    ),
    Fault(
        "cpp-norm", f"{_INCLUDE}/statistics.hpp",
        "sum += std::fabs(static_cast<double>(values[index]));",
        "sum += static_cast<double>(values[index]);",
        "norm1 is a sum with signs",
    ),
    Fault(
        "cpp-clip", f"{_INCLUDE}/functions.hpp",
        "return value < low ? low : (value > high ? high : value);",
        "return value > high ? high : (value < low ? high : value);",
        "clip gives the upper limit below the lower one",
    ),
    Fault(
        "cpp-seed-half", f"{_INCLUDE}/philox.hpp",
        "static_cast<std::uint32_t>(seed >> 32)}", "0}",
        "the upper half of a seed is forgotten",
    ),
    Fault(
        "cpp-frames", f"{_INCLUDE}/runner.hpp",
        "rates + (moving ? first * frame_bytes : 0),", "rates,",
        "every tile begins with the first frame",
    ),
    Fault(
        "cpp-recorded-step", f"{_INCLUDE}/runner.hpp",
        "request.observer->spike(sample, population, first + slot, rank, spikes[rank]);",
        "request.observer->spike(sample, population, slot, rank, spikes[rank]);",
        "recorded steps count from the tile's start",
    ),
    Fault(
        "cpp-meter", f"{_INCLUDE}/state.hpp",
        "while (first_ < steps_.size() && steps_[first_] <= last) ++first_;",
        "while (first_ < steps_.size() && steps_[first_] < last) ++first_;",
        "spikes leave the window of a rate a step late",
    ),
    Fault(
        "cpp-wide-sums", f"{_INCLUDE}/kernels/event_convolution.hpp",
        "if (pending + additions > Shape::kSafeAdditions) {",
        "if (pending + additions > 4 * Shape::kSafeAdditions) {",
        "long sums of a convolution overflow 16 bits",
    ),
    Fault(
        "cpp-wide-dense", f"{_INCLUDE}/kernels/sources.hpp",
        "if (pending + additions > Shape::kSafeAdditions) {",
        "if (pending > 4 * Shape::kSafeAdditions) {",
        "long sums of a full matrix overflow 16 bits",
    ),
    Fault(
        "cpp-single-functions", f"{_INCLUDE}/functions.hpp",
        "return static_cast<Real>(std::name(static_cast<double>(value)));",
        "return std::name(value);",
        "exp in single precision is as exact as the library at hand",
    ),
    Fault(
        "cpp-disabled", f"{_INCLUDE}/state.hpp",
        "} else if (kernel.replaces) {", "} else if (!kernel.replaces) {",
        "a projection that is switched off leaves its last sums",
    ),
    Fault(
        "cpp-checksum", f"{_INCLUDE}/weights_file.hpp",
        "if (checksum != header.checksum) {", "if (checksum != header.checksum && bytes.empty()) {",
        "damaged weights are loaded",
    ),
    Fault(
        "binding-sign", "cpp/binding/binding.cpp",
        "rows(at, 2) = train[row].sign;", "rows(at, 2) = 1;",
        "recorded spikes are all positive",
    ),
    Fault(
        "binding-first-sample", "cpp/binding/binding.cpp",
        "request.first_sample = first_sample;", "request.first_sample = 0 * first_sample;",
        "every batch draws the random numbers of the first",
    ),
    Fault(
        "binding-arrived", "cpp/binding/state.cpp",
        "recorder.before = entry.population;", "recorder.before = 0;",
        "conductances are recorded before another population's update",
    ),
    Fault(
        "cpp-channel-places", "cpp/include/annconv/table.hpp",
        "return rank / channels_ * channels_ + places_[rank % channels_];",
        "return rank / channels_ + places_[rank % channels_];",
        "recorded spikes are another cell's",
    ),
    Fault(
        "templates-early-stop", "templates/project/network.cpp.j2",
        "arena.executed = slot + 1;", "arena.executed = slot;",
        "a sample that ends early is told a step short",
    ),
    Fault(
        "templates-kept-state", "templates/kernels/layer.cpp.j2",
        "{% for name in neuron.states %}\n        annconv::store",
        "{% for name in neuron.states[:-1] %}\n        annconv::store",
        "one variable of a layer is not saved after a tile",
    ),
)  # fmt: skip
