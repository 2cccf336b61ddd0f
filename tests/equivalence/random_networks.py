"""Random spiking networks: a structure per seed, for which weights and samples are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from random_neurons import NeuronDraw

from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.network import Network
from annconv.ir.operators import (
    Convolution,
    Dense,
    Increase,
    MaxPool,
    MeanPool,
    Operator,
    Pad,
    Padding,
    Reshape,
    Scale,
    Slice,
    Upsample,
    chain_geometry,
)
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN, OUTPUTS
from annconv.neurons.neuron import Neuron
from annconv.readouts.readout import Readout
from annconv.readouts.table import READOUTS

STEPS = 24
GRID = 2.0**-12
INPUT_SCALES = {"IB": 100.0, "CPN": 400.0, "PSO": 1.0, "phase": 1.0, "user": 3.0}
"""Encodings that are drawn, and the factor that lets samples in [0, 1] spike now and then."""
EXACT_TIME_CONSTANTS = (1.0, 2.0)
"""With these a trace has one bit per step at most, so that all sums of STEPS steps are exact."""


@dataclass(frozen=True)
class Structure:
    """A network whose weights and parameters will be drawn.

    Attributes:
        seed: What drew it.
        network: With weights of the right shapes.
        exact: Whether weights on the grid make all sums of synapses exact.
    """

    seed: int
    network: Network
    exact: bool

    def with_data(self, rng: np.random.Generator, *, on_grid: bool) -> Network:
        """The same structure with fresh weights and parameters."""
        populations = tuple(
            replace(entry, parameters=_parameters(entry, rng, on_grid))
            for entry in self.network.populations
        )
        projections = tuple(
            replace(
                entry, operators=tuple(_weights(item, rng, on_grid) for item in entry.operators)
            )
            for entry in self.network.projections
        )
        return replace(self.network, populations=populations, projections=projections)

    def samples(self, rng: np.random.Generator, count: int) -> FloatArray:
        """(count, *geometry) float64 in [0, 1], many of them zero as in pictures."""
        shape = (count, *self.network.input.geometry)
        return np.where(rng.random(shape) < 0.3, 0.0, rng.random(shape))


def structures(seed: int, count: int) -> Iterator[Structure]:
    """`count` random structures."""
    for number in range(count):
        yield draw_structure(seed * 100_000 + number)


def draw_structure(seed: int) -> Structure:
    """The structure of one seed."""
    return _StructureDraw(seed).draw()


def _parameters(
    population: Population, rng: np.random.Generator, on_grid: bool
) -> dict[str, FloatArray]:
    """Fresh values in the shapes that the structure fixed."""
    values: dict[str, FloatArray] = {}
    for name, old in population.parameters.items():
        if name == "mask_tau":
            choices = EXACT_TIME_CONSTANTS if on_grid else (2.0, 5.0, 16.0, 20.0)
            values[name] = np.asarray(rng.choice(choices))
        else:
            drawn = np.asarray(0.4 + 0.9 * rng.random(old.shape))
            values[name] = np.round(drawn / GRID) * GRID if on_grid else drawn
    return values


def _weights(operator: Operator, rng: np.random.Generator, on_grid: bool) -> Operator:
    for field in ("kernel", "weights", "factors"):
        if hasattr(operator, field):
            old = getattr(operator, field)
            fan_in = max(1.0, old.size / max(1, old.shape[-1] if old.ndim else 1))
            drawn = np.asarray(rng.normal(0.6 / fan_in**0.5, 1.2 / fan_in**0.5, old.shape))
            if on_grid:
                drawn = np.clip(np.round(drawn / GRID) * GRID, -4, 4)
            return replace(operator, **{field: drawn})
    return operator


class _StructureDraw:
    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rng = np.random.default_rng(seed)
        self.exact = True
        self.delay = int(self.rng.random() < 0.8)
        self.populations: list[Population] = []
        self.projections: list[Projection] = []

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def integer(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return int(self.rng.integers(low, high + 1))

    def draw(self) -> Structure:
        spatial = self.chance(0.75)
        rank = int(self.rng.choice([1, 2, 2, 2, 2, 3])) if spatial else 0
        largest = {0: 1, 1: 9, 2: 7, 3: 4}[rank]
        geometry = (*(self.integer(3, largest) for _ in range(rank)), self.integer(1, 4))
        if not spatial:
            geometry = (self.integer(2, 30),)
        self.input(geometry)
        for number in range(self.integer(0, 3)):
            self.hidden(number)
        readout = self.readout(sorted(READOUTS))
        neuron = self.hidden_neuron("output")
        if readout.neuron is not None:
            neuron = {**HIDDEN, **OUTPUTS}[readout.neuron]
        self.layer("output", "output", neuron, dense=True)
        return self.structure("random", readout)

    def readout(self, names: Sequence[str]) -> Readout:
        """One of the read-outs."""
        readout = READOUTS[str(self.rng.choice(names))]
        drawn = {parameter: self.integer(1, 4) for parameter, _ in readout.parameters}
        return readout.with_parameters(**drawn) if drawn else readout

    def structure(self, kind: str, readout: Readout) -> Structure:
        """What has been drawn, as a network."""
        network = Network(
            name=f"{kind}{self.seed}",
            populations=tuple(self.populations),
            projections=tuple(self.projections),
            readout=readout,
            dt=1.0,
            steps=STEPS,
            input_scale=self.input_scale,
        )
        network.verify()
        return Structure(self.seed, network, self.exact)

    def input(self, geometry: Geometry) -> None:
        kind = str(self.rng.choice(list(INPUT_SCALES)))
        self.input_scale = INPUT_SCALES[kind]
        neuron = ENCODINGS.get(kind)
        if neuron is None:
            neuron = NeuronDraw(self.rng, "rates").neuron("Encoder", random=self.chance(0.5))
        self.add("input", geometry, neuron, "input")

    def add(self, name: str, geometry: Geometry, neuron: Neuron | None, role: str) -> Population:
        """A population; some parameters get values per channel or per neuron."""
        parameters: dict[str, FloatArray] = {}
        if neuron is not None:
            population = Population(name, geometry, neuron, {}, role)
            for parameter in population.model().parameters:
                if parameter.name == "mask_tau":
                    parameters["mask_tau"] = np.asarray(16.0)
                elif parameter.name == "vt" and role != "input":
                    shapes = [(), geometry[-1:], geometry]
                    parameters["vt"] = np.ones(shapes[self.integer(0, 2)])
        self.populations.append(Population(name, geometry, neuron, parameters, role))
        return self.populations[-1]

    def hidden_neuron(self, name: str) -> Neuron:
        if self.chance(0.5):
            return self.library_neuron()
        return NeuronDraw(self.rng, "g_exc").neuron(name, random=self.chance(0.35))

    def library_neuron(self) -> Neuron:
        """One of the library's hidden neurons, in turn: a new one changes nothing else drawn."""
        names = sorted(HIDDEN)
        return HIDDEN[names[(self.seed + len(self.populations)) % len(names)]]

    def hidden(self, number: int) -> None:
        if self.chance(0.12):
            self.layer(f"junction{number}", "linear", None, dense=False)
        else:
            name = f"hidden{number}"
            self.layer(name, "hidden", self.hidden_neuron(f"Hidden{number}"), dense=False)

    def layer(self, name: str, role: str, neuron: Neuron | None, *, dense: bool) -> None:
        """A population and one projection onto it, sometimes a second one from further back."""
        pre = self.populations[-1]
        operators = self.chain(pre.geometry, dense=dense)
        geometry = chain_geometry(operators, pre.geometry)
        assert geometry is not None
        self.add(name, geometry, neuron, role)
        self.project(pre, name, operators)
        others = [entry for entry in self.populations[:-2] if entry.role != "linear"]
        if others and self.chance(0.25):
            other = others[self.integer(0, len(others) - 1)]
            size = int(np.prod(other.geometry))
            full = (Reshape((size,)), Dense(np.zeros((size, int(np.prod(geometry))))))
            self.project(other, name, (*full, Reshape(geometry)))

    def project(self, pre: Population, post: str, operators: tuple[Operator, ...]) -> None:
        transmits = "spikes"
        if pre.role != "linear":
            extra = [entry.name for entry in pre.model().variables if entry.name in ("v", "w")]
            transmits = str(self.rng.choice(["spikes", "spikes", "mask", "mask", "mask", *extra]))
            if transmits not in ("spikes", "mask"):
                self.exact = False
            if transmits == "mask" and pre.model().variable("mask") is None:
                transmits = "spikes"
        else:
            self.exact = False
        delay = 0 if pre.role == "linear" else self.delay
        name = f"proj_{len(self.projections)}"
        projection = Projection(name, pre.name, post, operators, transmits, "exc", delay)
        self.projections.append(projection)

    def chain(self, geometry: Geometry, *, dense: bool) -> tuple[Operator, ...]:
        operators: list[Operator] = []
        if len(geometry) > 1 and not (dense and self.chance(0.5)):
            operators.append(self.window(geometry))
            if self.chance(0.2):
                operators += self.extra(chain_geometry(tuple(operators), geometry) or geometry)
        received = chain_geometry(tuple(operators), geometry) or geometry
        if dense or len(geometry) == 1:
            size = int(np.prod(received))
            if received != (size,):
                operators.append(Reshape((size,)))
            operators.append(Dense(np.zeros((size, self.integer(1, 12)))))
        if len(operators) > 1 and not isinstance(operators[0], Reshape):
            self.exact = False
        return tuple(operators)

    def extra(self, geometry: Geometry) -> list[Operator]:
        """One of the operators that a chain may hold behind its first."""
        rank = len(geometry) - 1
        choices: list[Operator] = [
            Scale(np.zeros(geometry[-1:])),
            Scale(np.zeros(())),
            Pad(tuple((self.integer(0, 1), self.integer(0, 2)) for _ in range(rank))),
            Slice(self.integer(0, 1), geometry[-1] + 2),
            Increase(),
        ]
        if rank < 3:
            choices.append(Upsample(tuple(self.integer(1, 2) for _ in range(rank))))
        return [choices[self.integer(0, len(choices) - 1)]]

    def window(self, geometry: Geometry) -> Operator:
        """A convolution or a pooling that fits the geometry."""
        rank = len(geometry) - 1
        size = tuple(self.integer(1, min(4, extent)) for extent in geometry[:-1])
        strides = tuple(int(self.rng.choice([1, 1, 2, 3])) for _ in range(rank))
        kind = str(self.rng.choice(["conv", "conv", "conv", "max", "mean"]))
        if kind == "max":
            return MaxPool(size, strides, self.padding(size))
        if kind == "mean":
            return MeanPool(size, strides, self.padding(size))
        dilation = tuple(
            self.integer(1, 2) if (kernel - 1) * 2 + 1 <= extent else 1
            for kernel, extent in zip(size, geometry[:-1], strict=True)
        )
        channels = geometry[-1]
        groups = int(self.rng.choice([g for g in range(1, channels + 1) if channels % g == 0]))
        filters = groups * self.integer(1, 5)
        kernel = np.zeros((*size, channels // groups, filters))
        return Convolution(kernel, strides, self.padding(size), dilation, groups)

    def padding(self, size: tuple[int, ...]) -> Padding:
        """Less than a window on either side, so that every window covers a cell."""
        return tuple((self.integer(0, k - 1), self.integer(0, k - 1)) for k in size)
