"""Run what arrives at a population, its neurons, and the pooling behind them as one kernel.

What arrives, from one projection or several, is computed for a block of neurons and all steps of a
tile; then the block's neurons run those steps with their state in registers. A pooling population
whose windows do not overlap runs along; neurons under no window are never computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from annconv.plan.arriving import Arriving, delivered, what_arrives
from annconv.plan.kernels import (
    Kernel,
    LayerKernel,
    OperatorKernel,
    UpdateKernel,
    extents_of,
    number_of,
)
from annconv.plan.layer_arrival import arrivals_of, rates_arrival
from annconv.plan.layer_state import laid_out
from annconv.plan.plan import Plan


def fuse_layers(plan: Plan) -> Plan:
    """Turn the kernels of every population that allows it into a layer."""
    if plan.tile == 1:
        return plan
    plan = _with_encoding(plan)
    for stage in range(len(plan.populations)):
        candidate = _candidate(plan, stage)
        if candidate is not None:
            plan = _fused(plan, candidate)
    return plan


def _with_encoding(plan: Plan) -> Plan:
    """The plan with the input's neurons as a layer, where they are equal but for their rates."""
    for kernel in plan.kernels:
        if not isinstance(kernel, UpdateKernel) or not kernel.rates or not _runs_in_lanes(kernel):
            continue
        spreads = [entry.broadcast for entry in kernel.parameters]
        spreads += [entry.broadcast for entry in kernel.variables]
        if set(spreads) - {"one"} or _readers(plan, [entry.buffer for entry in kernel.variables]):
            continue
        layer = LayerKernel(
            name=kernel.name.replace("update", "layer", 1),
            summary=kernel.summary,
            arrivals=(rates_arrival(plan, kernel),),
            update=kernel,
        )
        kernels = tuple(layer if entry is kernel else entry for entry in plan.kernels)
        return laid_out(replace(plan, kernels=kernels), layer)
    return plan


@dataclass(frozen=True, slots=True)
class Candidate:
    """A population that can become a layer.

    Attributes:
        update: Its neurons.
        arriving: The projections onto it.
        pool: The projection onto a pooling population behind it, None without one.
        pooling: That population's neurons.
        pooled: The variable that the pooling population reads.
    """

    update: UpdateKernel
    arriving: tuple[Arriving, ...]
    pool: OperatorKernel | None = None
    pooling: UpdateKernel | None = None
    pooled: str | None = None


def _candidate(plan: Plan, stage: int) -> Candidate | None:
    """A population's kernels, where they fit a layer."""
    kernels = [kernel for kernel in plan.kernels if kernel.stage == stage]
    updates = [
        kernel for kernel in kernels if isinstance(kernel, UpdateKernel) and not kernel.rates
    ]
    operators = [kernel for kernel in kernels if isinstance(kernel, OperatorKernel)]
    if len(updates) != 1 or len(updates) + len(operators) != len(kernels):
        return None
    update = updates[0]
    arriving = what_arrives(update, operators)
    if not arriving or not _runs_in_lanes(update):
        return None
    if stage == plan.readout.population and not _counts(plan):
        return None
    summing = [entry.operator for entry in arriving if entry.sums]
    if not summing or not all(entry.operator.source in plan.spikes for entry in arriving):
        return None
    if not all(_lies_asdelivered(update, operator) for operator in summing):
        return None
    found = Candidate(update, arriving)
    read = _readers(plan, [entry.buffer for entry in update.variables])
    return _with_pooling(plan, found, read) if read else found


def _counts(plan: Plan) -> bool:
    """Whether the read-out needs no more of the output than its spikes at the end of a tile."""
    return plan.readout.stop is None and not plan.readout.variables


