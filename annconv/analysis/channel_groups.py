"""Which channels stand side by side: busy ones, and those that the same inputs drive.

A sum of the weights of four channels serves whenever one of them spikes. It serves best where they
spike together: those with similar weights, of inputs that are active, do.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution
from annconv.plan.layouts import GROUP
from annconv.plan.mean_activity import channel_drives, mean_activity, mixes

LEAST_COACTIVITY = 0.06
"""Likeness times activity from which on four channels share a sum often enough for a table."""
LIKENESS = 2.0
"""What equal weights count beside the activity of the busiest channel."""


def group_channels(activity: FloatArray, drives: FloatArray) -> NDArray[np.intp]:
    """An order of channels, group by group, each begun by the busiest channel that is left.

    Args:
        activity: (channels,), how active each is, at most 1.
        drives: (weights, channels), what drives each, scaled by how active the inputs are.
    Returns:
        (channels,): at each place a channel. Equal channels stay in order.
    """
    directions = _directions(drives)
    likeness = directions.T @ directions
    free = np.ones(len(activity), dtype=bool)
    order: list[int] = []
    while free.any():
        group = [_best(activity, free)]
        free[group] = False
        while len(group) < GROUP and free.any():
            alike = likeness[:, group].mean(axis=1)
            group.append(_best(activity + LIKENESS * alike, free))
            free[group] = False
        order += group
    return np.array(order, dtype=np.intp)


def grouped_populations(network: Network) -> frozenset[str]:
    """Populations read by convolutions whose channels stand in groups that spike together.

    They do, as far as weights tell, where they are busy and the same inputs drive them.
    """
    activity = mean_activity(network)
    return frozenset(
        name
        for name in convolved(network)
        if network[name].role != "input"
        and _coactivity(network, name, activity) >= LEAST_COACTIVITY
    )


def convolved(network: Network) -> frozenset[str]:
    """Populations that a convolution over all channels reads."""
    return frozenset(
        projection.pre
        for projection in network.projections
        for operator in projection.operators
        if isinstance(operator, Convolution) and operator.groups == 1
    )


def _coactivity(network: Network, name: str, activity: dict[str, FloatArray]) -> float:
    """The mean, over groups, of the likeness of two channels times the activity of a channel."""
    drives = np.concatenate([*_drives(network, name, activity), np.zeros((1, len(activity[name])))])
    whole = drives.shape[1] // GROUP * GROUP
    if whole == 0:
        return 0.0
    directions = _directions(drives)[:, :whole].reshape(len(drives), -1, GROUP)
    # The square of a sum of directions: the likeness of every two channels, and of each to itself.
    likeness = np.square(directions.sum(axis=2)).sum(axis=0) - GROUP
    busy = np.abs(activity[name][:whole]).reshape(-1, GROUP).mean(axis=1)
    return float(np.mean(likeness / (GROUP * (GROUP - 1)) * busy))


def _drives(network: Network, name: str, activity: dict[str, FloatArray]) -> Iterator[FloatArray]:
    """What drives a population's channels, looked for in front of pooling too."""
    for projection in network.arriving(name):
        if mixes(projection):
            yield channel_drives(network, projection, activity)
        else:
            yield from _drives(network, projection.pre, activity)


def _directions(drives: FloatArray) -> FloatArray:
    """What drives each channel, of length one; zeros where nothing does."""
    scaled = drives / max(float(np.abs(drives).max(initial=0.0)), 1e-300)
    lengths = np.linalg.norm(scaled, axis=0)
    return np.asarray(scaled / np.where(lengths > 0.0, lengths, 1.0))


def _best(score: FloatArray, free: NDArray[np.bool_]) -> int:
    """The channel of the highest score; of nearly equal ones the first."""
    candidates = np.flatnonzero(free)
    scores = score[candidates]
    return int(candidates[np.argmax(scores >= scores.max() - 1e-9)])
