"""Add up weights of inputs that spike together before a run instead of during it.

Every four inputs of a convolution get sixteen sums, one for each pattern of their spikes: one
addition then stands for up to four. The inner loop reads four times the memory, so this is for
tables that the second-level cache holds easily. Shapes alone decide, so that a model that was
trained on compiles nothing again: channels of trained networks spike together, as `order_channels`
puts them side by side. With random weights and few spikes tables cost time.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

from annconv.plan.arrays import Packed
from annconv.plan.event_tiles import tables_fit
from annconv.plan.kernels import Arrival, Constant, Kernel, LayerKernel, extents_of, number_of
from annconv.plan.layouts import GROUP, KernelLayout
from annconv.plan.plan import Plan
from annconv.plan.target import WEIGHT_BYTES


def tabulate_patterns(plan: Plan) -> Plan:
    """Let the convolutions of layers add up one sum for the spikes of four inputs."""
    packed = {entry.name: entry for entry in plan.packed}
    kernels: list[Kernel] = []
    for kernel in plan.kernels:
        if isinstance(kernel, LayerKernel):
            arrivals = tuple(_with_tables(plan, entry, packed) for entry in kernel.arrivals)
            kernels.append(replace(kernel, arrivals=arrivals))
        else:
            kernels.append(kernel)
    return replace(plan, kernels=tuple(kernels), packed=tuple(packed.values()))


def _with_tables(plan: Plan, arrival: Arrival, packed: dict[str, Packed]) -> Arrival:
    """An arrival whose packed weights become tables, where that suits it."""
    if not _suits(plan, arrival, packed):
        return arrival
    constants = dict(arrival.constants) | {"kPatterns": 1}
    weights = str(arrival.weights)
    packed[weights] = _tabulated(packed[weights], constants)
    return replace(arrival, constants=tuple(constants.items()))


def _suits(plan: Plan, arrival: Arrival, packed: dict[str, Packed]) -> bool:
    """Whether it is a convolution of channels enough, with tables that are small enough."""
    if arrival.function != "ConvolutionSource" or arrival.weights is None:
        return False
    shape = dict(arrival.constants)
    layout = packed[arrival.weights].layout
    if not isinstance(layout, KernelLayout) or layout.patterns:
        return False
    channels = number_of(shape, "kChannelsIn")
    size = extents_of(shape, "kSize")
    rows = size[1] if layout.rows_together else 1
    row_bytes = size[2] * layout.block * WEIGHT_BYTES[plan.precision]
    return tables_fit(channels, channels * rows * row_bytes)


def _tabulated(packed: Packed, shape: dict[str, Constant]) -> Packed:
    layout = packed.layout
    if not isinstance(layout, KernelLayout):
        raise TypeError(f"layout of {packed.name} is {layout}")
    channels = number_of(shape, "kChannelsIn")
    length = packed.length // channels * ceil(channels / GROUP) * 2**GROUP
    return replace(packed, length=length, layout=replace(layout, patterns=True))
