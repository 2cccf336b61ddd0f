"""Which channels come to stand side by side."""

from __future__ import annotations

import numpy as np

from annconv.passes.channel_groups import group_channels


def test_busy_channels_first() -> None:
    activity = np.array([0.1, 0.9, 0.5, 1.0, 0.0])
    assert group_channels(activity, np.ones((1, 5))).tolist() == [3, 1, 2, 0, 4]


def test_like_channels_together() -> None:
    """Two directions: the busiest channel's own kind goes before busier ones of the other."""
    drives = np.eye(2)[:, [0, 1, 0, 1, 0, 1, 0, 1]]
    activity = np.array([1.0, 0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6])
    assert group_channels(activity, drives).tolist() == [0, 6, 4, 2, 1, 3, 5, 7]


def test_opposite_channels_apart() -> None:
    drives = np.array([[1.0, -1.0, 1.0, 1.0, 1.0, -1.0]])
    assert group_channels(np.full(6, 0.5), drives).tolist() == [0, 2, 3, 4, 1, 5]


def test_nothing_known_changes_nothing() -> None:
    assert group_channels(np.zeros(9), np.zeros((4, 9))).tolist() == list(range(9))


def test_weights_beyond_all_measure() -> None:
    drives = np.array([[1e300, 1e300, 1.0, 1e-300]])
    assert sorted(group_channels(np.ones(4), drives).tolist()) == [0, 1, 2, 3]
