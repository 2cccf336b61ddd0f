"""Run what arrives at a population, its neurons, and the pooling behind them as one kernel.

What arrives, from one projection or several, is computed for a block of neurons and all steps of a
tile; then the block's neurons run those steps with their state in registers. A pooling population
whose windows do not overlap runs along, and so does the increase of a pooled count; neurons under
no window are never computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from annconv.ir.signals import Kind
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
from annconv.plan.plan import Plan, without_spikes
from annconv.plan.pooled_counts import INCREASE, increase_neurons

SPIKING: tuple[Kind, ...] = ("spike", "signed")


def fuse_layers(plan: Plan) -> Plan:
    """Turn the kernels of every population that allows it into a layer."""
    if plan.tile == 1:
        return plan
    plan = _with_encoding(plan)
    for population in range(len(plan.populations)):
        candidate = _candidate(plan, population)
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
class Pooling:
    """The pooling behind a population that can become a layer.

    Attributes:
        operator: The pooling itself.
        pooled: The variable that it reads.
        neurons: The neurons that receive its result.
        kernels: All its kernels.
    """

    operator: OperatorKernel
    pooled: str
    neurons: UpdateKernel
    kernels: tuple[Kernel, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A population that can become a layer.

    Attributes:
        update: Its neurons.
        arriving: The projections onto it.
        pooling: The pooling behind it, None without one.
    """

    update: UpdateKernel
    arriving: tuple[Arriving, ...]
    pooling: Pooling | None = None

    @property
    def kernels(self) -> set[Kernel]:
        """All that the layer takes the place of."""
        behind = () if self.pooling is None else self.pooling.kernels
        return {
            *(kernel for entry in self.arriving for kernel in entry.kernels),
            self.update,
            *behind,
        }


def _candidate(plan: Plan, population: int) -> Candidate | None:
    """A population's kernels, where they fit a layer."""
    kernels = [kernel for kernel in plan.kernels if kernel.population == population]
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
    if population == plan.readout.population and not _counts(plan):
        return None
    summing = [entry.operator for entry in arriving if entry.sums]
    if not summing or not all(entry.operator.source in plan.spike_buffers for entry in arriving):
        return None
    if not all(_lies_as_delivered(update, operator) for operator in summing):
        return None
    found = Candidate(update, arriving)
    read = _readers(plan, [entry.buffer for entry in update.variables])
    return _with_pooling(plan, found, read) if read else found


def _counts(plan: Plan) -> bool:
    """Whether the read-out needs no more of the output than its spikes at the end of a tile."""
    return plan.readout.stop is None and not plan.readout.variables


def _with_pooling(plan: Plan, found: Candidate, read: list[OperatorKernel]) -> Candidate | None:
    """The candidate with the pooling that reads its variables, None where that does not fit."""
    update, output = found.update, plan.readout.population
    if len(read) != 1 or plan.target.whole or _readers(plan, [update.spikes]):
        return None
    operator = read[0]
    pooled = next(entry.name for entry in update.variables if entry.buffer == operator.source)
    pooling = _onto_neurons(plan, operator, pooled) or _of_counts(plan, operator, pooled, update)
    if pooling is None or output in {update.population, pooling.neurons.population}:
        return None
    summing = [entry.operator for entry in found.arriving if entry.sums]
    if operator.function != "max_pool" or any(entry.function != "convolve" for entry in summing):
        return None
    if not _pools_side_by_side(operator, summing[0]):
        return None
    return replace(found, pooling=pooling)


def _onto_neurons(plan: Plan, pool: OperatorKernel, pooled: str) -> Pooling | None:
    """A pooling whose result drives a population, and nothing else does."""
    behind = [
        kernel
        for kernel in plan.kernels
        if kernel.population == pool.population and kernel is not pool
    ]
    neurons = behind[0] if len(behind) == 1 else None
    if not isinstance(neurons, UpdateKernel) or not _runs_in_lanes(neurons):
        return None
    seen = [entry.buffer for entry in neurons.variables]
    if _readers(plan, seen) or not _lies_as_delivered(neurons, pool):
        return None
    return Pooling(pool, pooled, neurons, (pool, neurons))


def _of_counts(
    plan: Plan, pool: OperatorKernel, pooled: str, update: UpdateKernel
) -> Pooling | None:
    """A pooling of counts of which the next population reads the increase, and nothing else."""
    readers = _readers(plan, [pool.target])
    increase = readers[0] if len(readers) == 1 else None
    if increase is None or increase.function != INCREASE:
        return None
    readers = _readers(plan, [increase.target])
    kind = readers[0].reads if len(readers) == 1 else "real"
    if kind not in SPIKING:
        return None
    neurons = increase_neurons(pool, increase, kind, update.population)
    return Pooling(pool, pooled, neurons, (pool, increase))


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


def _lies_as_delivered(update: UpdateKernel, operator: OperatorKernel) -> bool:
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
    pooling = found.pooling
    pool = None if pooling is None else pooling.operator
    planned = arrivals_of(plan, found.arriving, found.update.geometry, pool)
    if planned is None:
        return plan
    layer = LayerKernel(
        name=found.update.name.replace("update", "layer", 1),
        summary=_summary(found),
        arrivals=planned.arrivals,
        update=found.update,
        pooling=None if pooling is None else pooling.neurons,
        pooled=None if pooling is None else pooling.pooled,
    )
    gone = found.kernels
    first = min(map(plan.kernels.index, gone))
    kernels: list[Kernel] = []
    for position, kernel in enumerate(plan.kernels):
        if position == first:
            kernels.append(layer)
        if kernel not in gone:
            kernels.append(kernel)
    plan = replace(
        plan,
        kernels=tuple(kernels),
        packed=planned.packed,
        buffers=tuple(
            replace(entry, type="spike", slots=1 + plan.tile)
            if entry.name == layer.emits.spikes
            else entry
            for entry in plan.buffers
        ),
    )
    if pooling is not None:
        plan = without_spikes(plan, found.update.spikes)
    return laid_out(plan, layer)


def _summary(found: Candidate) -> str:
    """One line on what the layer computes."""
    neurons = [found.update.summary, *([found.pooling.neurons.summary] if found.pooling else [])]
    arriving = " + ".join(entry.operator.summary for entry in found.arriving)
    return f"{' -> '.join(neurons)}; {arriving}"
