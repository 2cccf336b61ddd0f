"""A population of a Network: neurons of one kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from annconv.ir.arrays import FloatArray, Geometry, describe_array, freeze
from annconv.ir.origin import ORIGIN, Origin
from annconv.ir.records import ARRAY, SHAPE, TEXT, added, mapping, optional, record, several
from annconv.ir.start_values import random_start
from annconv.neurons.equations import parse_neuron
from annconv.neurons.model import NeuronModel
from annconv.neurons.neuron import Neuron

Role = Literal["input", "hidden", "output", "linear"]
ROLES = ("input", "hidden", "output", "linear")

RATES = "rates"
"""The parameter of an input neuron that receives the sample."""


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """Neurons of one kind.

    Attributes:
        name: Unique in the network; the Keras layer's name.
        geometry: Shape; ranks run through it in C order.
        neuron: Its equations; None for a `linear` junction, whose value is the sum of what arrives.
        parameters: Values that differ from the neuron's own, each broadcasting onto `geometry`.
        role: "input", "hidden", "output" or "linear".
        origin: The Keras layers it came from.
        channels: Where channels were put in another order: at each place, which of the network's
            own channels stands there. None: all stand at their own places.
    """

    name: str
    geometry: Geometry
    neuron: Neuron | None
    parameters: Mapping[str, FloatArray] = field(default_factory=dict)
    role: Role = "hidden"
    origin: tuple[Origin, ...] = ()
    channels: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        frozen = {name: freeze(value) for name, value in sorted(self.parameters.items())}
        object.__setattr__(self, "parameters", frozen)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return math.prod(self.geometry)

    def model(self) -> NeuronModel:
        """The parsed equations.

        Raises:
            EquationError: They cannot be parsed.
            ValueError: A junction has none.
        """
        if self.neuron is None:
            raise ValueError(f"junction {self.name!r} has no neuron")
        return parse_neuron(self.neuron)

    def parameter_values(self) -> dict[str, FloatArray]:
        """Every parameter of the neuron with its value here, overrides applied.

        What the neuron declares as random is drawn here, the same values at every call.
        """
        values: dict[str, FloatArray] = {}
        for position, entry in enumerate(self.model().parameters):
            if entry.start is None:
                values[entry.name] = freeze(entry.value)
            else:
                shape = self.geometry if entry.local else ()
                values[entry.name] = random_start(entry.start, self.name, position, shape)
        return {**values, **self.parameters}

    def uniform_parameters(self) -> dict[str, float]:
        """The parameters that have the same value in all neurons, with that value."""
        return {
            name: float(value.flat[0])
            for name, value in self.parameter_values().items()
            if (value == value.flat[0]).all()
        }

    def __str__(self) -> str:
        shape = "x".join(map(str, self.geometry))
        neuron = "junction" if self.neuron is None else self.neuron.name
        values = [f"{name}={describe_array(value)}" for name, value in self.parameters.items()]
        if self.channels is not None:
            values.append(f"channels={','.join(map(str, self.channels))}")
        origin = f"  # {', '.join(map(str, self.origin))}" if self.origin else ""
        return "  ".join([f"population {self.name} ({shape})", self.role, neuron, *values]) + origin


NEURON = record(
    Neuron,
    parameters=TEXT,
    equations=TEXT,
    spike=optional(TEXT),
    reset=optional(TEXT),
    unspike=optional(TEXT),
    unreset=optional(TEXT),
    emit=optional(TEXT),
    name=TEXT,
    refractory=added(optional(TEXT), absent=None),
    functions=added(optional(TEXT), absent=None),
)
POPULATION = record(
    Population,
    name=TEXT,
    geometry=SHAPE,
    neuron=optional(NEURON),
    parameters=mapping(ARRAY),
    role=TEXT,
    origin=several(ORIGIN),
    channels=added(optional(SHAPE), absent=None),
)
