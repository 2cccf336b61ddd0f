"""How much memory a plan's code needs for the state of a sample: bounds that hold for any compiler.

They repeat the sizes of `cpp/include/annconv/kernels/`, each part rounded up; exported code says so
if one is too small.
"""

from __future__ import annotations

from math import ceil

from annconv.plan.kernels import (
    Arrival,
    Constants,
    Kernel,
    LayerKernel,
    OperatorKernel,
    SharingKernel,
    extents_of,
    number_of,
)
from annconv.plan.operators import CONVOLVE_EVENTS
from annconv.plan.plan import Plan
from annconv.plan.target import REAL_BYTES

ALIGNMENT = 64
_WORD_BITS = 64
_INTEGER_BYTES = {"spike": 1, "bits": 1, "count": 4, "flag": 1}
_WHOLE_BYTES, _WHOLE_SUM_BYTES = 2, 4
"""Of a whole weight, and of a sum of so many of them that 16 bits may be too few."""


def aligned(size: int) -> int:
    """A size rounded up to whole lines of the cache."""
    return ceil(size / ALIGNMENT) * ALIGNMENT


def arena_bytes(plan: Plan) -> int:
    """At least the size of the generated struct `Arena`."""
    real = REAL_BYTES[plan.precision]
    buffers = sum(
        aligned(_INTEGER_BYTES.get(entry.type, real) * entry.slots * entry.length)
        for entry in plan.buffers
    )
    shared = plan.shared_inputs
    if shared is None:
        return ALIGNMENT + buffers
    whole = any(entry.name == shared.weights and entry.type == "int16" for entry in plan.packed)
    return ALIGNMENT + buffers + _shared_bytes(shared, real, _WHOLE_BYTES if whole else real)


def scratch_bytes(plan: Plan) -> int:
    """At least what a thread works in."""
    return max(aligned(_kernel_scratch(kernel, plan)) for kernel in plan.kernels)


def _shared_bytes(shared: SharingKernel, real: int, weight: int) -> int:
    """Of inputs that run as one (`kernels/shared_inputs.hpp`), and of their rows of weights."""
    most, batch = 128, 16
    room = ceil(min(shared.inputs, most) / batch) * batch
    groups = (real + 3) * room + 2 * shared.inputs + ALIGNMENT
    return aligned(groups) + aligned(weight * shared.blocks * room * shared.block)


def _kernel_scratch(kernel: Kernel, plan: Plan) -> int:
    real = REAL_BYTES[plan.precision]
    if isinstance(kernel, LayerKernel):
        return sum(aligned(_source_scratch(arrival, real)) for arrival in kernel.arrivals)
    if isinstance(kernel, OperatorKernel) and kernel.function == CONVOLVE_EVENTS:
        return _window_scratch(kernel.constants, real)
    return 0


def _source_scratch(arrival: Arrival, real: int) -> int:
    """Of one source of a layer (`kernels/sources.hpp`); signed spikes need it twice."""
    weight = _WHOLE_BYTES if arrival.whole else real
    shape = dict(arrival.constants)
    if arrival.function == "ConvolutionSource":
        size = _window_scratch(arrival.constants, _sum_bytes(arrival.constants, weight))
    elif arrival.function == "RowTableSource":
        _, rows, columns = extents_of(shape, "kOut")
        padded = (rows - 1) * extents_of(shape, "kStride")[1] + extents_of(shape, "kSize")[1]
        size = 2 * padded * columns * (number_of(shape, "kTileSteps") + 1)
    elif arrival.function == "DenseSource":
        words = ceil(number_of(shape, "kInputs") / _WORD_BITS)
        sums = _sum_bytes(arrival.constants, weight) * number_of(shape, "kTileChannels")
        size = number_of(shape, "kTileSteps") * (8 * words + sums) + ALIGNMENT
    else:
        return 0
    return 2 * aligned(size) if arrival.signed else size


def _sum_bytes(constants: Constants, weight: int) -> int:
    """Of a sum: as wide as its weights, or of 32 bits where those of 16 could overflow."""
    return _WHOLE_SUM_BYTES if number_of(dict(constants), "kSafeAdditions") else weight


def _window_scratch(constants: Constants, sums: int) -> int:
    """Of windows over planes of spikes: the planes as bits, which cells are reached, and sums."""
    shape = dict(constants)
    stride, size, dilation = (extents_of(shape, f"k{name}") for name in _WINDOW)
    _, rows, columns = extents_of(shape, "kOut")
    high, wide = (
        (out - 1) * stride[axis] + (size[axis] - 1) * dilation[axis] + 1
        for axis, out in ((1, rows), (2, columns))
    )
    channels, steps = number_of(shape, "kChannelsIn"), number_of(shape, "kTileSteps")
    word = next((limit // 8 for limit in (8, 16, 32) if channels <= limit), 8)
    cell = word * ceil(channels / _WORD_BITS)
    bits = high * wide * cell * (steps + 1) + 8 * high + ALIGNMENT
    block = number_of(shape, "kBlockRows") * columns * number_of(shape, "kTileChannels")
    return aligned(bits) + aligned(rows * columns) + aligned(sums * steps * block)


_WINDOW = ("Stride", "Size", "Dilation")
