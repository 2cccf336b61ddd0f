"""Put channels that are busy, and busy together, side by side.

Convolutions add one sum for the spikes of neighbouring channels (`tabulate_patterns`), and fewer
sums where neighbours spike together. Populations joined by pooling keep one order; the weights
before and behind them are permuted with it. Nothing but the order of additions changes, and that
only where sums are exact or may round.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from annconv.analysis.channel_groups import convolved, group_channels
from annconv.analysis.mean_activity import CHANNEL_BY_CHANNEL, channel_drives, mean_activity, mixes
from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Operator, Reshape, Scale
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.plan.layouts import GROUP

Order = NDArray[np.intp]
"""At each place the channel that comes to stand there."""

Chain = tuple[Operator, ...]


def order_channels(network: Network) -> Network:
    """Order the channels that convolutions read: busy ones first, like ones together.

    Populations say which of the given network's channels stand where; networks of one structure
    say it of the same populations.
    """
    activity, read, ordered = mean_activity(network), convolved(network), network
    for joined in _joined(network):
        names = frozenset(entry.name for entry in joined)
        if not names & read or not all(map(_exchangeable, joined)):
            continue
        order = _order(network, joined, activity)
        ordered = _permuted(ordered, names, order) or ordered
    return ordered


def _order(network: Network, joined: list[Population], activity: dict[str, FloatArray]) -> Order:
    """The order of the channels of populations that must keep one."""
    names = {entry.name for entry in joined}
    entering = [
        channel_drives(network, projection, activity)
        for projection in network.projections
        if projection.post in names and mixes(projection)
    ]
    nothing = np.zeros((1, joined[0].geometry[-1]))
    return group_channels(activity[joined[-1].name], np.concatenate([*entering, nothing]), GROUP)


def _joined(network: Network) -> Iterator[list[Population]]:
    """Populations in groups that must keep one order: those with nothing between that mixes."""
    groups = {entry.name: [entry] for entry in network.populations}
    for projection in network.projections:
        first, second = groups[projection.pre], groups[projection.post]
        if not mixes(projection) and first is not second:
            first += second
            groups.update((entry.name, first) for entry in second)
    yield from {id(group): group for group in groups.values()}.values()


def _exchangeable(population: Population) -> bool:
    """Whether a hidden population's neurons differ in nothing but their parameters' values."""
    if population.neuron is None:
        return True
    model = population.model()
    drawn = any(entry.start is not None and entry.local for entry in model.parameters)
    return population.role == "hidden" and not (model.draws or model.statistics() or drawn)


def _permuted(network: Network, names: frozenset[str], order: Order) -> Network | None:
    """The network with these populations in another order, None where weights do not allow it."""
    projections: list[Projection] = []
    for projection in network.projections:
        chain = _permuted_chain(network, projection, names, order)
        if chain is None:
            return None
        projections.append(replace(projection, operators=chain))
    populations = tuple(
        _in_order(entry, order) if entry.name in names else entry for entry in network.populations
    )
    return replace(network, populations=populations, projections=tuple(projections))


def _permuted_chain(
    network: Network, projection: Projection, names: frozenset[str], order: Order
) -> Chain | None:
    """The operators of a projection where these populations have another order."""
    chain = projection.operators
    if not mixes(projection):
        inside = projection.pre in names
        return tuple(_channelwise(entry, order) if inside else entry for entry in chain)
    read: Chain | None = chain
    if projection.pre in names:
        if _is_whole(network) and not any(map(_has_whole_weights, chain)):
            return None
        read = _reading(chain, network[projection.pre].geometry, order)
    if projection.post in names and read is not None:
        return _writing(read, order)
    return read


def _is_whole(network: Network) -> bool:
    """Whether sums are exact, so that no sum of real values may be added up in another order."""
    return any(_has_whole_weights(item) for p in network.projections for item in p.operators)


def _has_whole_weights(operator: Operator) -> bool:
    return isinstance(operator, Convolution | Dense) and operator.whole


def _in_order(population: Population, order: Order) -> Population:
    values = {name: _last_axis(value, order) for name, value in population.parameters.items()}
    own = population.channels or range(len(order))
    return replace(population, parameters=values, channels=tuple(own[place] for place in order))


def _last_axis(values: FloatArray, order: Order) -> FloatArray:
    """Values that broadcast onto channels, in the new order."""
    return values[..., order] if values.ndim and values.shape[-1] > 1 else values


def _channelwise(operator: Operator, order: Order) -> Operator:
    if isinstance(operator, Scale):
        return Scale(_last_axis(operator.factors, order))
    return operator


def _reading(chain: Chain, geometry: Geometry, order: Order) -> Chain | None:
    """A chain that receives its channels in the new order and delivers what it did before."""
    front: list[Operator] = []
    for place, operator in enumerate(chain):
        behind = chain[place + 1 :]
        if isinstance(operator, Convolution) and operator.groups == 1:
            kernel = operator.kernel[..., order, :]
            return (*front, replace(operator, kernel=kernel), *behind)
        if isinstance(operator, Dense):
            return (*front, Dense(operator.weights[order]), *behind)
        if isinstance(operator, Reshape) and behind and isinstance(behind[0], Dense):
            rows = np.arange(len(behind[0].weights)).reshape(geometry)[..., order].reshape(-1)
            return (*front, operator, Dense(behind[0].weights[rows]), *behind[1:])
        received = operator.output_geometry(geometry)
        if received is None or not isinstance(operator, CHANNEL_BY_CHANNEL):
            return None
        front.append(_channelwise(operator, order))
        geometry = received
    return None


def _writing(chain: Chain, order: Order) -> Chain | None:
    """A chain that delivers the same channels in the new order."""
    back: list[Operator] = []
    for place in reversed(range(len(chain))):
        operator, before = chain[place], chain[:place]
        if isinstance(operator, Convolution) and operator.groups == 1:
            kernel = operator.kernel[..., order]
            return (*before, replace(operator, kernel=kernel), *back)
        if isinstance(operator, Dense):
            return (*before, Dense(operator.weights[:, order]), *back)
        if not isinstance(operator, CHANNEL_BY_CHANNEL):
            return None
        back.insert(0, _channelwise(operator, order))
    return None
