"""Which channels stand side by side: busy ones, and those that the same inputs drive.

A sum of the weights of several channels serves whenever one of them spikes. It serves best where
they spike together: those with similar weights, of inputs that are active, do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution

LIKENESS = 2.0
"""What equal weights count beside the activity of the busiest channel."""


def group_channels(activity: FloatArray, drives: FloatArray, size: int) -> NDArray[np.intp]:
    """An order of channels, group by group, each begun by the busiest channel that is left.

    Args:
        activity: (channels,), how active each is, at most 1.
        drives: (weights, channels), what drives each, scaled by how active the inputs are.
        size: Channels in a group.
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
        while len(group) < size and free.any():
            alike = likeness[:, group].mean(axis=1)
            group.append(_best(activity + LIKENESS * alike, free))
            free[group] = False
        order += group
    return np.array(order, dtype=np.intp)


def convolved(network: Network) -> frozenset[str]:
    """Populations that a convolution over all channels reads."""
    return frozenset(
        projection.pre
        for projection in network.projections
        for operator in projection.operators
        if isinstance(operator, Convolution) and operator.groups == 1
    )


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
