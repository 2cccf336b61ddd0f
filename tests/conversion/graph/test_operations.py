"""Operations, counted by hand."""

import numpy as np
import pytest

from annconv.conversion.graph.operations import count_operations, effort, layer_operations
from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.graph import Input, result_shape
from annconv.ir.joins import Add, Concatenate, Maximum, Minimum, Multiply, Subtract
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution
from annconv.ir.operators import (
    Convolution,
    Dense,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
)

SHAPE = (4, 6, 2)
ONE, NO_PAD = (1, 1), ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (Convolution(np.ones((3, 2, 2, 5)), ONE, NO_PAD, ONE), 2 * 5 * 5 * (3 * 2 * 2)),
        (Convolution(np.ones((3, 2, 1, 4)), (2, 2), NO_PAD, ONE, 2), 1 * 3 * 4 * (3 * 2)),
        (TransposedConvolution(np.ones((3, 2, 5, 2)), ONE, ONE, (0, 0), (6, 7)), 48 * 3 * 2 * 5),
        (MeanPool((2, 3), (2, 3), NO_PAD), 2 * 2 * 2 * 6),
        (MaxPool((2, 3), (2, 3), NO_PAD), 2 * 2 * 2 * 6),
        (AdaptiveMaxPool((3, 2)), (2 + 2 + 2) * (3 + 3) * 2),
        (Resample((np.ones((4, 3)), np.ones((6, 5)))), 3 * 4 * 6 * 2 + 3 * 5 * 6 * 2),
        (Scale(np.ones(2)), 48),
        (Bias(np.ones(2)), 48),
        (Relu(), 48),
        (PRelu(np.ones((1, 1, 2))), 48),
        (Function("tanh"), 48),
        (Softmax(), 3 * 48),
        (Reshape((48,)), 0),
        (Permute((2, 1, 0)), 0),
        (Pad(((1, 1), (1, 1))), 0),
        (Crop(((1, 1), (1, 1))), 0),
        (Slice(0, 3), 0),
        (Upsample((2, 2)), 0),
    ],
    ids=str,
)
def test_layers_of_one_input(layer, expected):
    assert layer_operations(layer, [SHAPE], result_shape(layer, [SHAPE])) == expected


def test_dense_and_input():
    assert layer_operations(Dense(np.ones((4, 3))), [(4,)], (3,)) == 12
    assert layer_operations(Input(), [], SHAPE) == 0


@pytest.mark.parametrize("join", [Add(), Multiply(), Maximum(), Minimum()])
def test_joins(join):
    assert layer_operations(join, [SHAPE, SHAPE, (1, 1, 2)], SHAPE) == 2 * 48
    assert layer_operations(Subtract(), [SHAPE, SHAPE], SHAPE) == 48
    assert layer_operations(Concatenate(), [SHAPE, SHAPE], (4, 6, 4)) == 0


def test_a_whole_graph_and_what_lies_behind_its_biases(graph):
    before = graph(
        (3,),
        ("dense", "Dense", Dense(np.ones((3, 2)))),
        ("dense", "Dense", Bias(np.ones(2))),
        ("a", "ReLU", Relu()),
        ("b", "Bias", Bias(np.ones(2)), ("dense/bias",)),
        ("sum", "Add", Add(), ("a", "b")),
    )
    assert count_operations(before) == 6 + 2 + 2 + 2 + 2
    assert effort(before) == (6, 14, 3 + 1)  # a, b, sum; sum
