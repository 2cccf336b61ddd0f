"""What a spike is worth: one number for each channel, from the values that calibration has seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from annconv.conversion.calibration.activations import Activations
from annconv.ir.arrays import FloatArray

CANDIDATES = 95
"""Thresholds that are tried, from a channel's reach down by a hundredth of it each."""
PERCENTILE = 99.9
"""Per cent of a channel's values that are not above its threshold, in thresholds="percentile"."""

Rule = Callable[[Activations, int], FloatArray]
"""Thresholds of the channels, for as many levels; 0 where a channel is silent."""


def maximum(activations: Activations, levels: int) -> FloatArray:
    """The largest absolute value of each channel."""
    return activations.reach


def percentile(activations: Activations, levels: int) -> FloatArray:
    """The absolute value that PERCENTILE of each channel's values do not exceed.

    Source: Rueckauer et al., "Conversion of continuous-valued deep networks to efficient
    event-driven networks", Frontiers in Neuroscience 11, 2017.
    """
    sizes = np.abs(activations.centres())
    order = np.argsort(sizes, axis=1)
    counts = np.cumsum(np.take_along_axis(activations.counts, order, axis=1), axis=1)
    place = (counts >= counts[:, -1:] * (PERCENTILE / 100.0)).argmax(axis=1)
    found = np.take_along_axis(sizes, order, axis=1)[np.arange(len(place)), place]
    return np.asarray(np.minimum(found, activations.reach))


def least_squares(activations: Activations, levels: int) -> FloatArray:
    """The threshold with the smallest sum of squared differences between values and levels.

    Values are rounded to the nearest of `levels` multiples of theta / levels, of either sign where
    a channel has values below 0, and cut where they exceed theta. Source: Li et al., "A free lunch
    from ANN: towards efficient, accurate spiking neural networks calibration", ICML 2021, with
    rounding in place of flooring.
    """
    reach = activations.reach
    values = activations.centres() / np.where(reach > 0, reach, 1.0)[:, None]
    best, smallest = np.ones(len(reach)), np.full(len(reach), np.inf)
    lowest = np.where(activations.low < 0, -levels, 0)[:, None]
    for step in range(CANDIDATES):
        part = 1.0 - 0.01 * step
        level = np.clip(np.floor(values * (levels / part) + 0.5), lowest, levels)
        error = (activations.counts * (values - level * (part / levels)) ** 2).sum(axis=1)
        best = np.where(error < smallest, part, best)
        smallest = np.minimum(error, smallest)
    return reach * best


RULES: Mapping[str, Rule] = MappingProxyType(
    {"least_squares": least_squares, "maximum": maximum, "percentile": percentile}
)
"""Every way to choose thresholds, by its name."""


def thresholds(activations: Activations, levels: int, rule: Rule) -> FloatArray:
    """The thresholds of a population.

    Where a channel has one value a sample, what some hundred samples show is no bound of others:
    all channels are taken together there, and have one threshold. A channel that was silent takes
    the largest of the others, and a population that was silent 1.

    Args:
        activations: Of the node that it stands for.
        levels: Counts that tell values of one sign apart.
        rule: How they are chosen.
    Returns:
        (channels,) float64 above 0.
    """
    channels = len(activations.low)
    found = rule(activations.together() if activations.positions == 1 else activations, levels)
    largest = float(found.max(initial=0.0)) or 1.0
    return np.broadcast_to(np.where(found > 0, found, largest), (channels,))
