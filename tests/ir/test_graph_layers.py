"""What a Graph has beside operators: shapes, text, and what cannot be read."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.joins import Add, Concatenate, Maximum, Minimum, Multiply, Subtract
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution

TRANSPOSED = TransposedConvolution(np.zeros((3, 2, 4, 5)), (2, 1), (1, 2), (1, 0), (7, 4))


@pytest.mark.parametrize("join", [Add(), Multiply(), Maximum(), Minimum()])
@pytest.mark.parametrize(
    ("shapes", "result"),
    [
        ([(3, 4), (3, 4), (3, 4)], (3, 4)),
        ([(1, 4), (3, 1)], (3, 4)),
        ([(4,), (3, 4)], (3, 4)),
        ([(2, 4), (3, 4)], None),
    ],
)
def test_joins_repeat_extents_of_1(join, shapes, result):
    assert join.joined_geometry(shapes) == result


def test_joins_of_their_own_kind():
    assert Subtract().joined_geometry([(3, 1), (4,)]) == (3, 4)
    assert Subtract().joined_geometry([(3,), (3,), (3,)]) is None
    assert Concatenate(-2).joined_geometry([(2, 3, 4), (2, 1, 4)]) == (2, 4, 4)
    for axis, shapes in ((-2, [(3,), (3,)]), (0, [(3,), (3,)]), (-1, [(3, 4), (2, 4)])):
        assert Concatenate(axis).joined_geometry(shapes) is None
    assert Concatenate().joined_geometry([(3, 4), (4,)]) is None


@pytest.mark.parametrize(
    ("layer", "geometry", "result"),
    [
        (Bias(np.float64(1)), (2, 3), (2, 3)),
        (Bias(np.ones(3)), (2, 3), (2, 3)),
        (Bias(np.ones(2)), (2, 3), None),
        (Relu(), (2, 3), (2, 3)),
        (Function("tanh"), (2, 3), (2, 3)),
        (PRelu(np.ones((1, 3))), (2, 3), (2, 3)),
        (PRelu(np.ones(3)), (2, 3), None),
        (PRelu(np.ones((3, 3))), (2, 3), None),
        (Softmax((-2, -1)), (2, 3), (2, 3)),
        (Softmax((-1, -2)), (2, 3), None),
        (Softmax((-3,)), (2, 3), None),
        (Softmax((0,)), (2, 3), None),
        (Softmax(()), (2, 3), None),
        (TRANSPOSED, (4, 2, 5), (7, 4, 4)),
        (TRANSPOSED, (4, 2, 4), None),
        (TRANSPOSED, (4, 5), None),
        (TransposedConvolution(np.zeros((3, 4, 5)), (0,), (1,), (1,), (7,)), (4, 5), None),
        (TransposedConvolution(np.zeros((3, 4, 5)), (1,), (1,), (-1,), (7,)), (4, 5), None),
        (TransposedConvolution(np.zeros((3, 4, 5)), (1, 1), (1,), (1,), (7,)), (4, 5), None),
        (TransposedConvolution(np.zeros((4, 5)), (), (), (), ()), (5,), None),
        (Crop(((1, 0), (0, 2))), (3, 4, 2), (2, 2, 2)),
        (Crop(((1, 2), (0, 2))), (3, 4, 2), None),
        (Crop(((-1, 0),)), (3, 4), None),
        (Crop(((1, 0),)), (3, 4, 2), None),
        (Permute((2, 0, 1)), (3, 4, 2), (2, 3, 4)),
        (Permute((1, 0)), (3, 4, 2), None),
        (Permute((1, 1)), (3, 4), None),
        (Resample((np.ones((3, 2)), np.ones((4, 5)))), (3, 4, 2), (2, 5, 2)),
        (Resample((np.ones((3, 2)),)), (4, 2), None),
        (Resample((np.ones((3, 2)),)), (3, 4, 2), None),
        (Resample((np.ones((3, 0)),)), (3, 2), None),
        (Resample((np.ones(3),)), (3, 2), None),
        (AdaptiveMaxPool((2, 9)), (3, 4, 2), (2, 9, 2)),
        (AdaptiveMaxPool((2, 0)), (3, 4, 2), None),
        (AdaptiveMaxPool((2,)), (3, 4, 2), None),
    ],
)
def test_shapes(layer, geometry, result):
    assert layer.output_geometry(geometry) == result


def test_texts(other_layers):
    words = [str(layer).split("  ")[0] for layer in other_layers]
    assert words == [
        "subtract", "multiply", "maximum", "minimum", "prelu", "elu alpha 0.5",
        "transposed conv 3x2 stride 2x1 cut 1x0 to 7x4", "crop 1,0 0,2", "permute 1,0", "resample",
        "adaptive max pool 2x3",
    ]  # fmt: skip
    assert str(TRANSPOSED).split("  ")[0].endswith(" to 7x4 dilation 1x2")
    assert str(Relu(6.0, 0.5, 0.25)) == "relu max 6.0 slope 0.5 threshold 0.25"
    assert str(Softmax((-3, -1))) == "softmax axes -3,-1"
    assert str(Concatenate(-2)) == "concatenate axis -2"
