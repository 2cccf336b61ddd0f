"""What a random network holds, said in words: which structures together show all there is."""

from __future__ import annotations

from collections.abc import Iterator

from random_networks import Structure

from annconv.ir.network import Network
from annconv.ir.operators import Convolution
from annconv.ir.population import Population
from annconv.neurons.library import ENCODINGS, HIDDEN, OUTPUTS
from annconv.neurons.model import OdeSystem
from annconv.readouts.table import READOUTS

LIBRARY = {item.name for table in (ENCODINGS, HIDDEN, OUTPUTS) for item in table.values()}
DRAWN_NEURONS = frozenset(LIBRARY - {"IB-fused"})
"""Neurons of the library; IB-fused is IB in another order."""
KINDS = DRAWN_NEURONS | {f"read-out {name}" for name in READOUTS} | frozenset([
    "Convolution", "Dense", "Increase", "MaxPool", "MeanPool", "Pad", "Reshape", "Scale", "Slice",
    "Upsample", "rank 1", "rank 2", "rank 3", "strides", "dilation", "groups", "delay 0", "delay 1",
    "junction", "two projections onto one population", "sums exact", "sums rounded",
    "transmits mask", "transmits spikes", "transmits v", "transmits w",
    "own encoder", "explicit", "exponential", "implicit", "midpoint", "rk4", "semiimplicit",
    "draws Binomial", "draws DiscreteUniform", "draws Exponential", "draws Gamma",
    "draws LogNormal", "draws Normal", "draws Uniform", "random start", "population-wide",
    "own conductance", "internal _refractory", "internal t_last", "type bool", "type float",
    "type int", "max", "mean", "min", "norm1", "norm2",
])  # fmt: skip
"""All that `draw_structure` can draw."""


def kinds(structure: Structure) -> frozenset[str]:
    """Those of one structure."""
    network = structure.network
    found = {
        f"read-out {network.readout.name}",
        "sums exact" if structure.exact else "sums rounded",
    }
    found.update(_projections(network))
    for population in network.populations:
        found.update(["junction"] if population.neuron is None else _neuron(population))
    return frozenset(found)


def _projections(network: Network) -> Iterator[str]:
    for projection in network.projections:
        yield f"delay {projection.delay}"
        yield f"transmits {projection.transmits}"
        if len(list(network.arriving(projection.post))) > 1:
            yield "two projections onto one population"
        for operator in projection.operators:
            yield type(operator).__name__
            if isinstance(operator, Convolution):
                yield f"rank {len(operator.size)}"
                yield from ["strides"] if max(operator.strides) > 1 else []
                yield from ["dilation"] if max(operator.dilation) > 1 else []
                yield from ["groups"] if operator.groups > 1 else []


def _neuron(population: Population) -> Iterator[str]:
    assert population.neuron is not None
    if population.neuron in [*ENCODINGS.values(), *HIDDEN.values(), *OUTPUTS.values()]:
        yield population.neuron.name
    elif population.role == "input":
        yield "own encoder"
    model = population.model()
    for block in model.update:
        if isinstance(block, OdeSystem):
            yield from (equation.method for equation in block.equations)
    yield from (f"draws {kind}" for kind in model.draw_kinds())
    yield from (call.function for call in model.statistics())
    for variable in model.variables:
        yield f"type {variable.type}"
        yield from [f"internal {variable.name}"] if variable.internal else []
        yield from [] if variable.local else ["population-wide"]
        yield from ["own conductance"] if variable.name == "g_exc" else []
    if any(entry.start is not None for entry in model.parameters):
        yield "random start"
