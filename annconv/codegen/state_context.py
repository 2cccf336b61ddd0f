"""What the template of a network that is stepped by hand sees."""

from __future__ import annotations

from annconv.codegen.network_context import Context, network_context
from annconv.plan.kernels import LayerKernel, OperatorKernel, SharingKernel, UpdateKernel
from annconv.plan.plan import Plan

ELEMENTS = {"real": "kReal", "spike": "kSpike", "count": "kCount"}
NONE = -1


def state_context(plan: Plan) -> Context:
    """Context of `state.cpp`: every kernel and every array by itself."""
    plain: list[UpdateKernel | OperatorKernel] = []
    for kernel in plan.kernels:
        if isinstance(kernel, LayerKernel | SharingKernel):
            raise TypeError(f"{kernel.name} runs tiles of steps: a State is made of plain kernels")
        plain.append(kernel)
    positions = {entry.name: index for index, entry in enumerate(plan.buffers)}
    updates = [kernel for kernel in plain if isinstance(kernel, UpdateKernel)]
    operators = [kernel for kernel in plain if isinstance(kernel, OperatorKernel)]
    return {
        **network_context(plan),
        "buffers": [
            {"name": entry.name, "element": ELEMENTS[entry.type], "length": entry.length}
            for entry in plan.buffers
        ],
        "kernels": [_kernel(kernel, positions) for kernel in plain],
        "spikes": [NONE if kept is None else positions[kept.buffer] for kept in plan.spikes],
        "conductances": [
            {"population": kernel.population, "buffer": positions[buffer]}
            for kernel in updates
            for _, buffer in kernel.conductances
        ],
        "projections": max(kernel.projection for kernel in operators) + 1 if operators else 0,
    }


def _kernel(kernel: UpdateKernel | OperatorKernel, positions: dict[str, int]) -> Context:
    """One row of the table of kernels."""
    if isinstance(kernel, UpdateKernel):
        return {
            "name": kernel.name,
            "population": kernel.population,
            "projection": NONE,
            "target": NONE,
            "replaces": "false",
        }
    return {
        "name": kernel.name,
        "population": NONE,
        "projection": kernel.projection,
        "target": positions[kernel.target],
        "replaces": "false" if kernel.adds else "true",
    }
