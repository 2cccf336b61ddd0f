"""Where the attributes of a population lie while the network is stepped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from annconv.errors import UnknownNameError, nearest
from annconv.ir.network import Network
from annconv.ir.population import RATES, Population
from annconv.live.values import as_type
from annconv.neurons.model import Assign, NeuronModel
from annconv.plan.arrays import Source
from annconv.plan.planner import initial_values
from annconv.runtime.state import State

FIRING_RATE = "r"
"""Variable of every population that spikes: its measured rate."""
SPIKE = "spike"
"""What a monitor calls spikes."""

Initial = float | NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Attribute:
    """What is known of an attribute before anything is compiled.

    Attributes:
        name: Its name.
        role: "parameter", "variable", "conductance" or "rate".
        local: Whether each neuron has its own value.
        type: "float", "int" or "bool".
        initial: Value at the start: a float, or float64 of the population's geometry.
    """

    name: str
    role: str
    local: bool
    type: str
    initial: Initial

    @property
    def is_parameter(self) -> bool:
        """Whether a script calls it a parameter."""
        return self.role == "parameter"


class StartValues(dict[str, Initial]):
    """Values that a reset restores, by attribute; a name that is no attribute is refused."""

    def __init__(self, population: str, values: Mapping[str, Initial]) -> None:
        """The values as they are at first.

        Args:
            population: Whose, for the message.
            values: Attribute -> value; these are all that there are.
        """
        super().__init__(values)
        self._population, self._known = population, tuple(values)

    def __setitem__(self, name: str, value: Initial) -> None:
        if name not in self._known:
            raise UnknownNameError(
                f"init of {self._population!r}: there is no attribute {name!r}. "
                f"{nearest(name, self._known)}."
            )
        super().__setitem__(name, value)

    def setdefault(self, name: str, default: Initial = 0.0) -> Initial:
        """As of a dict.

        Raises:
            UnknownNameError: There is no such attribute (a KeyError).
        """
        if name not in self:
            self[name] = default
        return self[name]

    def update(self, *values: Any, **more: Any) -> None:
        """As of a dict; all is set, or nothing.

        Raises:
            UnknownNameError: There is no such attribute (a KeyError).
        """
        changed = StartValues(self._population, dict.fromkeys(self._known, 0.0))
        given = dict(*values, **more)
        for name, value in given.items():
            changed[name] = value
        super().update(given)

    def __ior__(self, values: Any) -> StartValues:  # type: ignore[override,misc]
        self.update(values)
        return self


@dataclass(frozen=True, slots=True, eq=False)
class Slot:
    """An attribute's memory.

    Attributes:
        attribute: What it is.
        array: (neurons,) or (1,); what the kernels read and write.
        source: What a recorder reads: position of a buffer, or -1 - population; None for none.
        mirrors: Further arrays that have to hold the same.
        arrived: For a conductance with an equation of its own the position of the buffer in which
            its sum arrives: it is recorded with that, before the equation runs.
        real: The type of the network's values: what is set has to be finite in it.
    """

    attribute: Attribute
    array: NDArray[Any]
    source: int | None = None
    mirrors: tuple[NDArray[Any], ...] = field(default=())
    arrived: int | None = None
    real: DTypeLike = np.float64

    def write(self, values: Initial, where: NDArray[Any] | slice = slice(None)) -> None:
        """Set all values, or those at some ranks."""
        kept = as_type(np.asarray(values, dtype=np.float64).reshape(-1), self.attribute.type)
        self.array[where] = kept
        for mirror in self.mirrors:
            mirror[:] = kept


def attributes_of(network: Network, population: Population) -> dict[str, Attribute]:
    """Parameters, variables, measured rate and conductances of a population, in this order.

    A parameter that only a reset writes is a parameter here, as the script that declared it
    expects, although it changes.
    """
    if population.neuron is None:
        return {}
    model = population.model()
    values = population.parameter_values()
    updated = _updated(model)
    found = [
        Attribute(
            entry.name, "parameter", entry.local or values[entry.name].size > 1, entry.type,
            _spread(values[entry.name], population),
        )
        for entry in model.parameters
    ]  # fmt: skip
    variables = [
        Attribute(
            entry.name,
            "variable" if entry.name in updated else "parameter",
            entry.local,
            entry.type,
            _spread(initial_values(entry.initial, values), population),
        )
        for entry in model.variables
        if not getattr(entry, "internal", False)  # what annconv keeps for itself
    ]
    found += [entry for entry in variables if entry.is_parameter]
    found += [entry for entry in variables if not entry.is_parameter]
    if model.emit is None:
        found.append(Attribute(FIRING_RATE, "rate", True, "float", 0.0))
    known = {entry.name for entry in found}
    targets = dict.fromkeys(entry.target for entry in network.arriving(population.name))
    found += [
        Attribute(f"g_{target}", "conductance", True, "float", 0.0)
        for target in model.conductances
        if target in targets and f"g_{target}" not in known
    ]
    return {entry.name: entry for entry in found}


def open_slots(
    state: State, population: Population, attributes: dict[str, Attribute], rates: NDArray[Any]
) -> dict[str, Slot]:
    """The memory of a population's attributes.

    Args:
        state: The compiled network.
        population: One with neurons.
        attributes: Its attributes.
        rates: Where the input's rates are kept.
    """
    kernel = state.update_of(population.name)
    variables = {entry.name: entry.buffer for entry in kernel.variables}
    conductances = {f"g_{target}": buffer for target, buffer in kernel.conductances}
    slots: dict[str, Slot] = {}
    for name, entry in attributes.items():
        if name in variables:
            buffer = variables[name]
            arrived = state.position(conductances[name]) if name in conductances else None
            slots[name] = Slot(
                entry, state.buffers[buffer], state.position(buffer), arrived=arrived
            )
        elif entry.role == "conductance":
            buffer = conductances[name]
            slots[name] = Slot(entry, state.given[buffer], state.position(buffer))
        elif entry.role == "rate":
            array = state.firing_rates(kernel.population)
            slots[name] = Slot(entry, array, -1 - kernel.population)
        elif population.role == "input" and name == RATES:
            slots[name] = Slot(entry, rates)
        else:
            slots[name] = _parameter(state, population, entry)
    return {name: replace(slot, real=state.real) for name, slot in slots.items()}


def _parameter(state: State, population: Population, entry: Attribute) -> Slot:
    """A parameter's memory; one that no equation reads is kept here alone."""
    array = state.array_of(Source("parameter", population.name, entry.name))
    if array is None:
        array = np.zeros(population.size if entry.local else 1)
        array[:] = np.reshape(entry.initial, -1)
    shared = state.array_of(Source("readout", "", entry.name))
    mirrors = (shared,) if population.role == "output" and shared is not None else ()
    return Slot(entry, array, None, mirrors)


def _updated(model: NeuronModel) -> frozenset[str]:
    """Variables that equations write, not only resets."""
    found: set[str] = set()
    for statement in model.update:
        entries = (statement,) if isinstance(statement, Assign) else statement.equations
        found |= {entry.variable for entry in entries}
    return frozenset(found)


def _spread(values: NDArray[Any], population: Population) -> Initial:
    """One value as a float, others in the population's geometry."""
    if values.size == 1:
        return float(values.reshape(()))
    return np.array(np.broadcast_to(values, population.geometry), dtype=np.float64)
