"""Let convolutions and full matrices of spikes work on the spikes alone, step by step.

This is for what `fuse_layers` leaves, neurons with random numbers for example.
"""

from __future__ import annotations

from dataclasses import replace

from annconv.plan.arrays import Packed
from annconv.plan.event_tiles import EventTiles, choose_tiles
from annconv.plan.kernels import Kernel, OperatorKernel
from annconv.plan.layouts import KernelLayout, blocks
from annconv.plan.operators import CONVOLVE_EVENTS
from annconv.plan.plan import Plan
from annconv.plan.target import REAL_BYTES, Target


def follow_events(plan: Plan) -> Plan:
    """A convolution or full matrix that reads a spike buffer adds up the weights of its spikes.

    Where a convolution's shape allows, the sums of a tile of outputs stay in registers
    (`convolve_events`); otherwise every spike adds to sums in memory (`convolve_spikes`).
    """
    packed = {entry.name: entry for entry in plan.packed}
    spikes = plan.spike_buffers
    kernels: list[Kernel] = []
    for kernel in plan.kernels:
        if not isinstance(kernel, OperatorKernel) or kernel.source not in spikes:
            kernels.append(kernel)
            continue
        if kernel.function == "multiply":
            kernels.append(replace(kernel, function="multiply_events"))
            continue
        if kernel.function != "convolve" or kernel.packed is None:
            kernels.append(kernel)
            continue
        tiles = _tiles(kernel, plan) if kernel.reads == "spike" else None
        if tiles is None:
            kernels.append(_in_memory(kernel))
        else:
            kernels.append(_in_registers(kernel, tiles, plan.target))
            packed[kernel.packed] = _tiled(packed[kernel.packed], kernel, tiles)
    return replace(plan, kernels=tuple(kernels), packed=tuple(packed.values()))


def _tiles(kernel: OperatorKernel, plan: Plan) -> EventTiles | None:
    target = replace(plan.target, tables=False)
    return choose_tiles(dict(kernel.constants), REAL_BYTES[plan.precision], target)


def _in_memory(kernel: OperatorKernel) -> OperatorKernel:
    constants = (*kernel.constants, ("kSigned", int(kernel.reads != "spike")))
    return replace(kernel, function="convolve_spikes", constants=constants)


def _in_registers(kernel: OperatorKernel, tiles: EventTiles, target: Target) -> OperatorKernel:
    constants = (
        *(constant for constant in kernel.constants if constant[0] != "kGroups"),
        ("kSumBytes", target.vector_bytes),
        ("kTileSteps", 1),
        *tiles.constants(),
        ("kPatterns", 0),
        ("kSafeAdditions", 0),
    )
    return replace(kernel, function=CONVOLVE_EVENTS, constants=constants)


def _tiled(packed: Packed, kernel: OperatorKernel, tiles: EventTiles) -> Packed:
    """The kernel's weights, laid out in channel tiles and padded to whole ones."""
    filters = dict(kernel.constants)["kChannelsOut"]
    if not isinstance(filters, int):
        raise TypeError(f"kChannelsOut of {kernel.name} is {filters!r}")
    whole = blocks(filters, tiles.channels) * tiles.channels
    layout = KernelLayout(tiles.channels, tiles.rows_together)
    return replace(packed, length=packed.length // filters * whole, layout=layout)
