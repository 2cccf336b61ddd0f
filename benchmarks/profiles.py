"""Time of each kernel."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

from annconv.plan.kernels import LayerKernel, OperatorKernel
from annconv.runtime.compiled import CompiledNetwork


@dataclass(frozen=True, slots=True)
class KernelTime:
    """Seconds of a kernel for all samples.

    Attributes:
        whole: All of it.
        sums: Adding up weights, None where the neurons look sums up while they run.
    """

    whole: float
    sums: float | None = None


def kernel_times(
    compiled: CompiledNetwork, samples: Any, steps: int, repeats: int
) -> dict[str, KernelTime]:
    """Median times of each kernel for all samples.

    Args:
        compiled: The network; runs on one thread.
        samples: (N, values).
        steps: Per sample.
        repeats: Of the run.
    """
    runs = [compiled.profile(samples, steps) for _ in range(repeats)]
    parts = {part: median(run[part] for run in runs) for part in runs[0]}
    return {
        kernel: KernelTime(
            sum(seconds for part, seconds in parts.items() if part.split()[0] == kernel),
            parts.get(f"{kernel} sums"),
        )
        for kernel in dict.fromkeys(part.split()[0] for part in parts)
    }


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
                weights = [arrival.weights for arrival in kernel.arrivals]
            case OperatorKernel():
                weights = [kernel.packed]
            case _:
                continue
        if projection in {owners.get(name or "") for name in weights}:
            return kernel.name
    return None
