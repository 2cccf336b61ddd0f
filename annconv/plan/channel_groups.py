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
from annconv.plan.layouts import GROUP
from annconv.plan.mean_activity import channel_drives, mean_activity, mixes

TOGETHER = 0.06
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
    likeness = _likeness(drives)
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


def groups_together(network: Network) -> frozenset[str]:
    """Populations whose channels stand in groups that spike together, as far as weights tell.

    They do where they are busy and the same inputs drive them.
    """
    activity = mean_activity(network)
    return frozenset(
        entry.name
        for entry in network.populations
        if entry.role != "input" and _coactivity(network, entry.name, activity) >= TOGETHER
    )


def _coactivity(network: Network, name: str, activity: dict[str, FloatArray]) -> float:
    """The mean, over groups, of the likeness of two channels times the activity of a channel."""
    drives = np.concatenate([*_drives(network, name, activity), np.zeros((1, len(activity[name])))])
    whole = drives.shape[1] // GROUP * GROUP
    if whole == 0:
        return 0.0
    groups = np.arange(whole).reshape(-1, GROUP)
    likeness = _likeness(drives)[groups[:, :, None], groups[:, None, :]].sum(axis=(1, 2)) - GROUP
    busy = np.abs(activity[name][:whole]).reshape(-1, GROUP).mean(axis=1)
    return float(np.mean(likeness / (GROUP * (GROUP - 1)) * busy))


def _drives(network: Network, name: str, activity: dict[str, FloatArray]) -> Iterator[FloatArray]:
    """What drives a population's channels, looked for in front of pooling too."""
    for projection in network.arriving(name):
        if mixes(projection):
            yield channel_drives(network, projection, activity)
        else:
            yield from _drives(network, projection.pre, activity)


def _likeness(drives: FloatArray) -> FloatArray:
    """Cosine between the drives of every two channels: (channels, channels)."""
    scaled = drives / max(float(np.abs(drives).max(initial=0.0)), 1e-300)
    lengths = np.linalg.norm(scaled, axis=0)
    directions = scaled / np.where(lengths > 0.0, lengths, 1.0)
    likeness: FloatArray = directions.T @ directions
    return likeness


def _best(score: FloatArray, free: NDArray[np.bool_]) -> int:
    """The channel of the highest score; of nearly equal ones the first."""
    candidates = np.flatnonzero(free)
    scores = score[candidates]
    return int(candidates[np.argmax(scores >= scores.max() - 1e-9)])
