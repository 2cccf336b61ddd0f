"""How a layer's state and parameters lie in memory: blocks of channels, padded to whole vectors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from annconv.plan.arrays import Buffer, Packed
from annconv.plan.kernels import (
    BoundVariable,
    LayerKernel,
    extents_of,
    number_of,
    pooled_extents,
)
from annconv.plan.layouts import ChannelLayout, NeuronLayout, blocks
from annconv.plan.plan import Plan, references


def laid_out(plan: Plan, layer: LayerKernel) -> Plan:
    """The plan with the buffers and packed arrays of a layer in the order that it reads."""
    layouts = tuple(_layouts(layer))
    lengths: dict[str, int] = {}
    packed = {entry.name: entry for entry in plan.packed}
    updates = []
    for update, layout in zip(layer.updates, layouts, strict=True):
        for parameter in update.parameters:
            if parameter.broadcast == "channel":
                packed[parameter.packed] = _by_channel(packed[parameter.packed], layout)
            elif parameter.broadcast == "each":
                packed[parameter.packed] = _by_neuron(packed[parameter.packed], layout)
        for variable in update.variables:
            lengths[variable.buffer] = layout.length()
            if variable.initial is not None and variable.broadcast != "one":
                packed[variable.initial] = _by_neuron(packed[variable.initial], layout)
        updates.append(replace(update, variables=tuple(map(_spread, update.variables))))
    for arrival in layer.arrivals:
        factors = arrival.factors
        if factors is not None and packed[factors].length > 1:
            packed[factors] = _by_channel(packed[factors], layouts[0])
        if arrival.trace is not None:
            lengths[arrival.trace] = layouts[0].length()
    changed = replace(
        layer, update=updates[0], pooling=updates[1] if layer.pooling is not None else None
    )
    plan = replace(
        plan,
        kernels=tuple(changed if kernel is layer else kernel for kernel in plan.kernels),
        packed=tuple(packed.values()),
        buffers=tuple(
            replace(entry, length=lengths[entry.name], slots=1) if entry.name in lengths else entry
            for entry in plan.buffers
        ),
    )
    return replace(plan, buffers=_used(plan))


def _layouts(layer: LayerKernel) -> Iterator[NeuronLayout]:
    """How the neurons of each of the layer's populations lie."""
    constants = dict(layer.constants)
    block = number_of(constants, "kTileChannels")
    _, rows, columns = extents_of(constants, "kOut")
    if layer.reads_rates:
        yield NeuronLayout(block, (layer.update.neurons,), rows, columns)
        return
    yield NeuronLayout(block, layer.update.geometry, rows, columns)
    if layer.pooling is not None:
        yield NeuronLayout(block, layer.pooling.geometry, *pooled_extents(constants))


def _by_channel(packed: Packed, layout: NeuronLayout) -> Packed:
    channels = ChannelLayout(layout.block)
    length = blocks(layout.geometry[-1], layout.block) * layout.block
    return replace(packed, length=length, layout=channels)


def _by_neuron(packed: Packed, layout: NeuronLayout) -> Packed:
    return replace(packed, length=layout.length(), layout=layout)


def _spread(variable: BoundVariable) -> BoundVariable:
    """A variable whose initial values, where they differ, are packed for each neuron."""
    return variable if variable.broadcast == "one" else replace(variable, broadcast="each")


def _used(plan: Plan) -> tuple[Buffer, ...]:
    """The buffers that a kernel or the read-out still refers to."""
    used = {name for _, kind, name in references(plan) if kind == "buffer"}
    return tuple(entry for entry in plan.buffers if entry.name in used)
