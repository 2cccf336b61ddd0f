"""Time of each kernel, where annconv measures it."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any

from annconv.plan.kernels import LayerKernel, OperatorKernel
from annconv.runtime.compiled import CompiledNetwork


def kernel_seconds(
    compiled: CompiledNetwork, samples: Any, steps: int, repeats: int
) -> dict[str, float] | None:
    """Median seconds of each kernel for all samples; None where annconv cannot measure them.

    Args:
        compiled: On one thread.
        samples: (N, values).
        steps: Per sample.
        repeats: Of the run.
    """
    profile = getattr(compiled, "profile", None)
    if profile is None:
        return None
    runs: list[Mapping[str, float]] = [profile(samples, steps) for _ in range(repeats)]
    return {name: median(run[name] for run in runs) for name in runs[0]}


def kernel_of(compiled: CompiledNetwork, projection: str) -> str | None:
    """Name of the kernel that applies a projection's weights; None if no kernel reads them."""
    owners = {
        entry.name: entry.source.owner
        for entry in compiled.plan.packed
        if entry.source.kind == "operator"
    }
    for kernel in compiled.plan.kernels:
        match kernel:
            case LayerKernel():
                weights = kernel.arrival.weights
            case OperatorKernel():
                weights = kernel.packed
            case _:
                continue
        if owners.get(weights or "") == projection:
            return kernel.name
    return None
