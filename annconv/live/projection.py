"""A projection of a live network: its description, its weights, and whether it delivers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.errors import InputError, UnavailableError, nearest
from annconv.ir.projection import Projection as ProjectionData
from annconv.live.access import Guarded, from_property
from annconv.live.dendrite import Dendrite, IndividualSynapse
from annconv.live.engine import Engine
from annconv.live.population import Population
from annconv.live.storage import check_origin, load_arrays, save_arrays
from annconv.live.synapse import Synapse
from annconv.live.values import as_mapping, as_numbers
from annconv.live.weights import dense_weights

WEIGHT = "w"


class Projection(Guarded):
    """What one population sends to another; of a Dense layer, or of a chain without weights.

    Attributes:
        name: `dense_proj_N`, `conv_proj_N` or `pool_proj_N`.
        pre: The population it reads.
        post: The population it adds to.
        plasticity: Kept for scripts; nothing here learns.
        update: Kept for scripts; nothing here learns.
    """

    _learned_name = WEIGHT
    _kind = "projection"
    _fixed = frozenset({"pre", "post"})
    _instead = MappingProxyType({"delay": "Every projection delays by one step."})

    def __init__(
        self, engine: Engine, data: ProjectionData, pre: Population, post: Population
    ) -> None:
        self._engine, self._data = engine, data
        self.name, self.pre, self.post = data.name, pre, post
        self.plasticity = self.update = True

    @property
    def id(self) -> int:
        """Position in the network."""
        names = [entry.name for entry in self._engine.network.projections]
        return names.index(self._data.name)

    @property
    def target(self) -> str:
        """The conductance it adds to."""
        return self._data.target

    @property
    def delay(self) -> float:
        """In ms."""
        return self._data.delay * self._engine.network.dt

    @property
    def size(self) -> int:
        """Number of post-synaptic neurons."""
        return self.post.size

    @property
    def post_ranks(self) -> list[int]:
        """Ranks of the post-synaptic neurons."""
        return list(range(self.size))

    @property
    def parameters(self) -> list[str]:
        """Names of what a synapse has."""
        return [WEIGHT]

    @property
    def variables(self) -> list[str]:
        """Names of what changes by itself: nothing."""
        return []

    @property
    def attributes(self) -> list[str]:
        """Names of parameters and variables."""
        return [*self.parameters, *self.variables]

    @property
    def functions(self) -> list[str]:
        """Names of the synapse's own functions: none."""
        return []

    @property
    def synapse_type(self) -> Synapse:
        """What a synapse does."""
        return Synapse(pre_spike=f"g_{self.target} += w")

    @property
    def transmission(self) -> bool:
        """Whether the projection delivers; may be set."""
        return bool(self._engine.state.transmits[self.id])

    @transmission.setter
    def transmission(self, value: object) -> None:
        self._engine.state.transmits[self.id] = 1 if value else 0

    @property
    def w(self) -> list[list[float]]:
        """Weights, for each post-synaptic neuron those of all pre-synaptic ones; may be set.

        Raises:
            UnavailableError: The projection has no weight of its own for each pair.
        """
        rows: list[list[float]] = self.matrix().T.tolist()
        return rows

    @w.setter
    def w(self, value: object) -> None:
        kept = self.matrix().T
        kept[...] = self._checked(value, kept)

    def matrix(self) -> NDArray[Any]:
        """(pre, post) weights, a view of what the kernels read.

        Raises:
            UnavailableError: The projection has no weight of its own for each pair.
        """
        weights = dense_weights(self._engine.state, self._data)
        if weights is None:
            raise self._without(WEIGHT)
        return weights

    def get(self, name: str) -> Any:
        """An attribute's value.

        Raises:
            UnavailableError: There is no such attribute.
        """
        if name not in self.attributes:
            raise self._without(name)
        return getattr(self, name)

    def set(self, values: object) -> None:
        """Set several attributes.

        Raises:
            InputError: Not a dict, or a value does not fit.
            UnavailableError: There is no such attribute.
        """
        for name, value in as_mapping(values, f"{self.name}.set").items():
            if name not in self.attributes:
                raise self._without(name)
            setattr(self, name, value)

    @property
    def nb_synapses(self) -> int:
        """Number of weights."""
        return int(self.matrix().size)

    @property
    def nb_synapses_per_dendrite(self) -> list[int]:
        """Number of weights of each post-synaptic neuron."""
        pre, post = self.matrix().shape
        return [pre] * post

    @property
    def pre_ranks(self) -> list[list[int]]:
        """For each post-synaptic neuron the ranks of its pre-synaptic ones."""
        pre, post = self.matrix().shape
        return [list(range(pre)) for _ in range(post)]

    def connectivity_matrix(self, fill: float = 0.0) -> NDArray[np.float64]:
        """(post, pre) weights; `fill` stands where there is no synapse, which is nowhere here."""
        return np.array(self.matrix().T, dtype=np.float64)

    def dendrite(self, rank: object) -> Dendrite:
        """All synapses of one post-synaptic neuron.

        Raises:
            InputError: There is no such neuron.
        """
        if not isinstance(rank, int | np.integer) or not 0 <= rank < self.size:
            raise InputError(
                f"dendrite of {self.name!r}",
                expected=f"a rank from 0 to {self.size - 1}",
                received=repr(rank),
            )
        return Dendrite(self, int(rank))

    @property
    def dendrites(self) -> Iterator[Dendrite]:
        """The synapses of every post-synaptic neuron."""
        return (Dendrite(self, rank) for rank in range(self.size))

    def synapse(self, pre: object, post: object) -> IndividualSynapse:
        """One synapse, by the ranks of its neurons."""
        return self.dendrite(post).synapse(pre)

    def save(self, filename: str | Path) -> None:
        """Save the weights to a `.npz` file.

        Raises:
            ModelFileError: The file cannot be written, or has another suffix.
            UnavailableError: The projection has no weights.
        """
        save_arrays(filename, self.snapshot())

    def save_connectivity(self, filename: str | Path) -> None:
        """As `save`."""
        self.save(filename)

    def load(self, filename: str | Path) -> None:
        """Restore what `save` wrote.

        Raises:
            ModelFileError: The file is missing or damaged.
            InputError: It is of another projection.
        """
        self.prepare(load_arrays(filename))()

    def snapshot(self) -> dict[str, Any]:
        """Description and weights."""
        return {
            "name": self.name,
            "pre": self.pre.name,
            "post": self.post.name,
            "target": self.target,
            "post_ranks": self.post_ranks,
            "attributes": self.attributes,
            "parameters": self.parameters,
            "variables": self.variables,
            "delays": self.delay,
            "pre_ranks": self.pre_ranks,
            WEIGHT: self.connectivity_matrix(),
        }

    def prepare(self, values: Mapping[str, Any]) -> Callable[[], None]:
        """Check what `snapshot` gave; nothing is changed.

        Returns:
            What sets it.
        Raises:
            InputError: It is of another projection, or lacks something.
        """
        own = {
            "name": self.name,
            "pre": self.pre.name,
            "post": self.post.name,
            "target": self.target,
        }
        check_origin(f"projection {self.name!r}", values, own, [self._learned_name])
        kept = self._learned()
        numbers = self._checked(values[self._learned_name], kept)

        def write() -> None:
            kept[...] = numbers

        return write

    def _learned(self) -> NDArray[Any]:
        """What the projection learned, in the shape in which scripts see it; a view."""
        return self.matrix().T

    def _checked(self, value: object, kept: NDArray[Any]) -> NDArray[Any]:
        """A value that is to replace what the projection learned."""
        numbers = as_numbers(value, f"{self.name}.w", kept.dtype)
        if numbers.ndim and numbers.shape != kept.shape:
            raise InputError(
                f"{self.name}.w",
                expected=f"one number, or an array {kept.shape} of post and pre",
                received=f"shape {numbers.shape}",
            )
        return numbers

    def __getitem__(self, rank: object) -> Dendrite:
        return self.dendrite(rank)

    def __iter__(self) -> Iterator[Dendrite]:
        return self.dendrites

    def __len__(self) -> int:
        return self.size

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if from_property(self, name):
            return object.__getattribute__(self, name)
        raise self._without(name)

    def _without(self, name: object) -> UnavailableError:
        known = [*self.attributes, "name", "pre", "post", "target", "delay", "size"]
        return UnavailableError(
            f"projection {self.name!r} has no attribute {name!r}. {nearest(name, known)}."
        )
