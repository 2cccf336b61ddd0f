"""Activation functions of a Graph, number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annconv.ir.activations import FUNCTIONS, Bias, Function, PRelu, Relu, Softmax
from annconv.reference.activations import COMPUTED, apply_activation

NUMBERS = (-30.0, -3.5, -1.0, -0.75, -0.5, -1e-3, 0.0, 1e-9, 0.3, 0.5, 0.99, 1.0, 2.5, 7.0, 40.0)


def sigmoid(x):
    return 1 / (1 + math.exp(-x)) if x > 0 else math.exp(x) / (1 + math.exp(x))


def normal(x):
    """Distribution function of the normal distribution, by its series or its tail."""
    if x > 6:
        return 1 - normal(-x)
    if x < -6:
        tail = sum((-1) ** k * math.prod(range(1, 2 * k, 2)) / x ** (2 * k) for k in range(8))
        return math.exp(-x * x / 2) / (-x * math.sqrt(2 * math.pi)) * tail
    term = total = x
    for k in range(1, 400):
        term *= x * x / (2 * k + 1)
        total += term
    return 0.5 + total * math.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def clipped(x, low=0.0, high=1.0):
    return min(max(x, low), high)


BY_HAND = {
    "celu": lambda x, alpha: x if x > 0 else alpha * math.expm1(x / alpha),
    "elu": lambda x, alpha: x if x > 0 else alpha * math.expm1(x),
    "exponential": math.exp,
    "gelu": lambda x: x * normal(x),
    "hard_shrink": lambda x, threshold: 0.0 if -threshold <= x <= threshold else x,
    "hard_sigmoid": lambda x: clipped((x + 3) / 6),
    "hard_silu": lambda x: x * clipped((x + 3) / 6),
    "hard_tanh": lambda x: clipped(x, -1.0),
    "log_sigmoid": lambda x: math.log(sigmoid(x)),
    "mish": lambda x: x * math.tanh(math.log1p(math.exp(x))),
    "selu": lambda x: 1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * math.expm1(x)),
    "sigmoid": sigmoid,
    "silu": lambda x: x * sigmoid(x),
    "soft_shrink": lambda x, threshold: x - clipped(x, -threshold, threshold),
    "softplus": lambda x: math.log1p(math.exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "sparse_plus": lambda x: 0.0 if x <= -1 else x if x >= 1 else (x + 1) ** 2 / 4,
    "sparse_sigmoid": lambda x: clipped((x + 1) / 2),
    "squareplus": lambda x, b: (x + math.sqrt(x * x + b)) / 2,
    "tanh": math.tanh,
    "tanh_shrink": lambda x: x - math.tanh(x),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_by_hand(name):
    parameters = tuple((key, 0.5 + place) for place, key in enumerate(FUNCTIONS[name]))
    received = apply_activation(Function(name, parameters), np.array([NUMBERS]))
    expected = [BY_HAND[name](x, *(value for _, value in parameters)) for x in NUMBERS]
    np.testing.assert_allclose(received[0], expected, rtol=1e-12, atol=2e-15)


def test_every_function_is_known_and_computed():
    assert set(FUNCTIONS) == set(COMPUTED) == set(BY_HAND)


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"exponential"}))
def test_large_numbers_do_not_overflow(name):
    function = Function(name, tuple((key, 1.0) for key in FUNCTIONS[name]))
    with np.errstate(all="raise", under="ignore"):
        values = apply_activation(function, np.array([[-1e5, 1e5]]))
    assert np.isfinite(values).all()


def test_rectifiers_by_hand():
    values = np.array([[-2.0, -1.0, 0.0, 0.5, 1.0, 4.0]])
    full = Relu(maximum=3.0, slope=0.5, threshold=0.5)
    assert apply_activation(full, values).tolist() == [[-1.25, -0.75, -0.25, 0.0, 1.0, 3.0]]
    slopes = PRelu(np.array([2.0, 3.0, 4.0, 5.0, 6.0, 7.0]))
    assert apply_activation(slopes, values).tolist() == [[-4.0, -3.0, 0.0, 0.5, 1.0, 4.0]]
    assert apply_activation(Bias(np.float64(0.5)), values).tolist() == [(values + 0.5)[0].tolist()]


def test_softmax_over_two_axes():
    values = np.log(np.arange(1.0, 9.0)).reshape(1, 2, 2, 2)
    received = apply_activation(Softmax((-3, -1)), values)
    expected = [[[1 / 14, 2 / 14], [3 / 22, 4 / 22]], [[5 / 14, 6 / 14], [7 / 22, 8 / 22]]]
    np.testing.assert_allclose(received[0], expected, rtol=1e-14)
