"""A population of a live network: its attributes are read and set under their own names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.durations import time_steps
from annconv.errors import InputError, OptionError, UnavailableError, nearest
from annconv.ir.population import Population as PopulationData
from annconv.live.access import Guarded, from_property, missing, read_slot, write_slot
from annconv.live.engine import Engine
from annconv.live.neuron import IndividualNeuron
from annconv.live.slots import Initial, Slot
from annconv.live.stopping import stop_condition
from annconv.live.storage import check_origin, load_arrays, save_arrays
from annconv.live.values import as_mapping, as_one, as_values
from annconv.live.view import PopulationView
from annconv.neurons.grammar import REFRACTORY
from annconv.neurons.neuron import Neuron

_SPIKES = "_spikes"
_OWN = frozenset({"name", "_engine", "_data", "_attributes"})


class Population(Guarded):
    """Neurons of one kind.

    Attributes, that is parameters and variables of the neuron's equations, the measured rate `r`
    and the conductances, are read and set as `population.v`. A local one is float64 of the
    population's geometry, one of the whole population a float. Any other name becomes a Python
    attribute when it is set, as in the reference.

    Attributes:
        name: The Keras layer's name.
    """

    _kind = "population"
    _instead = MappingProxyType(
        {
            "enabled": "Use enable() or disable().",
            "init": "Set its entries: population.init['v'] = 0.5.",
            "refractory": "Write it into the neuron: Neuron(..., refractory=3.0).",
            "neuron_type": "Give the neuron to ANNtoSNNConverter(hidden_neuron=...).",
        }
    )

    def __init__(self, engine: Engine, data: PopulationData) -> None:
        self._engine, self._data = engine, data
        self._attributes = engine.attributes[data.name]
        self.name = data.name

    @property
    def geometry(self) -> tuple[int, ...]:
        """Shape; ranks run through it in C order."""
        return self._data.geometry

    @property
    def size(self) -> int:
        """Number of neurons."""
        return self._data.size

    @property
    def width(self) -> int:
        """First extent of the geometry."""
        return self.geometry[0]

    @property
    def height(self) -> int:
        """Second extent of the geometry, 1 where there is none."""
        return self.geometry[1] if self.dimension > 1 else 1

    @property
    def depth(self) -> int:
        """Third extent of the geometry, 1 where there is none."""
        return self.geometry[2] if self.dimension > 2 else 1

    @property
    def dimension(self) -> int:
        """Number of axes of the geometry."""
        return len(self.geometry)

    @property
    def ranks(self) -> NDArray[np.int32]:
        """(size,) int32: the rank of every neuron."""
        return np.arange(self.size, dtype=np.int32)

    @property
    def id(self) -> int:
        """Position in the network."""
        return self._engine.network.names.index(self._data.name)

    @property
    def class_name(self) -> str:
        """The reference's name for the population in its generated code."""
        return f"pop{self.id}"

    @property
    def neuron_type(self) -> Neuron | None:
        """The neuron's equations; None for a junction, which has no neurons."""
        return self._data.neuron

    @property
    def parameters(self) -> list[str]:
        """Names of the neuron's parameters; without its refractory period."""
        return [
            name
            for name, entry in self._attributes.items()
            if entry.is_parameter and name != REFRACTORY
        ]

    @property
    def variables(self) -> list[str]:
        """Names of the neuron's variables, `r` and the conductances last."""
        return [name for name, entry in self._attributes.items() if not entry.is_parameter]

    @property
    def attributes(self) -> list[str]:
        """Names of parameters and variables."""
        return [*self.parameters, *self.variables]

    @property
    def functions(self) -> list[str]:
        """Names of the neuron's own functions; here there are none."""
        return []

    @property
    def targets(self) -> list[str]:
        """Targets of the projections that arrive."""
        arriving = self._engine.network.arriving(self._data.name)
        return list(dict.fromkeys(entry.target for entry in arriving))

    @property
    def init(self) -> dict[str, Initial]:
        """Values that a reset restores, by attribute; edit it to change them for good.

        A name that is no attribute is refused, with a KeyError.
        """
        return self._engine.initial[self._data.name]

    @property
    def stop_condition(self) -> str | None:
        """What `simulate_until` waits for, None if there is no such condition."""
        is_output = self._data.role == "output"
        return stop_condition(self._engine.network.readout) if is_output else None

    @property
    def max_delay(self) -> int:
        """Spikes kept for delays of more than a step: none."""
        return 0

    @property
    def refractory(self) -> None:
        """Refractory period in ms: neurons here have none of the population's."""
        return None

    @property
    def enabled(self) -> bool:
        """Whether the population updates."""
        return bool(self._engine.state.enabled[self.id])

    def enable(self) -> None:
        """Update again."""
        self._engine.state.enabled[self.id] = 1

    def disable(self) -> None:
        """Stay as it is, and silent, until `enable`."""
        self._engine.state.enabled[self.id] = 0

    def get(self, name: str) -> Any:
        """An attribute's value.

        Returns:
            A fresh float64 array of the population's geometry; a float if all neurons share it.
        Raises:
            UnavailableError: There is no such attribute.
        """
        if name not in self._attributes:
            raise missing("population", self.name, name, self.attributes)
        slot = self._engine.slot(self._data.name, name)
        return read_slot(slot, self.geometry)

    def set(self, values: object) -> None:
        """Set several attributes.

        Args:
            values: Attribute -> number, or array-like with one for each neuron.
        Raises:
            InputError: Not a dict, or a value does not fit.
        """
        for name, value in as_mapping(values, f"{self.name}.set").items():
            setattr(self, name, value)

    def reset(self, attributes: str | Iterable[str] | None = None) -> None:
        """Return attributes to their values in `init`, and forget spikes as `clear` does.

        Args:
            attributes: Some of them; None: all.
        Raises:
            UnavailableError: There is no such attribute.
            InputError: What stands in `init` cannot be a value.
        """
        if attributes is None:
            self._engine.reset_population(self._data.name)
            return
        names = [attributes] if isinstance(attributes, str) else list(attributes)
        for name in names:
            if name not in self._attributes:
                raise missing("population", self.name, name, self.attributes)
        self._engine.reset_population(self._data.name, names)

    def clear(self) -> None:
        """Drop spikes that have not arrived yet, and forget the earlier ones.

        So `t_last` is as before the first spike, no neuron waits any longer, and rates are measured
        anew.
        """
        self._engine.forget_spikes(self._data.name)

    def sum(self, target: str) -> NDArray[np.float64]:
        """(size,) what was put into a conductance and not yet used up.

        Raises:
            UnavailableError: No projection has that target.
        """
        if target not in self.targets:
            raise UnavailableError(
                f"sum of {self.name!r}: expected the target of a projection onto it, received "
                f"{target!r}. {nearest(target, self.targets)}."
            )
        return np.ravel(self.get(f"g_{target}"))

    def compute_firing_rate(self, window: float) -> None:
        """Measure the variable `r` from now on; of earlier spikes those count that are known.

        Args:
            window: In ms, cut to whole steps; `r` is the number of spikes in it, divided by it, in
                Hz.
        Raises:
            OptionError: Not a number, or shorter than a step.
        """
        dt = self._engine.network.dt
        steps = time_steps(window, dt, "window")
        if steps == 0:
            raise OptionError(
                f"window: expected at least a step of {dt:g} ms, received {window!r}."
            )
        self._engine.state.measure(self.id, steps, 1000.0 / window)

    def rank_from_coordinates(self, coordinates: object) -> int:
        """Rank of a neuron.

        Args:
            coordinates: A tuple, one whole number for each axis.
        Raises:
            InputError: Outside the geometry, or not such a tuple.
        """
        given = coordinates if isinstance(coordinates, tuple | list) else (coordinates,)
        fits = len(given) == self.dimension and all(
            isinstance(entry, int | np.integer) and 0 <= entry < extent
            for entry, extent in zip(given, self.geometry, strict=True)
        )
        if not fits:
            raise InputError(
                f"coordinates in {self.name!r}",
                expected=f"one number for each axis of {self.geometry}, counted from 0",
                received=repr(coordinates),
            )
        return int(np.ravel_multi_index(tuple(given), self.geometry))

    def coordinates_from_rank(self, rank: object) -> tuple[int, ...]:
        """Coordinates of a neuron.

        Raises:
            InputError: There is no such rank.
        """
        found = np.unravel_index(self._checked(rank), self.geometry)
        return tuple(int(entry) for entry in found)

    def normalized_coordinates_from_rank(
        self, rank: object, norm: float = 1.0
    ) -> tuple[float, ...]:
        """Coordinates of a neuron, each from 0 to `norm`.

        Raises:
            InputError: There is no such rank.
        """
        coordinates = self.coordinates_from_rank(rank)
        return tuple(
            norm * entry / max(1, extent - 1)
            for entry, extent in zip(coordinates, self.geometry, strict=True)
        )

    def neuron(self, *coordinates: object) -> IndividualNeuron:
        """One neuron, by rank or coordinates.

        Raises:
            InputError: There is no such neuron.
        """
        given = coordinates[0] if len(coordinates) == 1 else coordinates
        if isinstance(given, tuple | list):
            return IndividualNeuron(self, self.rank_from_coordinates(given))
        return IndividualNeuron(self, self._checked(given))

    @property
    def neurons(self) -> Iterator[IndividualNeuron]:
        """Every neuron in the order of ranks."""
        return (IndividualNeuron(self, rank) for rank in range(self.size))

    def save(self, filename: str | Path) -> None:
        """Save all attributes to a `.npz` file.

        Raises:
            ModelFileError: The file cannot be written, or has another suffix.
        """
        save_arrays(filename, self.snapshot())

    def load(self, filename: str | Path) -> None:
        """Restore what `save` wrote.

        Raises:
            ModelFileError: The file is missing or damaged.
            InputError: It is of another population.
        """
        self.prepare(load_arrays(filename))()

    def snapshot(self) -> dict[str, Any]:
        """Description, values of all attributes, and the spikes that have not arrived yet."""
        return {
            "name": self.name,
            "geometry": np.asarray(self.geometry),
            "size": self.size,
            "attributes": self.attributes,
            "parameters": self.parameters,
            "variables": self.variables,
            _SPIKES: self._engine.spikes(self._data.name).reshape(self.geometry),
            **{name: self.get(name) for name in self.attributes},
        }

    def prepare(self, values: Mapping[str, Any]) -> Callable[[], None]:
        """Check what `snapshot` gave; nothing is changed.

        Returns:
            What sets it.
        Raises:
            InputError: It is of another population, or lacks something.
        """
        what, size, data = f"population {self.name!r}", self.size, self._data.name
        check_origin(what, values, {"name": self.name, "geometry": self.geometry}, self.attributes)
        found: list[tuple[Slot, Initial]] = []
        for name in self.attributes:
            slot, where = self.slot(name), f"{self.name}.{name}"
            value, real = values[name], slot.real
            local = slot.attribute.local
            kept = as_values(value, size, where, real) if local else as_one(value, where, real)
            found.append((slot, kept))
        emitted = as_values(values.get(_SPIKES, 0), size, f"spikes of {self.name!r}")
        if not np.isin(emitted, (-1, 0, 1)).all():
            raise InputError(what, expected="spikes of -1, 0 and 1", received=f"{emitted}")

        def write() -> None:
            for slot, value in found:
                slot.write(value)
            self._engine.spikes(data)[:] = emitted

        return write

    def __getitem__(self, index: object) -> IndividualNeuron | PopulationView:
        entries = index if isinstance(index, tuple) else (index,)
        whole = all(isinstance(entry, int | np.integer) for entry in entries)
        if isinstance(index, tuple) and whole:
            return self.neuron(*index)
        return PopulationView.select(self, index)

    def __iter__(self) -> Iterator[IndividualNeuron]:
        return self.neurons

    def __len__(self) -> int:
        return self.size

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in _OWN:
            raise AttributeError(name)
        return object.__getattribute__(self, name) if from_property(self, name) else self.get(name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in _OWN or name not in self._attributes:
            super().__setattr__(name, value)
            return
        if isinstance(value, str):
            value = self.get(value)
        write_slot(self._engine.slot(self._data.name, name), value, self.size, self.name)

    def _checked(self, rank: object) -> int:
        if isinstance(rank, int | np.integer) and 0 <= rank < self.size:
            return int(rank)
        raise InputError(
            f"rank in {self.name!r}", expected=f"0 to {self.size - 1}", received=repr(rank)
        )

    def slot(self, name: str) -> Slot:
        """Where an attribute lies."""
        return self._engine.slot(self._data.name, name)

    def recorded(self) -> tuple[str, NDArray[np.int32] | None, int, tuple[int, ...]]:
        """Whose values a monitor of this population records."""
        return self._data.name, None, math.prod(self.geometry), self.geometry
