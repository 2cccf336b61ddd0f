"""One neuron of a population."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from annconv.live.access import Guarded, from_property, missing
from annconv.live.values import as_one
from annconv.live.view import PopulationView

if TYPE_CHECKING:
    from annconv.live.population import Population

_OWN = frozenset({"population", "rank"})


class IndividualNeuron(Guarded):
    """A neuron; its attributes are floats. One that all neurons share is set for all of them.

    Attributes:
        population: Where it is.
        rank: Its rank there.
    """

    _kind = "neuron"
    _fixed = frozenset({"population", "rank"})
    _instead = MappingProxyType(
        dict.fromkeys(("rank", "coordinates"), "Take another: population.neuron(rank).")
    )

    def __init__(self, population: Population, rank: int) -> None:
        self.population, self.rank = population, rank

    @property
    def coordinates(self) -> tuple[int, ...]:
        """Its place in the population's geometry."""
        return self.population.coordinates_from_rank(self.rank)

    def get(self, name: str) -> float:
        """An attribute's value.

        Raises:
            UnavailableError: There is no such attribute.
        """
        population = self.population
        if name not in population.attributes:
            raise missing("neuron of", population.name, name, population.attributes)
        slot = population.slot(name)
        return float(slot.array[self.rank if slot.attribute.local else 0])

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in _OWN:
            raise AttributeError(name)
        return object.__getattribute__(self, name) if from_property(self, name) else self.get(name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in _OWN or name not in self.population.attributes:
            super().__setattr__(name, value)
            return
        slot = self.population.slot(name)
        number = as_one(value, f"{self.population.name}.{name}", slot.real)
        where = slice(self.rank, self.rank + 1) if slot.attribute.local else slice(None)
        slot.write(number, where)

    def __add__(self, other: object) -> PopulationView:
        view = PopulationView(self.population, np.array([self.rank]))
        return view + (PopulationView(other.population, np.array([other.rank]))
                       if isinstance(other, IndividualNeuron) else other)  # fmt: skip

    def __repr__(self) -> str:
        population = self.population
        values = (f"{name} = {self.get(name)}" for name in population.attributes)
        return (
            f"<neuron {self.rank} at {self.coordinates} of {population.name!r}: "
            f"{', '.join(values)}>"
        )
