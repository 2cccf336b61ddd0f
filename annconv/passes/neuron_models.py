"""Rewriting the neurons of a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from annconv.neurons.model import NeuronModel
from annconv.plan.kernels import Kernel, LayerKernel, OperatorKernel, SharingKernel, UpdateKernel
from annconv.plan.plan import Plan

ModelRewrite = Callable[[NeuronModel], NeuronModel]


def with_models(plan: Plan, rewrite: ModelRewrite) -> Plan:
    """A plan whose neurons are what `rewrite` makes of them."""
    return replace(plan, kernels=tuple(_rewritten(kernel, rewrite) for kernel in plan.kernels))


def _rewritten(kernel: Kernel, rewrite: ModelRewrite) -> Kernel:
    match kernel:
        case OperatorKernel() | SharingKernel():
            return kernel
        case UpdateKernel():
            return _rewritten_update(kernel, rewrite)
        case LayerKernel():
            behind = kernel.pooling
            pooling = None if behind is None else _rewritten_update(behind, rewrite)
            return replace(
                kernel, update=_rewritten_update(kernel.update, rewrite), pooling=pooling
            )


def _rewritten_update(update: UpdateKernel, rewrite: ModelRewrite) -> UpdateKernel:
    return replace(update, model=rewrite(update.model))
