"""Which channels stand side by side: busy ones, and those that the same inputs drive.

A sum of the weights of four channels serves whenever one of them spikes. It serves best where they
spike together: those with similar weights, of inputs that are active, do.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annconv.ir.arrays import FloatArray
from annconv.plan.layouts import GROUP

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
    scaled = drives / max(float(np.abs(drives).max(initial=0.0)), 1e-300)
    lengths = np.linalg.norm(scaled, axis=0)
    directions = scaled / np.where(lengths > 0.0, lengths, 1.0)
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


def _best(score: FloatArray, free: NDArray[np.bool_]) -> int:
    """The channel of the highest score; of nearly equal ones the first."""
    candidates = np.flatnonzero(free)
    scores = score[candidates]
    return int(candidates[np.argmax(scores >= scores.max() - 1e-9)])
