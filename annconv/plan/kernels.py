"""What a plan runs: in every step (operators, updates), in every tile of steps (layers) or once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Literal

from annconv.ir.signals import Kind
from annconv.neurons.model import NeuronModel

Broadcast = Literal["one", "channel", "each"]
Constant = int | tuple[int, ...]
Constants = tuple[tuple[str, Constant], ...]
Runs = Literal["sample", "tile", "step"]
"""How often a kernel runs: once a sample, once in every tile of steps, or in every step. Where the
input changes within a sample, operators that would run once run in every step."""


@dataclass(frozen=True, slots=True)
class OperatorKernel:
    """One operator of a projection.

    Attributes:
        name: Identifier of the generated function.
        summary: One line on what it computes.
        population: Index of the population it works for.
        function: Template of the C++ support library that it instantiates.
        constants: Names and values of the shape that the template takes.
        source: Buffer it reads.
        reads: What kind of values these are.
        packed: Packed array it reads, None if it has no weights.
        state: Buffer that it keeps from step to step, None if it has none.
        target: Buffer it writes.
        adds: Whether it adds to what the target holds.
        projection: Index of its projection in the network.
        delay: How many steps old what it reads from another population is.
        steady: Whether it reads the same in every step of a sample.
        runs: "step", or "sample" where what it writes stays the same.
    """

    name: str
    summary: str
    population: int
    function: str
    constants: Constants
    source: str
    reads: Kind
    packed: str | None
    state: str | None
    target: str
    adds: bool
    projection: int
    delay: int = 0
    steady: bool = False
    runs: Runs = "step"

    def __str__(self) -> str:
        reads = ", ".join(filter(None, (self.source, self.packed, self.state)))
        sign = "+=" if self.adds else "="
        constants = constants_text(self.constants)
        once = "  once a sample" if self.runs == "sample" else ""
        call = f"{self.target} {sign} {self.function}({reads})"
        return f"kernel {self.name}  {call}  {constants}{once}"


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
    """A neuron's variable and where it is kept.

    Attributes:
        name: Its name in the equations.
        buffer: The buffer that holds it.
        initial: The packed array of its initial values, None where a sample starts with zeros.
        broadcast: How initial values are spread over the neurons.
    """

    name: str
    buffer: str
    initial: str | None
    broadcast: Broadcast


@dataclass(frozen=True, slots=True)
class UpdateKernel:
    """One step of a population's neurons.

    Attributes:
        name: Identifier of the generated function.
        summary: One line on what it computes.
        population: Index of the population in the network.
        neurons: Number of neurons.
        geometry: Shape of the population.
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
    geometry: tuple[int, ...]
    model: NeuronModel
    parameters: tuple[BoundParameter, ...]
    variables: tuple[BoundVariable, ...]
    conductances: tuple[tuple[str, str], ...]
    rates: bool
    spikes: str

    @property
    def runs(self) -> Runs:
        """In every step."""
        return "step"

    @property
    def channels(self) -> int:
        """Extent of the last axis of the geometry."""
        return self.geometry[-1]

    def __str__(self) -> str:
        variables = ", ".join(entry.name for entry in self.variables)
        arrives = ", ".join(f"g_{target}={buffer}" for target, buffer in self.conductances)
        reads = "rates" if self.rates else arrives or "no input"
        return (
            f"kernel {self.name}  {self.spikes} = {self.neurons} x {self.model.name}({reads})  "
            f"state {variables or 'none'}"
        )


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a layer computes what one projection brings to its neurons.

    Attributes:
        function: Class template of the C++ support library: "ConvolutionSource", "RowTableSource",
            "DenseSource", "ElementSource" for spikes as they are, or "RatesSource" for the sample
            itself.
        constants: Names and values of its shape.
        spikes: Buffer of the spikes it reads, None for rates.
        delay: How many steps old the spikes are.
        weights: Packed array, laid out for the function; None where there are none.
        factors: Packed array of what sums are multiplied with, one number or one per channel, as
            the units of whole weights; None without any.
        decay: Packed array with what a step leaves of the trace of what arrived; None without one,
            or where an arrival before this one has applied it.
        trace: Buffer of the trace; one that several arrivals name takes all of them up.
        why: What decided its tiles, for people.
        whole: Whether weights are whole numbers of 16 bits.
        fused: Whether sums times factors are added to the trace with one rounding for both.
        signed: Whether spikes may be -1.
    """

    function: str
    constants: Constants
    spikes: str | None
    delay: int
    weights: str | None
    factors: str | None
    decay: str | None
    trace: str | None
    why: str
    whole: bool = False
    fused: bool = False
    signed: bool = False


@dataclass(frozen=True, slots=True)
class LayerKernel:
    """A population over a tile of steps, with the pooling behind it if there is one.

    Attributes:
        name: Identifier of the generated function.
        summary: One line on what it computes.
        arrivals: What arrives, in the order in which it is added up; all are computed for the same
            blocks of neurons.
        update: The population's neurons; the function named in it is not generated.
        pooling: The neurons behind a pooling: those of a population, or such as tell how its
            result grows (`plan/pooled_counts.py`); None without one.
        pooled: The variable whose largest value under a window the pooling neuron receives.
        resting: Buffer of flags, which vectors of neurons rest (of those that run side by side, the
            first one's); None where none is looked for.
    """

    name: str
    summary: str
    arrivals: tuple[Arrival, ...]
    update: UpdateKernel
    pooling: UpdateKernel | None = None
    pooled: str | None = None
    resting: str | None = None

    @property
    def runs(self) -> Runs:
        """Once in every tile of steps."""
        return "tile"

    @property
    def constants(self) -> Constants:
        """Names and values of a shape: that of the first arrival, whose blocks are the layer's."""
        return self.arrivals[0].constants

    @property
    def reads_rates(self) -> bool:
        """Whether it is the input's: the rates of a sample arrive."""
        return self.arrivals[0].function == "RatesSource"

    @property
    def population(self) -> int:
        """Index of the last population it works for."""
        return self.emits.population

    @property
    def emits(self) -> UpdateKernel:
        """The population whose spikes it writes."""
        return self.update if self.pooling is None else self.pooling

    @property
    def updates(self) -> tuple[UpdateKernel, ...]:
        """Its populations."""
        return (self.update,) if self.pooling is None else (self.update, self.pooling)

    def __str__(self) -> str:
        neurons = " -> ".join(f"{entry.neurons} x {entry.model.name}" for entry in self.updates)
        lines = [f"layer {self.name}  {self.emits.spikes} = {neurons} of"]
        for arrival in self.arrivals:
            arrays = ", ".join(filter(None, (arrival.spikes, arrival.weights)))
            lines.append(
                f"{arrival.function}({arrays})  {constants_text(arrival.constants)}"
                f"  # {arrival.why}"
            )
        return f"{lines[0]} {lines[1]}" if len(lines) == 2 else "\n    ".join(lines)


@dataclass(frozen=True, slots=True)
class SharingKernel:
    """Finds inputs of equal rate; they run as one, and their rows of weights are added up.

    Attributes:
        name: Its name.
        population: Index of the input's population.
        encoding: Name of the layer of the input neurons.
        layer: Name of the layer that reads their spikes.
        inputs: Number of inputs.
        blocks: Blocks of the layer's channels.
        block: Channels of a block.
        weights: Packed array of the layer's weights.
    """

    name: str
    population: int
    encoding: str
    layer: str
    inputs: int
    blocks: int
    block: int
    weights: str

    @property
    def runs(self) -> Runs:
        """Once a sample."""
        return "sample"

    def __str__(self) -> str:
        return (
            f"kernel {self.name}  equal inputs of {self.inputs} run as one: {self.encoding}, "
            f"{self.layer}  once a sample"
        )


Kernel = OperatorKernel | UpdateKernel | LayerKernel | SharingKernel


def constants_text(constants: Constants) -> str:
    """Names and values on one line."""
    return " ".join(f"{name}={value}" for name, value in constants)


def extents_of(shape: Mapping[str, Constant], name: str) -> tuple[int, ...]:
    """A constant that has one number for each axis."""
    value = shape[name]
    if isinstance(value, int):
        raise TypeError(f"{name} is {value}")
    return value


def number_of(shape: Mapping[str, Constant], name: str) -> int:
    """A constant that is one number."""
    value = shape[name]
    if not isinstance(value, int):
        raise TypeError(f"{name} is {value}")
    return value


def pooled_extents(shape: Mapping[str, Constant]) -> tuple[int, int]:
    """Rows and columns of the pooling neurons behind a layer.

    The windows at the edge may hang over it.

    Args:
        shape: The layer's constants: `kOut`, the plane of neurons that it computes, and `kPool`.
    """
    _, rows, columns = extents_of(shape, "kOut")
    high, wide = extents_of(shape, "kPool")
    return ceil(rows / high), ceil(columns / wide)
