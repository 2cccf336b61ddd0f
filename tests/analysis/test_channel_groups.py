"""Which channels come to stand side by side."""

from __future__ import annotations

import numpy as np

from annconv.analysis.channel_groups import convolved, group_channels
from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, Reshape
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.readouts import READOUTS


def test_busy_channels_first() -> None:
    activity = np.array([0.1, 0.9, 0.5, 1.0, 0.0])
    assert group_channels(activity, np.ones((1, 5)), 4).tolist() == [3, 1, 2, 0, 4]


def test_like_channels_together() -> None:
    """Two directions: the busiest channel's own kind goes before busier ones of the other."""
    drives = np.eye(2)[:, [0, 1, 0, 1, 0, 1, 0, 1]]
    activity = np.array([1.0, 0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6])
    assert group_channels(activity, drives, 4).tolist() == [0, 6, 4, 2, 1, 3, 5, 7]


def test_opposite_channels_apart() -> None:
    drives = np.array([[1.0, -1.0, 1.0, 1.0, 1.0, -1.0]])
    assert group_channels(np.full(6, 0.5), drives, 4).tolist() == [0, 2, 3, 4, 1, 5]


def test_nothing_known_changes_nothing() -> None:
    assert group_channels(np.zeros(9), np.zeros((4, 9)), 4).tolist() == list(range(9))


def test_weights_beyond_all_measure() -> None:
    drives = np.array([[1e300, 1e300, 1.0, 1e-300]])
    assert sorted(group_channels(np.ones(4), drives, 4).tolist()) == [0, 1, 2, 3]


def convolved_twice(first: FloatArray) -> Network:
    """An image, eight channels behind these taps, pooling, and a convolution that reads them."""
    second = np.ones((1, 1, 8, 4))
    return Network(
        "convolved twice",
        (
            Population("image", (5, 5, 1), ENCODINGS["IB"], {}, "input"),
            Population("conv", (4, 4, 8), HIDDEN["IaF"]),
            Population("pool", (2, 2, 8), HIDDEN["IaF"]),
            Population("second", (2, 2, 4), HIDDEN["IaF"]),
            Population("classes", (3,), HIDDEN["IaF"], {}, "output"),
        ),
        (
            Projection("a", "image", "conv", (valid(first.reshape(2, 2, 1, 8)),)),
            Projection("b", "conv", "pool", (MaxPool((2, 2), (2, 2), ((0, 0), (0, 0))),), "mask"),
            Projection("c", "pool", "second", (valid(second),)),
            Projection("d", "second", "classes", (Reshape((16,)), Dense(np.ones((16, 3))))),
        ),
        READOUTS["spike_count"],
    )


def valid(kernel: FloatArray) -> Convolution:
    return Convolution(kernel, (1, 1), ((0, 0), (0, 0)), (1, 1))


def test_the_input_counts_and_what_a_dense_layer_reads_does_not() -> None:
    assert convolved(convolved_twice(np.ones((4, 8)))) == {"image", "pool"}


def test_the_size_of_groups() -> None:
    """Of the same two kinds: groups of two take turns as soon as their busiest is left."""
    drives = np.eye(2)[:, [0, 1, 0, 1, 0, 1]]
    activity = np.array([1.0, 0.9, 0.1, 0.8, 0.2, 0.7])
    assert group_channels(activity, drives, 2).tolist() == [0, 4, 1, 3, 5, 2]
