"""Let each population run a tile of steps before the next population starts."""

from __future__ import annotations

from dataclasses import replace

from annconv.plan.kernels import Kernel, OperatorKernel, UpdateKernel
from annconv.plan.plan import Plan

STOPPING_TILE = 8
"""Where a read-out may end a sample within a tile, the rest of the tile is for nothing."""
PLANAR_TILE = 32
"""Convolutions: sums of a block for all steps of a tile have to stay near the processor."""
FLAT_TILE = 64


def tile_steps(plan: Plan) -> Plan:
    """Order kernels by population; what one leaves for another is kept for every step of a tile.

    A network is feed-forward, so a population's steps depend on nothing that later ones do.
    """
    tile = _tile(plan) if plan.target.tile is None else plan.target.tile
    if plan.tile > 1 or tile == 1 or not _can_be_tiled(plan):
        return plan
    shared = shared_buffers(plan)
    return replace(
        plan,
        kernels=tuple(sorted(plan.kernels, key=lambda kernel: kernel.population)),
        buffers=tuple(
            replace(entry, slots=1 + tile) if entry.name in shared else entry
            for entry in plan.buffers
        ),
        tile=tile,
    )


def _tile(plan: Plan) -> int:
    """Steps of a tile: few where samples end early, more the less memory a step takes."""
    if plan.readout.stop is not None:
        return STOPPING_TILE
    planar = any(
        isinstance(kernel, OperatorKernel) and kernel.function == "convolve"
        for kernel in plan.kernels
    )
    return PLANAR_TILE if planar else FLAT_TILE


def shared_buffers(plan: Plan) -> set[str]:
    """Buffers that one population writes and another reads, and all spikes.

    A junction onto which nothing arrives is written by none and stays zero.
    """
    writers = {name: kernel.population for kernel in plan.kernels for name in _written(kernel)}
    crossing = {
        kernel.source
        for kernel in plan.kernels
        if isinstance(kernel, OperatorKernel)
        and writers.get(kernel.source, kernel.population) != kernel.population
    }
    return crossing | {kept.buffer for kept in plan.spikes if kept is not None}


def _written(kernel: Kernel) -> tuple[str, ...]:
    if isinstance(kernel, OperatorKernel):
        return (kernel.target,)
    if isinstance(kernel, UpdateKernel):
        return (kernel.spikes, *(entry.buffer for entry in kernel.variables))
    raise TypeError(f"{kernel.name}: a plan without tiles holds no layers")


def _can_be_tiled(plan: Plan) -> bool:
    """Whether no variable that the read-out observes is needed for every step of a tile."""
    observed = {buffer for _, buffer in plan.readout.variables}
    return not observed & shared_buffers(plan)
