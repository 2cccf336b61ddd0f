"""Which channels come to stand side by side."""

from __future__ import annotations

import numpy as np

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network, Population, Projection
from annconv.ir.operators import Convolution, Dense, MaxPool, Reshape
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.plan.channel_groups import group_channels, groups_together
from annconv.readouts import READOUTS


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


def two_convolutions(first: FloatArray) -> Network:
    """An image, eight channels behind these taps, pooling, and a read-out of them."""
    kernel = first.reshape(2, 2, 1, 8)
    return Network(
        "together",
        (
            Population("image", (4, 4, 1), ENCODINGS["IB"], {}, "input"),
            Population("conv", (3, 3, 8), HIDDEN["IaF"]),
            Population("pool", (1, 1, 8), HIDDEN["IaF"]),
            Population("classes", (3,), HIDDEN["IaF"], {}, "output"),
        ),
        (
            Projection(
                "a", "image", "conv", (Convolution(kernel, (1, 1), ((0, 0), (0, 0)), (1, 1)),)
            ),
            Projection("b", "conv", "pool", (MaxPool((3, 3), (3, 3), ((0, 0), (0, 0))),), "mask"),
            Projection("c", "pool", "classes", (Reshape((8,)), Dense(np.ones((8, 3))))),
        ),
        READOUTS["spike_count"],
    )


def test_groups_that_the_same_inputs_drive() -> None:
    """Also in front of pooling; not the input, and nothing that fewer than four channels make."""
    assert groups_together(two_convolutions(np.ones((4, 8)))) == {"conv", "pool"}


def test_groups_that_other_inputs_drive() -> None:
    assert groups_together(two_convolutions(np.tile(np.eye(4), 2))) == frozenset()
