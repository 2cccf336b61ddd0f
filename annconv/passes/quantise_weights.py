"""Weights of spikes as whole numbers of 16 bits, and a unit behind them.

Sums of whole numbers are exact: whatever the order in which a kernel adds them up, it gets the same
spikes, to the last one. This is what `precision="int16"` means, so it is no option.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from annconv.errors import OptionError
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Operator, Scale
from annconv.ir.projection import Projection
from annconv.ir.signals import Signal, signals_of
from annconv.plan.quantisation import FEWEST_LEVELS, typical_levels, units_of, whole_weights


def quantise_weights(network: Network) -> Network:
    """Let every Convolution and Dense that reads spikes have whole weights, a Scale behind it.

    Raises:
        OptionError: Channels whose typical weight has too few units, all of them listed.
    """
    faults: list[str] = []
    signals = signals_of(network)
    projections = tuple(
        _quantised(entry, signals[entry.name], faults) for entry in network.projections
    )
    if faults:
        raise OptionError(faults)
    return replace(network, projections=projections)


def _quantised(
    projection: Projection, signals: tuple[Signal, ...], faults: list[str]
) -> Projection:
    chain: list[Operator] = []
    for operator, received in zip(projection.operators, signals[:-1], strict=True):
        if received.is_spikes and isinstance(operator, Convolution | Dense) and not operator.whole:
            chain += _whole(operator, projection, faults)
        else:
            chain.append(operator)
    return replace(projection, operators=tuple(chain))


def _whole(
    operator: Convolution | Dense, projection: Projection, faults: list[str]
) -> tuple[Operator, Scale]:
    """The operator with whole weights, and the Scale of their units."""
    weights = operator.kernel if isinstance(operator, Convolution) else operator.weights
    units = units_of(weights)
    levels = typical_levels(weights, units)
    faults.extend(_faults(projection.post, np.asarray(weights), levels))
    whole = whole_weights(weights, units)
    if isinstance(operator, Convolution):
        return replace(operator, kernel=whole), Scale(units)
    return Dense(whole), Scale(units)


def _faults(layer: str, weights: np.ndarray, levels: np.ndarray) -> Iterator[str]:
    """What is said of a layer with channels whose typical weight has too few units."""
    poor = np.flatnonzero(levels < FEWEST_LEVELS)
    if not poor.size:
        return
    worst = int(poor[np.argmin(levels[poor])])
    largest = float(np.abs(weights[..., worst]).max())
    others = f" and {poor.size - 1} more" if poor.size > 1 else ""
    yield (
        f"precision: 'int16' has too few levels for the weights of layer {layer!r}, channel "
        f"{worst}{others}: expected a typical weight of {FEWEST_LEVELS} units or more, received "
        f"{levels[worst]:.2g}, as the largest weight is {largest:.3g}. Instead: "
        "precision='single', or smaller weights on inputs that hardly ever spike."
    )
