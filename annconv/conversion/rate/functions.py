"""Activation functions as text of a neuron's equations, f(x) = … ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from annconv.ir.activations import Function, PRelu, Relu
from annconv.reference.activations import SELU_ALPHA, SELU_SCALE

SLOPE = "slope"
"""The parameter that holds the slopes of a `PRelu`."""

_SIGMOID = "(0.5 + 0.5*tanh(0.5*x))"
_HARD_SIGMOID = "clip(x/6.0 + 0.5, 0.0, 1.0)"
_SOFTPLUS = "(positive(x) + log(1.0 + exp(-abs(x))))"


def function_text(layer: Relu | PRelu | Function) -> str:
    """A function of x, as `evaluate` computes it but for rounding.

    Args:
        layer: The activation; slopes of a `PRelu` are the parameter SLOPE.
    """
    match layer:
        case Relu():
            return _relu(layer)
        case PRelu():
            return f"ite(x < 0.0, {SLOPE}*x, x)"
        case Function(name, parameters):
            return TEXTS[name](*(value for _, value in parameters))


def _relu(layer: Relu) -> str:
    above = "x" if layer.maximum is None else f"ite(x > {layer.maximum!r}, {layer.maximum!r}, x)"
    below = "0.0" if not layer.slope else f"{layer.slope!r}*(x - ({layer.threshold!r}))"
    return f"ite(x > {layer.threshold!r}, {above}, {below})"


def _fixed(text: str) -> Callable[..., str]:
    return lambda: text


TEXTS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "celu": lambda alpha: f"positive(x) + {alpha!r}*(exp(negative(x)/{alpha!r}) - 1.0)",
        "elu": lambda alpha: f"positive(x) + {alpha!r}*(exp(negative(x)) - 1.0)",
        "exponential": _fixed("exp(x)"),
        "gelu": _fixed("0.5*x*(1.0 + erf(x/sqrt(2.0)))"),
        "hard_shrink": lambda threshold: f"ite(abs(x) > {threshold!r}, x, 0.0)",
        "hard_sigmoid": _fixed(_HARD_SIGMOID),
        "hard_silu": _fixed(f"x*{_HARD_SIGMOID}"),
        "hard_tanh": _fixed("clip(x, -1.0, 1.0)"),
        "log_sigmoid": _fixed("negative(x) - log(1.0 + exp(-abs(x)))"),
        "mish": _fixed(f"x*tanh({_SOFTPLUS})"),
        "selu": _fixed(f"{SELU_SCALE!r}*(positive(x) + {SELU_ALPHA!r}*(exp(negative(x)) - 1.0))"),
        "sigmoid": _fixed(_SIGMOID),
        "silu": _fixed(f"x*{_SIGMOID}"),
        "soft_shrink": lambda threshold: (
            f"positive(x - {threshold!r}) + negative(x + {threshold!r})"
        ),
        "softplus": _fixed(_SOFTPLUS),
        "softsign": _fixed("x/(1.0 + abs(x))"),
        "sparse_plus": _fixed("ite(x < 1.0, ite(x > -1.0, 0.25*(x + 1.0)*(x + 1.0), 0.0), x)"),
        "sparse_sigmoid": _fixed("clip(0.5*(x + 1.0), 0.0, 1.0)"),
        "squareplus": lambda b: f"0.5*(x + sqrt(x*x + {b!r}))",
        "tanh": _fixed("tanh(x)"),
        "tanh_shrink": _fixed("x - tanh(x)"),
    }
)
"""Of every function that a `Function` may name: of its parameters in order."""
