"""What `load_keras_model` returns: populations and projections under ANNarchy's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from annconv.errors import UnavailableError, nearest
from annconv.ir.arrays import Geometry
from annconv.ir.network import Network, Population, Projection
from annconv.neurons.grammar import REFRACTORY
from annconv.neurons.neuron import Neuron

Handle = TypeVar("Handle")

_LATER = (
    "simulate", "simulate_until", "step", "reset", "monitor", "time", "current_step",
    "get_monitors", "get_monitor",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class PopulationHandle:
    """One population, described as ANNarchy describes it.

    Attributes:
        name: The Keras layer's name.
        geometry: Shape; ranks run through it in C order.
        neuron_type: Its equations; None for a junction, which has no neurons.
        parameters: Names of the neuron's parameters.
        variables: Names of the neuron's variables.
    """

    name: str
    geometry: Geometry
    neuron_type: Neuron | None
    parameters: list[str]
    variables: list[str]

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.geometry))

    @property
    def ranks(self) -> NDArray[np.int32]:
        """(size,) int32: the rank of every neuron."""
        return np.arange(self.size, dtype=np.int32)

    @property
    def attributes(self) -> list[str]:
        """Names of parameters and variables."""
        return [*self.parameters, *self.variables]

    def __len__(self) -> int:
        return self.size

    def __getattr__(self, name: str) -> object:
        raise _unavailable("population", self.name, name)


@dataclass(frozen=True, slots=True, eq=False)
class ProjectionHandle:
    """One projection, described as ANNarchy describes it.

    Attributes:
        name: `dense_proj_N`, `conv_proj_N` or `pool_proj_N`.
        pre: The population it reads.
        post: The population it adds to.
        target: The conductance it adds to.
        delay: Delay in ms.
    """

    name: str
    pre: PopulationHandle
    post: PopulationHandle
    target: str
    delay: float

    def __getattr__(self, name: str) -> object:
        raise _unavailable("projection", self.name, name)


def _unavailable(kind: str, owner: str, name: str) -> UnavailableError:
    """The error for an attribute of the reference that handles do not have."""
    return UnavailableError(
        f"{kind} {owner!r} has no attribute {name!r}: expected one that describes it, as this "
        "version reads and sets no values. Parameters and weights are in the handle's `network`; "
        "spikes come from annconv.compile(handle.network).run(samples, record=[...])."
    )


class NetworkHandle:
    """The loaded network. It describes; `ANNtoSNNConverter.predict` runs it.

    Attributes:
        network: The Network behind it, for `annconv.save` and `annconv.compile`.
        dt: Length of a step in ms.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.dt = network.dt
        self._populations = [_population(entry) for entry in network.populations]
        self._projections = [self._projection(entry) for entry in network.projections]

    def get_populations(self) -> list[PopulationHandle]:
        """All populations in layer order."""
        return self._populations

    def get_population(self, name: str) -> PopulationHandle | None:
        """The population of that name; as in the reference, None and a printed line if unknown."""
        return self._find("population", name, {entry.name: entry for entry in self._populations})

    def get_projections(self) -> list[ProjectionHandle]:
        """All projections in layer order."""
        return self._projections

    def get_projection(self, name: str) -> ProjectionHandle | None:
        """The projection of that name; as in the reference, None and a printed line if unknown."""
        return self._find("projection", name, {entry.name: entry for entry in self._projections})

    @staticmethod
    def _find(kind: str, name: str, entries: dict[str, Handle]) -> Handle | None:
        if not isinstance(name, str) or name not in entries:
            print(f"There is no {kind} {name!r}. {nearest(name, entries)}.")
            return None
        return entries[name]

    def _projection(self, projection: Projection) -> ProjectionHandle:
        ends = {entry.name: entry for entry in self._populations}
        return ProjectionHandle(
            projection.name,
            ends[projection.pre],
            ends[projection.post],
            projection.target,
            projection.delay * self.dt,
        )

    def __getattr__(self, name: str) -> object:
        if name in _LATER:
            raise UnavailableError(
                f"network.{name}: this version describes the loaded network and does not step it: "
                "expected one of get_populations, get_population, get_projections, get_projection. "
                "Use predict, or annconv.compile(handle.network).run(samples, record=[...])."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _population(population: Population) -> PopulationHandle:
    name, geometry = population.name, population.geometry
    if population.neuron is None:
        return PopulationHandle(name, geometry, None, [], [])
    model = population.model()
    parameters = [entry.name for entry in model.parameters if entry.name != REFRACTORY]
    variables = [entry.name for entry in model.variables if not entry.internal]
    return PopulationHandle(name, geometry, population.neuron, parameters, variables)
