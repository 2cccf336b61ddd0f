"""Lead what arrives at a junction straight to its one reader.

The values of a junction are sums. Projections that pass it by bring the spikes themselves, which
layers follow one by one. What several inputs of a Concatenate deliver are then several projections,
each with its part of the reader's kernel.
"""

from __future__ import annotations

from dataclasses import replace

from annconv.ir.arrays import Geometry
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Operator, Scale, Slice
from annconv.ir.projection import Projection
from annconv.ir.signals import CARRIED, signals_of

Chain = tuple[Operator, ...]


def dissolve_junctions(network: Network) -> Network:
    """Join the projections onto every junction that has one reader with that reader's.

    Where the reader has weights, that takes fewer additions only if what it reads are spikes: all
    projections onto the junction have to bring some, each to weights of its own. A junction passed
    by stays, and nothing arrives at it.
    """
    for population in network.populations:
        if population.neuron is None:
            network = _dissolved(network, population.name)
    return network


def _dissolved(network: Network, junction: str) -> Network:
    """The network without a junction, where it allows that."""
    arriving = network.arriving(junction)
    readers = [entry for entry in network.projections if entry.pre == junction]
    if len(readers) != 1 or not arriving or junction == network.output.name:
        return network
    (reader,) = readers
    linear = all(operator.linear for operator in reader.operators)
    if not linear or any(entry.trace_decay is not None for entry in arriving):
        return network
    if any(map(_adds_up, reader.operators)) and not _bring_spikes(network, arriving):
        return network
    joined = {entry.name: _joined(entry, reader, network[entry.pre].geometry) for entry in arriving}
    if any(map(_places_before_it_adds, joined.values())):
        return network
    return replace(
        network,
        projections=tuple(
            joined.get(entry.name, entry) for entry in network.projections if entry is not reader
        ),
    )


def _joined(entry: Projection, reader: Projection, geometry: Geometry) -> Projection:
    """What a projection onto a junction and the junction's reader do, one after the other."""
    return replace(
        entry,
        post=reader.post,
        operators=_composed((*entry.operators, *reader.operators), geometry),
        target=reader.target,
        trace_decay=reader.trace_decay,
    )


def _composed(chain: Chain, geometry: Geometry) -> Chain:
    """The chain without a Slice in front of a Convolution: it reads its own channels alone."""
    for place, operator in enumerate(chain):
        reader = chain[place + 1] if place + 1 < len(chain) else None
        if isinstance(operator, Slice) and isinstance(reader, Convolution) and reader.groups == 1:
            channels = slice(operator.start, operator.start + geometry[-1])
            read = replace(reader, kernel=reader.kernel[..., channels, :])
            return (*chain[:place], read, *chain[place + 2 :])
        geometry = operator.output_geometry(geometry) or ()
    return chain


def _adds_up(operator: Operator) -> bool:
    """Whether an operator adds up weights."""
    return isinstance(operator, Convolution | Dense)


def _places_before_it_adds(projection: Projection) -> bool:
    """Whether weights meet channels among zeros: each projection would add up all of them."""
    kinds = [type(operator) for operator in projection.operators]
    return Slice in kinds and any(map(_adds_up, projection.operators[kinds.index(Slice) :]))


def _bring_spikes(network: Network, arriving: tuple[Projection, ...]) -> bool:
    """Whether projections deliver spikes, moved or scaled at most."""
    signals = signals_of(network)
    return all(
        signals[entry.name][0].is_spikes
        and all(isinstance(operator, (*CARRIED, Scale)) for operator in entry.operators)
        for entry in arriving
    )
