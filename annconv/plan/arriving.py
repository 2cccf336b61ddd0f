"""What arrives at a population, read off its plain kernels: one entry for each projection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annconv.plan.kernels import OperatorKernel, UpdateKernel, extents_of, number_of
from annconv.plan.operators import FUSED_SCALE, SCALE, TRANSFER

SUMMING_OPERATORS = ("convolve", "multiply")
"""Operators that add up weights of spikes."""
PASSING_OPERATORS = (TRANSFER, SCALE, FUSED_SCALE)
"""Operators that hand every neuron the spikes of one other."""


@dataclass(frozen=True, slots=True)
class Arriving:
    """The kernels of a projection, where they are one operator on spikes and what follows it.

    Attributes:
        kernels: All of them.
        operator: The operator on spikes.
        factors: Packed array of what its result is multiplied with, None without one.
        fused: Whether the product is added to the trace with one rounding for both.
        trace: Buffer of the trace that takes the result up, None without one.
        decay: Packed array with what a step leaves of that trace; None without one, or where the
            trace is another projection's, too, and that one's decay is applied before.
    """

    kernels: tuple[OperatorKernel, ...]
    operator: OperatorKernel
    factors: str | None
    fused: bool
    trace: str | None
    decay: str | None

    @property
    def sums(self) -> bool:
        """Whether weights of spikes are added up."""
        return self.operator.function in SUMMING_OPERATORS


def what_arrives(
    update: UpdateKernel, operators: Sequence[OperatorKernel]
) -> tuple[Arriving, ...] | None:
    """What arrives at neurons that one sum drives, in the order in which it is added up.

    Args:
        update: The neurons.
        operators: The kernels of all projections onto them.
    Returns:
        None where a projection is more than one operator, what scales its result, and a trace.
    """
    totals = {buffer for _, buffer in update.conductances}
    if len(totals) != 1:
        return None
    (total,) = totals
    is_trace = any(kernel.source == kernel.target == total for kernel in operators)
    found = []
    for projection in dict.fromkeys(kernel.projection for kernel in operators):
        kernels = tuple(kernel for kernel in operators if kernel.projection == projection)
        arriving = _arriving(update, kernels, total, total_is_trace=is_trace)
        if arriving is None:
            return None
        found.append(arriving)
    return tuple(found)


def delivered(operator: OperatorKernel) -> tuple[int, ...]:
    """Depth, rows, columns and channels of what an operator delivers."""
    shape = dict(operator.constants)
    if operator.function == "multiply":
        return (1, 1, 1, number_of(shape, "kOutputs"))
    channels = "kChannelsOut" if operator.function == "convolve" else "kChannels"
    return (*extents_of(shape, "kOut"), number_of(shape, channels))


def _arriving(
    update: UpdateKernel, kernels: tuple[OperatorKernel, ...], total: str, *, total_is_trace: bool
) -> Arriving | None:
    """One projection's kernels, where they fit."""
    fades = [kernel for kernel in kernels if kernel.source == kernel.target]
    others = [kernel for kernel in kernels if kernel.source != kernel.target]
    if len(fades) > 1 or not others:
        return None
    trace = total if total_is_trace else None
    if fades and fades[0].target != total:  # a trace of its own, which is then handed on
        trace = fades[0].target
        deliver = others.pop()
        if (deliver.function, deliver.source, deliver.target) != (TRANSFER, trace, total):
            return None
    operator, scale = _with_scale(update, others)
    last = scale or operator
    if operator is None or last is None or last.target != (trace or total):
        return None
    scaling = last if last.function in {SCALE, FUSED_SCALE} else None
    return Arriving(
        kernels=kernels,
        operator=operator,
        factors=None if scaling is None else scaling.packed,
        fused=scaling is not None and scaling.function == FUSED_SCALE,
        trace=trace,
        decay=fades[0].packed if fades else None,
    )


def _with_scale(
    update: UpdateKernel, operators: Sequence[OperatorKernel]
) -> tuple[OperatorKernel | None, OperatorKernel | None]:
    """The one operator of a projection, and the Scale of its result if that is all."""
    match operators:
        case [operator] if operator.function in SUMMING_OPERATORS or _passes_on(update, operator):
            return operator, None
        case [operator, scale] if _scales_channels(scale, operator):
            return operator, scale
    return None, None


def _passes_on(update: UpdateKernel, operator: OperatorKernel) -> bool:
    """Whether a neuron receives one other's spikes, with one factor or one for its channel."""
    if operator.function not in PASSING_OPERATORS:
        return False
    factors = dict(operator.constants).get("kFactors", 1)
    return factors in {1, update.channels}


def _scales_channels(scale: OperatorKernel, operator: OperatorKernel) -> bool:
    """Whether an operator's result is scaled by one factor, or by one for each of its channels.

    A Reshape between them, which no kernel shows, may have made other channels.
    """
    if scale.function not in {SCALE, FUSED_SCALE} or operator.function not in SUMMING_OPERATORS:
        return False
    factors = number_of(dict(scale.constants), "kFactors")
    return scale.source == operator.target and factors in {1, delivered(operator)[-1]}
