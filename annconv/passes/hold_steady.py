"""Compute once a sample what stays the same in all its steps.

A constant current, and all that linear operators and poolings make of one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

from annconv.plan.arrays import Buffer
from annconv.plan.kernels import Kernel, LayerKernel, OperatorKernel
from annconv.plan.operators import FUSED_SCALE, TRANSFER
from annconv.plan.plan import Plan, identifiers

AS_CHEAP = (TRANSFER, FUSED_SCALE)
"""Operators that take no longer than handing on what they once computed; what is added to a trace
with one rounding for product and sum cannot be computed apart from it, either."""


def hold_steady(plan: Plan) -> Plan:
    """Let operators that read the same in every step run once a sample.

    What they write lasts. Where others add to it in every step, they get a buffer of their own, and
    a transfer hands it on.
    """
    if any(isinstance(kernel, LayerKernel) for kernel in plan.kernels):
        return plan  # layers are made of what is left
    names = identifiers(plan)
    kernels: list[Kernel] = []
    buffers = list(plan.buffers)
    for kernel in plan.kernels:
        if not _is_held(kernel):
            kernels.append(kernel)
        elif _lasts(plan, kernel):
            kernels.append(replace(kernel, runs="sample"))
        elif kernel.function in AS_CHEAP:
            kernels.append(kernel)
        else:
            target = next(entry for entry in buffers if entry.name == kernel.target)
            held = Buffer(names.identifier(kernel.name, "held"), "real", target.length)
            buffers.append(held)
            kernels.append(replace(kernel, target=held.name, adds=False, runs="sample"))
            kernels.append(_transfer(kernel, held, names.identifier("hand_on", kernel.name)))
    return replace(plan, kernels=tuple(kernels), buffers=tuple(buffers))


def _is_held(kernel: Kernel) -> TypeGuard[OperatorKernel]:
    """Whether a kernel would write the same in every step."""
    return isinstance(kernel, OperatorKernel) and kernel.steady and kernel.state is None


def _lasts(plan: Plan, kernel: OperatorKernel) -> bool:
    """Whether what a kernel writes in the first step is all that its readers need.

    It is gone where a kernel of every step clears the target or adds to it. And what another
    population reads in every step is kept for every step of a tile (`tile_steps`), of which one
    run would fill the first alone.
    """
    for other in plan.kernels:
        if not isinstance(other, OperatorKernel):
            continue
        if other.target == kernel.target and not _is_held(other):
            return False
        crosses = other.population != kernel.population
        if other.source == kernel.target and crosses and not _is_held(other):
            return False
    return True


def _transfer(kernel: OperatorKernel, held: Buffer, name: str) -> OperatorKernel:
    """What hands on in every step what a kernel computed once."""
    return replace(
        kernel,
        name=name,
        summary=f"{kernel.summary.partition(':')[0]}: what was computed once a sample",
        function=TRANSFER,
        constants=(("kSize", held.length),),
        source=held.name,
        reads="real",
        packed=None,
        delay=0,
    )
