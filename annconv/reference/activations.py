"""What biases and activation functions of a Graph compute, in NumPy and double precision.

Formulas are those of `keras.activations`, written so that no value overflows on the way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from annconv.ir.activations import Activation, Bias, Function, PRelu, Relu, Softmax
from annconv.reference.operators import Values

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
"""Source: Klambauer et al., "Self-normalizing neural networks", NIPS 2017."""

_ERFC = np.frompyfunc(math.erfc, 1, 1)


def apply_activation(layer: Activation, values: Values) -> Values:
    """The result of one layer for a batch.

    Args:
        layer: A bias or an activation function.
        values: (N, *geometry) float64.
    Returns:
        The same shape and type.
    """
    match layer:
        case Bias():
            return np.asarray(values + layer.values.astype(np.float64))
        case Relu():
            return _relu(layer, values)
        case PRelu():
            return np.where(values < 0, layer.slopes.astype(np.float64) * values, values)
        case Function():
            return np.asarray(COMPUTED[layer.name](values, *(v for _, v in layer.parameters)))
        case Softmax():
            powers = np.exp(values - values.max(axis=layer.axes, keepdims=True))
            return np.asarray(powers / powers.sum(axis=layer.axes, keepdims=True))


def _relu(layer: Relu, values: Values) -> Values:
    above = values if layer.maximum is None else np.minimum(values, layer.maximum)
    below = layer.slope * (values - layer.threshold)
    return np.where(values > layer.threshold, above, below)


def _elu(x: Values, alpha: float) -> Values:
    return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0)))


def _sigmoid(x: Values) -> Values:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x))


def _softplus(x: Values) -> Values:
    return np.asarray(np.logaddexp(0, x))


def _gelu(x: Values) -> Values:
    return np.asarray(0.5 * x * _ERFC(-x / math.sqrt(2)).astype(np.float64))


def _hard_sigmoid(x: Values) -> Values:
    return np.clip(x / 6 + 0.5, 0, 1)


def _soft_shrink(x: Values, threshold: float) -> Values:
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def _sparse_plus(x: Values) -> Values:
    return np.where(x < 1, np.where(x > -1, 0.25 * (x + 1) ** 2, 0), x)


COMPUTED: Mapping[str, Callable[..., Values]] = MappingProxyType(
    {
        "celu": lambda x, alpha: np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0) / alpha),
        "elu": _elu,
        "exponential": np.exp,
        "gelu": _gelu,
        "hard_shrink": lambda x, threshold: np.where(np.abs(x) > threshold, x, 0),
        "hard_sigmoid": _hard_sigmoid,
        "hard_silu": lambda x: x * _hard_sigmoid(x),
        "hard_tanh": lambda x: np.clip(x, -1, 1),
        "log_sigmoid": lambda x: -_softplus(-x),
        "mish": lambda x: x * np.tanh(_softplus(x)),
        "selu": lambda x: SELU_SCALE * _elu(x, SELU_ALPHA),
        "sigmoid": _sigmoid,
        "silu": lambda x: x * _sigmoid(x),
        "soft_shrink": _soft_shrink,
        "softplus": _softplus,
        "softsign": lambda x: x / (1 + np.abs(x)),
        "sparse_plus": _sparse_plus,
        "sparse_sigmoid": lambda x: np.clip(0.5 * (x + 1), 0, 1),
        "squareplus": lambda x, b: 0.5 * (x + np.sqrt(x**2 + b)),
        "tanh": np.tanh,
        "tanh_shrink": lambda x: x - np.tanh(x),
    }
)
"""The functions that a `Function` may name: of the values, then of its parameters in order."""
