"""The synapses of one post-synaptic neuron."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from annconv.errors import InputError
from annconv.live.access import Guarded, missing
from annconv.live.values import as_mapping, as_one, as_values

if TYPE_CHECKING:
    from annconv.live.population import Population
    from annconv.live.projection import Projection

_WEIGHT = "w"


class Dendrite(Guarded):
    """All synapses of one neuron.

    Attributes:
        proj: Their projection.
        post_rank: Rank of the neuron.
    """

    _kind = "dendrite"
    _fixed = frozenset({"proj", "post_rank"})

    def __init__(self, proj: Projection, post_rank: int) -> None:
        self.proj, self.post_rank = proj, post_rank

    @property
    def pre(self) -> Population:
        """The population it reads."""
        return self.proj.pre

    @property
    def post(self) -> Population:
        """The population of its neuron."""
        return self.proj.post

    @property
    def target(self) -> str:
        """The conductance it adds to."""
        return self.proj.target

    @property
    def parameters(self) -> list[str]:
        """Names of what a synapse has."""
        return self.proj.parameters

    @property
    def variables(self) -> list[str]:
        """Names of what changes by itself: nothing."""
        return self.proj.variables

    @property
    def attributes(self) -> list[str]:
        """Names of parameters and variables."""
        return self.proj.attributes

    @property
    def size(self) -> int:
        """Number of synapses."""
        return len(self._column())

    @property
    def pre_ranks(self) -> list[int]:
        """Ranks of the pre-synaptic neurons."""
        return list(range(self.size))

    pre_rank = pre_ranks

    @property
    def w(self) -> list[float]:
        """Weights in the order of `pre_ranks`; may be set, to one number or as many as there are.

        Raises:
            UnavailableError: The projection has no weight of its own for each pair.
        """
        weights: list[float] = self._column().tolist()
        return weights

    @w.setter
    def w(self, value: object) -> None:
        self._set(value)

    def get(self, name: str) -> Any:
        """An attribute's value.

        Raises:
            UnavailableError: There is no such attribute.
        """
        if name != _WEIGHT:
            raise missing("dendrite of", self.proj.name, name, self.attributes)
        return self.w

    def set(self, values: object) -> None:
        """Set attributes.

        Raises:
            InputError: Not a dict, or a value does not fit.
            UnavailableError: There is no such attribute.
        """
        for name, value in as_mapping(values, f"dendrite {self.post_rank}: set").items():
            if name != _WEIGHT:
                raise missing("dendrite of", self.proj.name, name, self.attributes)
            self._set(value)

    def synapse(self, rank: object) -> IndividualSynapse:
        """One synapse, by the rank of its pre-synaptic neuron.

        Raises:
            InputError: There is none.
        """
        if not isinstance(rank, int | np.integer) or not 0 <= rank < self.size:
            raise InputError(
                f"synapse of {self.proj.name!r}",
                expected=f"a pre-synaptic rank from 0 to {self.size - 1}",
                received=repr(rank),
            )
        return IndividualSynapse(self, int(rank))

    @property
    def synapses(self) -> Iterator[IndividualSynapse]:
        """Every synapse."""
        return (IndividualSynapse(self, rank) for rank in range(self.size))

    def __getitem__(self, rank: object) -> IndividualSynapse:
        return self.synapse(rank)

    def __iter__(self) -> Iterator[IndividualSynapse]:
        return self.synapses

    def __len__(self) -> int:
        return self.size

    def weights(self) -> NDArray[Any]:
        """(size,) weights, a view of what the kernels read."""
        return self._column()

    def _set(self, value: object) -> None:
        column = self._column()
        what = f"w of dendrite {self.post_rank} of {self.proj.name!r}"
        column[:] = as_values(value, len(column), what, column.dtype)

    def _column(self) -> NDArray[Any]:
        return self.proj.matrix()[:, self.post_rank]


class IndividualSynapse(Guarded):
    """One synapse.

    Attributes:
        dendrite: Its dendrite.
        rank: Rank of its pre-synaptic neuron.
    """

    _kind = "synapse"
    _fixed = frozenset({"dendrite", "rank"})

    def __init__(self, dendrite: Dendrite, rank: int) -> None:
        self.dendrite, self.rank = dendrite, rank

    @property
    def w(self) -> float:
        """Its weight; may be set."""
        return float(self.dendrite.weights()[self.rank])

    @w.setter
    def w(self, value: object) -> None:
        what = f"w of synapse {self.rank} of {self.dendrite.proj.name!r}"
        column = self.dendrite.weights()
        column[self.rank] = as_one(value, what, column.dtype)
