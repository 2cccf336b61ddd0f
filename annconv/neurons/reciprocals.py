"""Multiplying with a reciprocal, which is computed once, instead of dividing in every step."""

from __future__ import annotations

from collections.abc import Container

from annconv.neurons.expressions import Binary, Expression, Name, Number, mapped
from annconv.neurons.model import NeuronModel
from annconv.neurons.rewriting import mapped_model


def with_reciprocals(model: NeuronModel, changing: Container[str] = ()) -> NeuronModel:
    """A neuron with `x * (1 / p)` in place of `x / p`, for parameters and numbers p.

    Args:
        model: The neuron.
        changing: Parameters that need not stay the same during a sample.
    """

    def without_divisions(expression: Expression) -> Expression:
        return mapped(expression, lambda node: _product(node, model, changing))

    return mapped_model(model, without_divisions)


def _product(node: Expression, model: NeuronModel, changing: Container[str]) -> Expression:
    """A product in place of a quotient by a parameter or a number; else the node itself."""
    match node:
        case Binary("/", Number(1.0), _):
            return node
        case Binary("/", numerator, Number(value)) if value != 0.0:
            return Binary("*", numerator, Binary("/", Number(1.0), Number(value)))
        case Binary("/", numerator, Name(name)) if name not in changing and model.parameter(name):
            return Binary("*", numerator, Binary("/", Number(1.0), Name(name)))
    return node
