"""Plan: the kernels of a network in running order, the buffers they share and the data they read.

A Plan holds structure only. Weights, parameters and initial values are `Packed` arrays: the Plan
says where in the packed data they lie and where in the Network they come from (`plan/packing.py`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from annconv.ir.verify import Violation, run_rules
from annconv.neurons.expressions import Expression
from annconv.neurons.model import NeuronModel

BufferType = Literal["real", "spike", "count"]
Broadcast = Literal["one", "channel", "each"]
Constant = int | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Buffer:
    """An array of a thread's arena.

    Attributes:
        name: Identifier in the generated code.
        type: "real", "spike" for signed bytes, or "count" for 32-bit integers.
        length: Number of elements.
    """

    name: str
    type: BufferType
    length: int

    def __str__(self) -> str:
        return f"buffer {self.name}  {self.type}[{self.length}]"


@dataclass(frozen=True, slots=True)
class Source:
    """Where in a Network the values of a packed array come from.

    Attributes:
        kind: "operator" (an array of a projection's operator), "trace" (a projection's decay),
            "parameter" or "initial" (of a population), or "readout" (a parameter of the read-out).
        owner: Name of the projection or population, "" for the read-out.
        name: Name of the array, parameter or variable.
        position: Position of the operator in its chain.
    """

    kind: Literal["operator", "trace", "parameter", "initial", "readout"]
    owner: str
    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Packed:
    """An array of the packed data.

    Attributes:
        name: Identifier in the generated code.
        length: Number of reals.
        source: Where its values come from.
        tile_channels: For a kernel laid out in channel tiles (`plan/event_tiles.py`) the channels
            of a tile; 0: values in the order of the source.
    """

    name: str
    length: int
    source: Source
    tile_channels: int = 0

    def __str__(self) -> str:
        origin = ".".join(filter(None, (self.source.owner, self.source.name)))
        tiles = f" in tiles of {self.tile_channels} channels" if self.tile_channels else ""
        return f"packed {self.name}  real[{self.length}]  from {self.source.kind} {origin}{tiles}"


@dataclass(frozen=True, slots=True)
class OperatorKernel:
    """One operator of a projection.

    Attributes:
        name: Identifier of the generated function.
        summary: One line on what it computes.
        function: Template of the C++ support library that it instantiates.
        constants: Names and values of the shape that the template takes.
        source: Buffer it reads.
        packed: Packed array it reads, None if it has no weights.
        state: Buffer that it keeps from step to step, None if it has none.
        target: Buffer it writes.
        adds: Whether it adds to what the target holds.
        projection: Index of its projection in the network.
    """

    name: str
    summary: str
    function: str
    constants: tuple[tuple[str, Constant], ...]
    source: str
    packed: str | None
    state: str | None
    target: str
    adds: bool
    projection: int

    def __str__(self) -> str:
        reads = ", ".join(filter(None, (self.source, self.packed, self.state)))
        constants = " ".join(f"{name}={value}" for name, value in self.constants)
        sign = "+=" if self.adds else "="
        return f"kernel {self.name}  {self.target} {sign} {self.function}({reads})  {constants}"


@dataclass(frozen=True, slots=True)
class BoundParameter:
    """A neuron's parameter and the packed array that holds it.

    Attributes:
        name: Its name in the equations.
        packed: The packed array.
        broadcast: "one" value for all neurons, one per "channel", or one for "each" neuron.
    """

    name: str
    packed: str
    broadcast: Broadcast


@dataclass(frozen=True, slots=True)
class BoundVariable:
    """A neuron's variable, the buffer that holds it and the packed array of its initial values."""

    name: str
    buffer: str
    initial: str
    broadcast: Broadcast


@dataclass(frozen=True, slots=True)
class UpdateKernel:
    """One step of a population's neurons.

    Attributes:
        name: Identifier of the generated function.
        summary: One line on what it computes.
        population: Index of the population in the network.
        neurons: Number of neurons.
        channels: Extent of the last axis of the geometry.
        model: The neuron's statements.
        parameters: Parameters that the statements read, `rates` of the input excepted.
        variables: All variables.
        conductances: Pairs of target and the buffer in which its sum arrives.
        rates: Whether the statements read the sample.
        spikes: Buffer of emitted spikes.
    """

    name: str
    summary: str
    population: int
    neurons: int
    channels: int
    model: NeuronModel
    parameters: tuple[BoundParameter, ...]
    variables: tuple[BoundVariable, ...]
    conductances: tuple[tuple[str, str], ...]
    rates: bool
    spikes: str

    def __str__(self) -> str:
        variables = ", ".join(entry.name for entry in self.variables)
        arrives = ", ".join(f"g_{target}={buffer}" for target, buffer in self.conductances)
        reads = "rates" if self.rates else arrives or "no input"
        return (
            f"kernel {self.name}  {self.spikes} = {self.neurons} x {self.model.name}({reads})  "
            f"state {variables or 'none'}"
        )


Kernel = OperatorKernel | UpdateKernel


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
        precision: "single" or "double", the type `real`.
        vector_bytes: Size of the vectors that kernels are laid out for.
        dt: Length of a step in ms.
        inputs: Number of input values.
        populations: Sizes of the network's populations, in order (0 for a junction).
        spikes: Spike buffer of each population, None for a junction.
        buffers: Arrays of a thread's arena.
        packed: Arrays of the packed data.
        kernels: In running order; all of them run in every step.
        readout: How the output is read.
    """

    precision: str
    vector_bytes: int
    dt: float
    inputs: int
    populations: tuple[int, ...]
    spikes: tuple[str | None, ...]
    buffers: tuple[Buffer, ...]
    packed: tuple[Packed, ...]
    kernels: tuple[Kernel, ...]
    readout: ReadoutPlan

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
            f"plan  {self.precision} precision  vectors of {8 * self.vector_bytes} bits  "
            f"dt={self.dt} ms  {self.inputs} inputs"
        )
        return "\n".join(
            [head, *map(str, self.buffers), *map(str, self.packed), *map(str, self.kernels)]
        )


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


def _references(plan: Plan) -> Iterator[tuple[str, str, str | None]]:
    """Who refers to which kind of array by which name."""
    for kernel in plan.kernels:
        if isinstance(kernel, OperatorKernel):
            for buffer in (kernel.source, kernel.target, kernel.state):
                yield kernel.name, "buffer", buffer
            yield kernel.name, "packed", kernel.packed
            continue
        for parameter in kernel.parameters:
            yield kernel.name, "packed", parameter.packed
        for variable in kernel.variables:
            yield kernel.name, "buffer", variable.buffer
            yield kernel.name, "packed", variable.initial
        for _, buffer in kernel.conductances:
            yield kernel.name, "buffer", buffer
        yield kernel.name, "buffer", kernel.spikes
    for _, name in plan.readout.parameters:
        yield "readout", "packed", name
    for name in (plan.readout.counts, plan.readout.spikes):
        yield "readout", "buffer", name
    for _, name in plan.readout.variables:
        yield "readout", "buffer", name


def references_exist(plan: Plan) -> Iterator[Violation]:
    """Kernels and the read-out name only arrays of the plan."""
    known = {
        "buffer": {entry.name for entry in plan.buffers},
        "packed": {entry.name for entry in plan.packed},
    }
    for who, kind, name in _references(plan):
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


RULES = (names_unique, references_exist, lengths_positive, sums_start_fresh)
