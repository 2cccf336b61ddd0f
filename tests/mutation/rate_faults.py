"""Faults in preset `rate` and its calibration."""

from __future__ import annotations

from fault import Fault

_RATE = "annconv/conversion/rate"
_CALIBRATION = "annconv/conversion/calibration"

RATE_FAULTS = (
    Fault(
        "rate-start", f"{_RATE}/network.py",
        "parameters[START] = theta / 2", "parameters[START] = theta",
        "counts are rounded up",
    ),
    Fault(
        "rate-junction-constant", f"{_RATE}/network.py",
        "return Source(name, constant=self._sum(arrivals, name))",
        "self._sum(arrivals, name)\n        return Source(name)",
        "the constant part of a junction is lost",
    ),
    Fault(
        "rate-shared-pooling", f"{_RATE}/network.py",
        "return Source(name, theta=source.theta)", "return Source(name)",
        "pooled spikes that several layers read are worth 1",
    ),
    Fault(
        "rate-channels-mixed", f"{_RATE}/network.py",
        "if counted and carried and self._counts(source):",
        "if counted and self._counts(source):",
        "counts of channels with other thresholds are added up and compared",
    ),
    Fault(
        "rate-take-back", f"{_RATE}/neurons.py",
        "v < 0.0 and {COUNT} > 0.0", "v < 0.0 and {COUNT} > 1.0",
        "the last spike too many is never taken back",
    ),
    Fault(
        "rate-follower", f"{_RATE}/neurons.py",
        'unspike="due <= -0.5"', 'unspike="due <= -1.5"',
        "followers take spikes back late",
    ),
    Fault(
        "rate-minimum", f"{_RATE}/neurons.py",
        'sign = ">" if isinstance(layer, Maximum) else "<"', 'sign = ">"',
        "a minimum is a maximum",
    ),
    Fault(
        "rate-softmax", f"{_RATE}/readout.py",
        "exp({VALUE} - logsumexp({VALUE}))", "exp({VALUE} - max({VALUE}))",
        "a softmax has no sum of 1",
    ),
    Fault(
        "rate-bounded", f"{_RATE}/conversion.py",
        "return np.minimum(thetas, layer.maximum)", "return thetas",
        "a ReLU with a maximum goes beyond it",
    ),
    Fault(
        "rate-levels", f"{_CALIBRATION}/thresholds.py",
        "np.floor(values * (levels / part) + 0.5)",
        "np.floor(values * (levels / part))",
        "least squares take values rounded down",
    ),
    Fault(
        "rate-candidates", f"{_CALIBRATION}/thresholds.py",
        "best = np.where(error < smallest, part, best)",
        "best = np.where(error > smallest, part, best)",
        "the worst threshold is chosen",
    ),
    Fault(
        "rate-silent-channel", f"{_CALIBRATION}/thresholds.py",
        "np.where(found > 0, found, largest)", "np.where(found > 0, found, 1.0)",
        "a silent channel has an absolute threshold",
    ),
    Fault(
        "rate-histogram", f"{_CALIBRATION}/activations.py",
        "return self.low[:, None] + (self.high", "return (self.high",
        "bins begin at 0",
    ),
    Fault(
        "rate-potentials", f"{_CALIBRATION}/potentials.py",
        "[start] + error * steps", "[start] + error",
        "potentials make up for one step's error",
    ),
    Fault(
        "rate-transposed", "annconv/conversion/mapping.py",
        "np.flip(layer.kernel, axis=tuple(range(rank)))", "layer.kernel",
        "the kernel of a transposed convolution is not mirrored",
    ),
    Fault(
        "rate-adaptive", "annconv/conversion/mapping.py",
        "min(start + step, stop - 1)", "start + step if start + step < extent else stop - 1",
        "windows of adaptive pooling overlap their neighbours",
    ),
    Fault(
        "cpp-gather", "cpp/include/annconv/kernels/elementwise.hpp",
        "place < 0 ? In{0} : input[place]", "input[place < 0 ? 0 : place]",
        "the first value stands where zeros should",
    ),
    Fault(
        "reference-by-layer", "annconv/reference/by_layer.py",
        "reached, passed[place] = apply_increase(reached, before)",
        "reached, _ = apply_increase(reached, before)",
        "an increase is the whole value in every step",
    ),
)  # fmt: skip
