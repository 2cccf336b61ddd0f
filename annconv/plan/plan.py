"""Plan: the kernels of a network in running order, the buffers they share and the data they read.

A Plan holds structure only. Weights, parameters and initial values are `Packed` arrays: the Plan
says where in the packed data they lie and where in the Network they come from (`plan/packing.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

from annconv.ir.verify import Violation, run_rules
from annconv.neurons.expressions import Expression
from annconv.plan.arrays import Buffer, Packed
from annconv.plan.kernels import (
    Kernel,
    LayerKernel,
    OperatorKernel,
    SharingKernel,
    UpdateKernel,
)
from annconv.plan.naming import Names, is_free_identifier
from annconv.plan.target import REAL_BYTES, Target


@dataclass(frozen=True, slots=True)
class KeptSpikes:
    """Where a population's spikes are.

    Attributes:
        buffer: Their buffer.
        places: Packed array with the place of each channel, None where every one is at its own.
    """

    buffer: str
    places: str | None = None


@dataclass(frozen=True, slots=True)
class ReadoutPlan:
    """How the output population is read.

    Attributes:
        population: Index of the output population.
        outputs: Number of its neurons.
        parameters: Pairs of a read-out parameter and its packed array.
        stop: Condition on one output neuron that ends a sample, None if there is none.
        score: Score of one output neuron.
        variables: Pairs of an observed variable and its buffer.
        counts: Buffer of the spikes of each output neuron so far.
        spikes: Buffer of the output's spikes.
    """

    population: int
    outputs: int
    parameters: tuple[tuple[str, str], ...]
    stop: Expression | None
    score: Expression
    variables: tuple[tuple[str, str], ...]
    counts: str
    spikes: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What runs for one network.

    Attributes:
        precision: "double" or "single", the type `real`, or "int16": `real` is single, and weights
            of spikes are whole numbers.
        target: What kernels are laid out for.
        dt: Length of a step in ms.
        inputs: Number of input values.
        populations: Sizes of the network's populations, in order (0 for a junction).
        spikes: Where each population's are; None for a junction, or where none are kept.
        buffers: Arrays of a thread's arena.
        packed: Arrays of the packed data.
        kernels: In running order: all of them in every step, or, where `tile` is more than one,
            those of a population in all steps of a tile before those of the next. What runs once a
            sample does so in its place in the first step.
        tile: Steps of a tile.
        readout: How the output is read.
    """

    precision: str
    target: Target
    dt: float
    inputs: int
    populations: tuple[int, ...]
    spikes: tuple[KeptSpikes | None, ...]
    buffers: tuple[Buffer, ...]
    packed: tuple[Packed, ...]
    kernels: tuple[Kernel, ...]
    tile: int
    readout: ReadoutPlan

    @property
    def shared_inputs(self) -> SharingKernel | None:
        """How inputs of equal rate are run as one, None where they are not."""
        return next((entry for entry in self.kernels if isinstance(entry, SharingKernel)), None)

    @property
    def spike_buffers(self) -> frozenset[str]:
        """Names of all buffers that hold spikes."""
        return frozenset(entry.name for entry in self.buffers if entry.type in ("spike", "bits"))

    @property
    def lanes(self) -> int:
        """Neurons in a vector: their state is real in every precision."""
        return self.target.vector_bytes // REAL_BYTES[self.precision]

    def digest(self) -> str:
        """SHA-256 over the whole structure: equal for networks that differ in values only."""
        return hashlib.sha256(repr(self).encode()).hexdigest()

    def verify(self) -> None:
        """Check every rule.

        Raises:
            VerifyError: Lists all violations.
        """
        run_rules("Plan", self, RULES)

    def __str__(self) -> str:
        head = (
            f"plan  {self.precision} precision  vectors of {8 * self.target.vector_bytes} bits  "
            f"dt={self.dt} ms  {self.inputs} inputs  tiles of {self.tile} steps"
        )
        parts = (*self.buffers, *self.packed, *self.kernels)
        return "\n".join([head, *map(str, parts)])


def emitting(plan: Plan) -> tuple[UpdateKernel, ...]:
    """The neurons of every population, those in layers included."""
    found: list[UpdateKernel] = []
    for kernel in plan.kernels:
        if isinstance(kernel, LayerKernel):
            found += kernel.updates
        elif isinstance(kernel, UpdateKernel):
            found.append(kernel)
    return tuple(found)


def identifiers(plan: Plan) -> Names:
    """Gives out names that nothing in a plan has."""
    return Names(entry.name for entry in (*plan.buffers, *plan.packed, *plan.kernels))


