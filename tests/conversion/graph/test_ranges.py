"""Bounds of values: stated by hand, and kept by random Graphs."""

import math

import numpy as np
import pytest
from random_graphs import random_graph
from rewrite_checks import samples_of

from annconv.conversion.graph.ranges import UNKNOWN, Range, value_ranges, windows_hold_cells
from annconv.ir.activations import Bias, Function, Relu, Softmax
from annconv.ir.joins import Add, Concatenate, Maximum, Minimum, Multiply, Subtract
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute
from annconv.ir.operators import MaxPool, MeanPool, Pad, Reshape, Scale, Slice, Upsample
from annconv.reference.graph import run_graph

POSITIVE = Range(0.0, math.inf)
NO_PAD = ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Relu(), POSITIVE),
        (Relu(maximum=6.0), Range(0.0, 6.0)),
        (Relu(threshold=1.0), POSITIVE),
        (Relu(slope=0.1), UNKNOWN),
        (Relu(threshold=-1.0), UNKNOWN),
        (Relu(maximum=-1.0), UNKNOWN),
        (Softmax(), Range(0.0, 1.0)),
        (Function("tanh"), Range(-1.0, 1.0)),
        (Function("gelu"), UNKNOWN),
        (Bias(np.float64(1)), UNKNOWN),
    ],
    ids=str,
)
def test_activations(chain, layer, expected):
    assert value_ranges(chain((2, 2, 2), layer))["l1"] == expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Reshape((4, 2)), Range(0.0, 6.0)),
        (Permute((2, 1, 0)), Range(0.0, 6.0)),
        (Crop(((1, 0), (0, 0))), Range(0.0, 6.0)),
        (Upsample((2, 2)), Range(0.0, 6.0)),
        (AdaptiveMaxPool((1, 1)), Range(0.0, 6.0)),
        (MaxPool((2, 2), (1, 1), NO_PAD), Range(0.0, 6.0)),
        (MaxPool((1, 1), (1, 1), ((1, 0), (0, 0))), UNKNOWN),
        (MeanPool((2, 2), (1, 1), NO_PAD), POSITIVE),  # a mean may be rounded up
        (Scale(np.array([0.0, 2.0])), POSITIVE),
        (Scale(np.array([1.0, -2.0])), UNKNOWN),
        (Bias(np.array([0.0, 2.0])), POSITIVE),
        (Bias(np.array([0.0, -2.0])), UNKNOWN),
    ],
    ids=str,
)
def test_what_reads_values_from_0_to_6(chain, layer, expected):
    assert value_ranges(chain((2, 2, 2), Relu(maximum=6.0), layer))["l2"] == expected


def test_zeros_are_values_too(chain):
    above = (Relu(), Bias(np.float64(1)), Function("tanh"))
    for layer in (Pad(((1, 0), (0, 0))), Slice(0, 3)):
        assert value_ranges(chain((2, 2, 2), *above, layer))["l4"] == Range(-1.0, 1.0)


@pytest.mark.parametrize(
    ("join", "expected"),
    [
        (Add(), UNKNOWN),
        (Maximum(), Range(0.0, 6.0)),
        (Minimum(), Range(-1.0, 1.0)),
        (Concatenate(), Range(-1.0, 6.0)),
        (Multiply(), UNKNOWN),
    ],
)
def test_joins(graph, join, expected):
    def joined(layer, first, second):
        names = ("a", "Activation", first), ("b", "Activation", second, ("input",))
        return value_ranges(graph((3,), *names, ("join", "Join", layer, ("a", "b"))))["join"]

    assert joined(join, Relu(maximum=6.0), Function("tanh")) == expected
    if isinstance(join, Add | Multiply):
        assert joined(join, Relu(maximum=6.0), Softmax()) == POSITIVE
    assert joined(Subtract(), Relu(), Relu()) == UNKNOWN


@pytest.mark.parametrize(
    ("size", "stride", "padding", "holds"),
    [
        (3, 1, (2, 2), True),
        (3, 1, (3, 0), False),
        (3, 1, (0, 3), False),
        (3, 4, (0, 3), True),  # the last window begins on the map
        (2, 2, (2, 0), False),
    ],
)
def test_windows_over_padding_alone(size, stride, padding, holds):
    for kind in (MaxPool, MeanPool):
        pool = kind((1, size), (1, stride), ((0, 0), padding))
        assert windows_hold_cells(pool, (2, 6, 1)) == holds
    assert not windows_hold_cells(MaxPool((9,), (1,), ((0, 0),)), (6, 1))  # it does not fit


def test_values_of_random_graphs_keep_them():
    for seed in range(40):
        graph = random_graph(seed)
        values = run_graph(graph, samples_of(graph))
        for name, (low, high) in value_ranges(graph).items():
            assert values[name].min() >= low
            assert values[name].max() <= high
