"""Some neurons of a population."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annconv.errors import InputError, UnavailableError
from annconv.live.access import Guarded, from_property, missing
from annconv.live.slots import Slot
from annconv.live.values import as_mapping, as_values

if TYPE_CHECKING:
    from annconv.live.population import Population

_OWN = frozenset({"population", "ranks", "geometry", "name"})


class PopulationView(Guarded):
    """Some neurons, in the order of their ranks; local attributes are read and set as one array.

    Attributes:
        population: Where they are.
        ranks: (size,) whole numbers.
        geometry: Shape of the selection.
        name: Of the population.
    """

    _kind = "view of"
    _fixed = frozenset({"population", "ranks", "geometry"})
    _instead = MappingProxyType(
        dict.fromkeys(("ranks", "geometry", "size"), "Select others: population[ranks].")
    )

    def __init__(
        self,
        population: Population,
        ranks: NDArray[np.integer[Any]],
        geometry: tuple[int, ...] | None = None,
    ) -> None:
        self.population, self.ranks = population, ranks
        self.geometry = (len(ranks),) if geometry is None else geometry
        self.name = population.name

    @classmethod
    def select(cls, population: Population, index: object) -> PopulationView:
        """The neurons that an index names.

        Args:
            population: Where they are.
            index: A rank, a slice or list of ranks, or a tuple with an entry for each axis.
        Raises:
            InputError: It names no neuron, or one that does not exist.
        """
        ranks = np.arange(population.size).reshape(population.geometry)
        if isinstance(index, tuple):
            found = _select(ranks, index, population)
            return cls(population, np.sort(found.ravel()), found.shape)
        found = np.unique(_select(ranks.ravel(), (index,), population))
        kept = found.astype(np.int32) if isinstance(index, slice) else found
        return cls(population, kept)

    @property
    def size(self) -> int:
        """Number of neurons."""
        return len(self.ranks)

    @property
    def id(self) -> int:
        """Position of the population in the network."""
        return self.population.id

    @property
    def neuron_type(self) -> Any:
        """The neurons' equations."""
        return self.population.neuron_type

    @property
    def parameters(self) -> list[str]:
        """Names of the neurons' parameters."""
        return self.population.parameters

    @property
    def variables(self) -> list[str]:
        """Names of the neurons' variables."""
        return self.population.variables

    @property
    def attributes(self) -> list[str]:
        """Names of parameters and variables."""
        return self.population.attributes

    @property
    def targets(self) -> list[str]:
        """Targets of the projections that arrive."""
        return self.population.targets

    @property
    def max_delay(self) -> int:
        """Spikes kept for delays of more than a step: none."""
        return self.population.max_delay

    def get(self, name: str) -> NDArray[np.float64]:
        """(size,) float64, a local attribute in the order of ranks.

        Raises:
            UnavailableError: There is no such attribute, or all neurons share it.
        """
        values: NDArray[np.float64] = self._slot(name).array[self.ranks].astype(np.float64)
        return values

    def set(self, values: object) -> None:
        """Set several local attributes.

        Raises:
            InputError: Not a dict, or a value does not fit.
            UnavailableError: All neurons share an attribute.
        """
        for name, value in as_mapping(values, f"view of {self.name}: set").items():
            setattr(self, name, value)

    def sum(self, target: str) -> NDArray[np.float64]:
        """(size,) as `Population.sum`."""
        values: NDArray[np.float64] = self.population.sum(target)[self.ranks]
        return values

    def coordinates_from_rank(self, rank: object) -> tuple[int, ...]:
        """Coordinates in the population of a neuron, by its rank there."""
        return self.population.coordinates_from_rank(rank)

    def rank_from_coordinates(self, coordinates: object) -> int:
        """Rank in the population of a neuron, by its coordinates there."""
        return self.population.rank_from_coordinates(coordinates)

    def recorded(self) -> tuple[str, NDArray[np.int32] | None, int, tuple[int, ...]]:
        """Whose values a monitor of this view records."""
        name = self.population.recorded()[0]
        return name, self.ranks.astype(np.int32), self.size, (self.size,)

    def __add__(self, other: object) -> PopulationView:
        if not isinstance(other, PopulationView) or other.population is not self.population:
            raise InputError(
                f"view of {self.name!r} +",
                expected="a view of the same population",
                received=repr(other),
            )
        return PopulationView(self.population, np.union1d(self.ranks, other.ranks))

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        return f"<view of {self.name!r}: {self.size} of {self.population.size} neurons>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in _OWN:
            raise AttributeError(name)
        return object.__getattribute__(self, name) if from_property(self, name) else self.get(name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in _OWN or name not in self.population.attributes:
            super().__setattr__(name, value)
            return
        slot = self._slot(name)
        what = f"view of {self.name}: {name}"
        slot.write(as_values(value, self.size, what, slot.real), self.ranks)

    def _slot(self, name: str) -> Slot:
        population = self.population
        if name not in population.attributes:
            raise missing("view of", population.name, name, population.attributes)
        slot = population.slot(name)
        if not slot.attribute.local:
            raise UnavailableError(
                f"view of {population.name!r}: {name!r} is one value for the whole population: "
                f"expected a local attribute. Use the population's own {name!r}."
            )
        return slot


def _select(
    ranks: NDArray[np.int64], index: tuple[object, ...], population: Population
) -> NDArray[np.int64]:
    """Ranks under an index; a whole number keeps its axis."""
    entries: list[Any] = [_kept_axis(entry) for entry in index]
    fits = len(entries) == ranks.ndim and all(
        _fits(entry, extent) for entry, extent in zip(entries, ranks.shape, strict=True)
    )
    if fits:
        axes = [
            np.arange(extent)[entry] for entry, extent in zip(entries, ranks.shape, strict=True)
        ]
        found: NDArray[np.int64] = ranks[np.ix_(*axes)]
        if found.size:
            return found
    shown = index[0] if len(index) == 1 else index
    raise InputError(
        f"neurons of {population.name!r}",
        expected=f"ranks from 0 to {math.prod(population.geometry) - 1}, or an index for each axis "
        f"of {population.geometry}",
        received=repr(shown),
    )


def _kept_axis(entry: Any) -> Any:
    """A whole number as the slice that selects it alone."""
    return slice(int(entry), int(entry) + 1) if _is_whole(entry) else entry


def _is_whole(entry: object) -> bool:
    return isinstance(entry, int | np.integer) and not isinstance(entry, bool)


def _fits(entry: Any, extent: int) -> bool:
    """Whether an entry of an index stays within an axis; negative ranks do not."""
    if isinstance(entry, slice):
        bounds = (entry.start, entry.stop, entry.step)
        whole = all(bound is None or _is_whole(bound) for bound in bounds)
        return (
            whole
            and all(0 <= (bound or 0) <= extent for bound in bounds[:2])
            and (entry.step is None or entry.step > 0)
        )
    try:
        listed = np.asarray(entry)
    except ValueError:
        return False
    if listed.ndim != 1 or not listed.size:
        return False
    if listed.dtype == np.bool_:
        return len(listed) == extent
    return listed.dtype.kind in "iu" and bool(((listed >= 0) & (listed < extent)).all())
