"""Activation functions as neurons compute them are those that a Graph computes."""

import numpy as np
import pytest

from annconv.conversion.rate.functions import SLOPE, TEXTS, function_text
from annconv.ir.activations import FUNCTIONS, Function, PRelu, Relu
from annconv.neurons.lone_expressions import parse_expression
from annconv.reference.activations import apply_activation
from annconv.reference.expressions import evaluate

X = np.concatenate([np.linspace(-8, 8, 161), [-700.0, -1e-9, 0.0, 1e-9, 300.0]])
PARAMETERS = {"alpha": 0.7, "threshold": 0.4, "b": 2.5}


def value(layer, **others):
    known = ("x", *others)
    expression = parse_expression(function_text(layer), known, owner="test", part="function")
    return evaluate(expression, {"x": X, **others})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function(name):
    parameters = tuple((entry, PARAMETERS[entry]) for entry in FUNCTIONS[name])
    layer = Function(name, parameters)
    np.testing.assert_allclose(value(layer), apply_activation(layer, X), rtol=1e-12, atol=1e-12)


def test_no_text_is_without_a_function():
    assert TEXTS.keys() == FUNCTIONS.keys()


@pytest.mark.parametrize(
    "layer",
    [
        Relu(), Relu(maximum=1.5), Relu(slope=0.25), Relu(threshold=0.5), Relu(threshold=-0.5),
        Relu(maximum=2.0, slope=-0.5, threshold=1.0),
    ],
    ids=str,
)  # fmt: skip
def test_rectifiers(layer):
    np.testing.assert_array_equal(value(layer), apply_activation(layer, X))


def test_slopes_of_their_own():
    slopes = np.linspace(-1, 1, len(X))
    expected = apply_activation(PRelu(slopes), X[None])[0]
    np.testing.assert_array_equal(value(PRelu(slopes), **{SLOPE: slopes}), expected)
