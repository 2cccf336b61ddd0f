"""Which channels come to stand side by side."""

from __future__ import annotations

import numpy as np

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network, Population, Projection
from annconv.ir.operators import Convolution, Dense, MaxPool, Reshape
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.channel_groups import convolved, group_channels, grouped_populations
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


def test_groups_that_the_same_inputs_drive() -> None:
    """Looked for in front of pooling; neither the input nor what no convolution reads counts."""
    network = convolved_twice(np.ones((4, 8)))
    assert convolved(network) == {"image", "pool"}
    assert grouped_populations(network) == {"pool"}


APART = np.concatenate([np.eye(4), -np.eye(4)], axis=1)
"""Taps of four channels that share no input, and of four that never spike."""


def test_groups_that_other_inputs_drive() -> None:
    assert grouped_populations(convolved_twice(APART)) == frozenset()


def test_tiles_follow_groups_only_where_tables_are_made() -> None:
    """So weights alone never decide what is compiled, but with this pass."""
    alike, apart = convolved_twice(np.ones((4, 8))), convolved_twice(APART)
    for disable in ((), ("tabulate_patterns",)):
        options = CompileOptions(cache_bytes=32768, vector_bits=256, disable=disable)
        digests = {lower(network, options)[1].digest() for network in (alike, apart)}
        assert len(digests) == (1 if disable else 2)