def _with_pooling(plan: Plan, found: Candidate, read: list[OperatorKernel]) -> Candidate | None:
    """The candidate with the pooling that reads its variables, None where that does not fit."""
    if len(read) != 1 or plan.target.whole or _readers(plan, [found.update.spikes]):
        return None
    pool = read[0]
    behind = [kernel for kernel in plan.kernels if kernel.stage == pool.stage and kernel != pool]
    pooling = behind[0] if len(behind) == 1 else None
    if not isinstance(pooling, UpdateKernel) or not _runs_in_lanes(pooling):
        return None
    summing = [entry.operator for entry in found.arriving if entry.sums]
    if pool.function != "max_pool" or any(entry.function != "convolve" for entry in summing):
        return None
    if not _pools_side_by_side(pool, summing[0]) or not _lies_asdelivered(pooling, pool):
        return None
    seen = [entry.buffer for entry in pooling.variables]
    if pool.stage == plan.readout.population or _readers(plan, seen):
        return None
    pooled = next(entry.name for entry in found.update.variables if entry.buffer == pool.source)
    return replace(found, pool=pool, pooling=pooling, pooled=pooled)


def _readers(plan: Plan, buffers: Iterable[str]) -> list[OperatorKernel]:
    """Projections that read one of the buffers."""
    wanted = set(buffers)
    return [
        kernel
        for kernel in plan.kernels
        if isinstance(kernel, OperatorKernel) and kernel.source in wanted
    ]


def _runs_in_lanes(update: UpdateKernel) -> bool:
    """Whether the neuron's statements can run for a vector of neurons that one value drives."""
    model = update.model
    plain = model.is_plain and model.draws == 0 and model.emit is None
    local = all(entry.local for entry in model.variables)
    arrives = len(update.conductances) + int(update.rates)
    return plain and local and model.spike is not None and arrives == 1


def _lies_asdelivered(update: UpdateKernel, operator: OperatorKernel) -> bool:
    """Whether a population has the geometry in which its operator delivers.

    A layer lays state out by the operator's rows, columns and channels. A Reshape between them,
    which no kernel shows, gives the population others.
    """
    found = delivered(operator)
    missing = len(found) - len(update.geometry)
    return (1,) * missing + update.geometry == found


def _pools_side_by_side(pool: OperatorKernel, operator: OperatorKernel) -> bool:
    """Whether windows lie side by side, from the first row and column on, on the operator's plane.

    Each covers a neuron, so only the last ones of rows and columns hang over the edge. The plane is
    the one that the operator delivers: no Reshape stands in front of the pooling.
    """
    shape = dict(pool.constants)
    extents, counts, sizes = (extents_of(shape, name) for name in ("kIn", "kOut", "kSize"))
    received = (*extents, number_of(shape, "kChannels"))
    return (
        received == delivered(operator)
        and extents[0] == sizes[0] == 1
        and shape["kStride"] == sizes
        and shape["kPad"] == (0, 0, 0)
        and all(
            (count - 1) * size < extent
            for extent, count, size in zip(extents, counts, sizes, strict=True)
        )
    )


def _fused(plan: Plan, found: Candidate) -> Plan:
    """The plan with a layer in place of the candidate's kernels."""
    planned = arrivals_of(plan, found.arriving, found.update.geometry, found.pool)
    if planned is None:
        return plan
    layer = LayerKernel(
        name=found.update.name.replace("update", "layer", 1),
        summary=_summary(found),
        arrivals=planned.arrivals,
        update=found.update,
        pooling=found.pooling,
        pooled=found.pooled,
    )
    operators = {kernel for entry in found.arriving for kernel in entry.kernels}
    gone = {*operators, found.update, found.pool, found.pooling}
    first = min(map(plan.kernels.index, operators))
    kernels: list[Kernel] = []
    for position, kernel in enumerate(plan.kernels):
        if position == first:
            kernels.append(layer)
        if kernel not in gone:
            kernels.append(kernel)
    hidden = found.update.spikes if found.pooling is not None else None
    plan = replace(
        plan,
        kernels=tuple(kernels),
        packed=planned.packed,
        spikes=tuple(None if name == hidden else name for name in plan.spikes),
    )
    return laid_out(plan, layer)


def _summary(found: Candidate) -> str:
    """One line on what the layer computes."""
    neurons = [found.update.summary, *([found.pooling.summary] if found.pooling else [])]
    arriving = " + ".join(entry.operator.summary for entry in found.arriving)
    return f"{' -> '.join(neurons)}; {arriving}"
