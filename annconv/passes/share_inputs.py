"""Simulate inputs of equal rate once.

An encoding without random numbers is a function of the rate, and rates of a sample are few:
pictures have at most 256 grey values. Before a full matrix, the rows of weights of equal inputs are
added up once a sample, so that one event stands for all of them.
"""

from __future__ import annotations

from dataclasses import replace

from annconv.plan.kernels import LayerKernel, OperatorKernel, SharingKernel
from annconv.plan.plan import Plan, without_spikes

FEWEST_INPUTS = 64
"""Inputs from which on it pays."""
MOST_INPUTS = 2**16 - 2
"""Inputs are numbered with 16 bits."""


def share_inputs(plan: Plan) -> Plan:
    """Share the input's neurons where all that reads them is one full matrix in a layer.

    A layer's input neurons draw no random numbers and differ in their rates alone.
    """
    encoding = next((kernel for kernel in plan.kernels if _encodes(kernel)), None)
    if not isinstance(encoding, LayerKernel) or plan.target.whole:
        return plan
    update = encoding.update
    if update.model.unspike is not None:  # rows are added up for spikes without a sign
        return plan
    readers = [kernel for kernel in plan.kernels if _reads(kernel, update.spikes)]
    if len(readers) != 1 or not isinstance(readers[0], LayerKernel):
        return plan
    layer, shape = readers[0], dict(readers[0].constants)
    arrival = layer.arrivals[0]
    block, outputs = shape["kTileChannels"], shape["kChannelsOut"]
    if [entry.function for entry in layer.arrivals] != ["DenseSource"] or not _are_numbered(
        update.neurons
    ):
        return plan
    if shape["kSafeAdditions"]:  # a row of many inputs does not fit 16 bits
        return plan
    if not isinstance(block, int) or not isinstance(outputs, int) or not arrival.weights:
        raise TypeError(f"constants of {layer.name}: {shape}")
    sharing = SharingKernel(
        name="share_inputs",
        population=encoding.population,
        encoding=encoding.name,
        layer=layer.name,
        inputs=update.neurons,
        blocks=-(-outputs // block),
        block=block,
        weights=arrival.weights,
    )
    return without_spikes(replace(plan, kernels=(sharing, *plan.kernels)), update.spikes)


def _are_numbered(inputs: int) -> bool:
    """Whether inputs are enough for sharing to pay, and few enough for their numbers."""
    return FEWEST_INPUTS <= inputs <= MOST_INPUTS


def _encodes(kernel: object) -> bool:
    return isinstance(kernel, LayerKernel) and kernel.reads_rates


def _reads(kernel: object, spikes: str) -> bool:
    if isinstance(kernel, LayerKernel):
        return spikes in {arrival.spikes for arrival in kernel.arrivals}
    return isinstance(kernel, OperatorKernel) and kernel.source == spikes