def without_spikes(plan: Plan, buffer: str) -> Plan:
    """The plan that keeps no spikes of the population that writes them into a buffer."""
    spikes = tuple(None if kept and kept.buffer == buffer else kept for kept in plan.spikes)
    places = {kept.places for kept in plan.spikes if kept and kept.buffer == buffer}
    packed = tuple(entry for entry in plan.packed if entry.name not in places)
    return replace(plan, spikes=spikes, packed=packed)


def names_unique(plan: Plan) -> Iterator[Violation]:
    """No two buffers, packed arrays or kernels share an identifier."""
    for what, entries in (
        ("buffer", plan.buffers),
        ("packed", plan.packed),
        ("kernel", plan.kernels),
    ):
        names = [entry.name for entry in entries]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield Violation("names_unique", f"{what} {name}", "one", names.count(name))


def names_valid(plan: Plan) -> Iterator[Violation]:
    """Buffers, packed arrays and kernels have names that C++ takes and that nobody reserves."""
    for what, entries in (
        ("buffer", plan.buffers),
        ("packed", plan.packed),
        ("kernel", plan.kernels),
    ):
        for entry in entries:
            if not is_free_identifier(entry.name):
                yield Violation("names_valid", what, "a free identifier", entry.name)


def references(plan: Plan) -> Iterator[tuple[str, str, str | None]]:
    """Who refers to which kind of array by which name."""
    for kernel in plan.kernels:
        if isinstance(kernel, OperatorKernel):
            for buffer in (kernel.source, kernel.target, kernel.state):
                yield kernel.name, "buffer", buffer
            yield kernel.name, "packed", kernel.packed
            continue
        if isinstance(kernel, LayerKernel):
            for arrival in kernel.arrivals:
                for buffer in (arrival.spikes, arrival.trace):
                    yield kernel.name, "buffer", buffer
                for packed in (arrival.weights, arrival.factors, arrival.decay):
                    yield kernel.name, "packed", packed
            for buffer in (kernel.emits.spikes, kernel.resting):
                yield kernel.name, "buffer", buffer
            for update in kernel.updates:
                yield from _state_references(update)
            continue
        if isinstance(kernel, SharingKernel):
            yield kernel.name, "packed", kernel.weights
            continue
        yield from _state_references(kernel)
        for _, buffer in kernel.conductances:
            yield kernel.name, "buffer", buffer
        yield kernel.name, "buffer", kernel.spikes
    for kept in filter(None, plan.spikes):
        yield "recorded spikes", "packed", kept.places
    for _, name in plan.readout.parameters:
        yield "readout", "packed", name
    for name in (plan.readout.counts, plan.readout.spikes):
        yield "readout", "buffer", name
    for _, name in plan.readout.variables:
        yield "readout", "buffer", name


def _state_references(update: UpdateKernel) -> Iterator[tuple[str, str, str | None]]:
    """Arrays of a population's parameters and variables."""
    for parameter in update.parameters:
        yield update.name, "packed", parameter.packed
    for variable in update.variables:
        yield update.name, "buffer", variable.buffer
        yield update.name, "packed", variable.initial


def references_exist(plan: Plan) -> Iterator[Violation]:
    """Kernels and the read-out name only arrays of the plan."""
    known = {
        "buffer": {entry.name for entry in plan.buffers},
        "packed": {entry.name for entry in plan.packed},
    }
    for who, kind, name in references(plan):
        if name is not None and name not in known[kind]:
            yield Violation("references_exist", who, f"a {kind} array", name)


def lengths_positive(plan: Plan) -> Iterator[Violation]:
    """No array is empty."""
    lengths = [(entry.name, entry.length) for entry in plan.buffers]
    lengths += [(entry.name, entry.length) for entry in plan.packed]
    for name, length in lengths:
        if length < 1:
            yield Violation("lengths_positive", name, "one element or more", length)


def sums_start_fresh(plan: Plan) -> Iterator[Violation]:
    """In a step, the first operator onto a buffer writes it and all later ones add."""
    written: set[str] = set()
    for kernel in plan.kernels:
        if isinstance(kernel, OperatorKernel):
            if kernel.adds != (kernel.target in written):
                expected = "to add" if kernel.target in written else "to write"
                yield Violation("sums_start_fresh", kernel.name, expected, "the opposite")
            written.add(kernel.target)


RULES = (names_unique, names_valid, references_exist, lengths_positive, sums_start_fresh)
