"""Divide by what stays the same by multiplying with its reciprocal, which is computed once."""

from __future__ import annotations

from dataclasses import replace

from annconv.ir.network import RATES
from annconv.neurons.expressions import Binary, Expression, Name, Number
from annconv.neurons.model import NeuronModel
from annconv.neurons.rewriting import mapped, mapped_model
from annconv.plan.kernels import Kernel, LayerKernel, OperatorKernel, UpdateKernel
from annconv.plan.plan import Plan


def multiply_reciprocals(plan: Plan) -> Plan:
    """Rewrite `x / p` as `x * (1 / p)` in every neuron, for parameters and numbers p."""
    return replace(plan, kernels=tuple(map(_rewritten, plan.kernels)))


def _rewritten(kernel: Kernel) -> Kernel:
    match kernel:
        case OperatorKernel():
            return kernel
        case UpdateKernel():
            return _rewritten_update(kernel)
        case LayerKernel():
            pooling = None if kernel.pooling is None else _rewritten_update(kernel.pooling)
            return replace(kernel, update=_rewritten_update(kernel.update), pooling=pooling)


def _rewritten_update(update: UpdateKernel) -> UpdateKernel:
    model = update.model

    def without_divisions(expression: Expression) -> Expression:
        return mapped(expression, lambda node: _product(node, model))

    return replace(update, model=mapped_model(model, without_divisions))


def _product(node: Expression, model: NeuronModel) -> Expression:
    """A product in place of a quotient by a parameter or a number; else the node itself."""
    match node:
        case Binary("/", Number(1.0), _):
            return node
        case Binary("/", numerator, Number(value)) if value != 0.0:
            return Binary("*", numerator, Binary("/", Number(1.0), Number(value)))
        case Binary("/", numerator, Name(name)) if name != RATES and model.parameter(name):
            return Binary("*", numerator, Binary("/", Number(1.0), Name(name)))
    return node
