"""Leave out neurons that rest.

Where no spike reaches a vector of neurons in a tile of steps, one step without input is tried. If
it leaves them silent and as they are, so do all other steps until a spike reaches them. Pictures
have large empty parts.
"""

from __future__ import annotations

from dataclasses import replace

from annconv.neurons.model import NeuronModel
from annconv.plan.arrays import Buffer
from annconv.plan.kernels import (
    Arrival,
    Kernel,
    LayerKernel,
    extents_of,
    number_of,
    pooled_extents,
)
from annconv.plan.layouts import blocks
from annconv.plan.plan import Plan

KNOWING_SOURCES = ("ConvolutionSource", "RowTableSource", "ElementSource")
"""Sources that tell which neurons spikes reach."""
SWITCH = "kSkipsResting"


def skip_resting(plan: Plan) -> Plan:
    """Let the convolutions of layers look for resting neurons, which must not know the time."""
    kernels: list[Kernel] = []
    flags: list[Buffer] = []
    for kernel in plan.kernels:
        if isinstance(kernel, LayerKernel) and _suits(kernel):
            flags.append(Buffer(f"{kernel.name}_resting", "flag", _vectors(kernel, plan.lanes)))
            arrivals = tuple(map(_switched_on, kernel.arrivals))
            kernels.append(replace(kernel, arrivals=arrivals, resting=flags[-1].name))
        else:
            kernels.append(kernel)
    return replace(plan, kernels=tuple(kernels), buffers=(*plan.buffers, *flags))


def _suits(layer: LayerKernel) -> bool:
    return (
        layer.resting is None
        and all(arrival.function in KNOWING_SOURCES for arrival in layer.arrivals)
        and all(_steps_alike(entry.model) for entry in layer.updates)
    )


def _vectors(layer: LayerKernel, lanes: int) -> int:
    """How many vectors of neurons emit spikes."""
    constants = dict(layer.constants)
    block = number_of(constants, "kTileChannels")
    rows, columns = (
        extents_of(constants, "kOut")[1:] if layer.pooling is None else pooled_extents(constants)
    )
    return rows * columns * blocks(layer.emits.channels, block) * block // lanes


def _steps_alike(model: NeuronModel) -> bool:
    """Whether a step depends on nothing but state and input."""
    return "t" not in model.reads() and model.draws == 0


def _switched_on(arrival: Arrival) -> Arrival:
    constants = ((name, 1 if name == SWITCH else value) for name, value in arrival.constants)
    return replace(arrival, constants=tuple(constants))
