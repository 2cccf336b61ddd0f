"""Leave out neurons that rest.

Where no spike reaches a vector of neurons in a tile of steps, one step without input is tried. If
it leaves them silent and as they are, so do all other steps of the tile. Pictures have large
empty parts.
"""

from __future__ import annotations

from dataclasses import replace

from annconv.neurons.model import NeuronModel
from annconv.plan.kernels import Constants, LayerKernel
from annconv.plan.plan import Plan

KNOWING_SOURCES = ("ConvolutionSource", "RowTableSource")
"""Sources that tell which neurons spikes reach."""
SWITCH = "kSkipsResting"


def skip_resting(plan: Plan) -> Plan:
    """Let the convolutions of layers look for resting neurons, which must not know the time."""
    kernels = (
        replace(kernel, constants=_switched_on(kernel.constants))
        if isinstance(kernel, LayerKernel) and _suits(kernel)
        else kernel
        for kernel in plan.kernels
    )
    return replace(plan, kernels=tuple(kernels))


def _suits(layer: LayerKernel) -> bool:
    return layer.arrival.function in KNOWING_SOURCES and all(
        _steps_alike(entry.model) for entry in layer.updates
    )


def _steps_alike(model: NeuronModel) -> bool:
    """Whether a step depends on nothing but state and input."""
    return "t" not in model.reads() and model.draws == 0


def _switched_on(constants: Constants) -> Constants:
    return tuple((name, 1 if name == SWITCH else value) for name, value in constants)
