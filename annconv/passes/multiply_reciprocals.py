"""Divide by what stays the same by multiplying with its reciprocal, which is computed once."""

from __future__ import annotations

from dataclasses import replace

from annconv.ir.network import RATES
from annconv.neurons.reciprocals import with_reciprocals
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
    return replace(update, model=with_reciprocals(update.model, {RATES}))
