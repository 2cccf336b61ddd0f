"""Projections whose weights are shared, or that have none: convolutions and pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.errors import FilterError, UnavailableError
from annconv.ir import operators as o
from annconv.ir.projection import Projection as ProjectionData
from annconv.live.projection import WEIGHT, Projection
from annconv.live.synapse import Synapse
from annconv.live.values import as_numbers
from annconv.live.weights import filters, learned_operators, pooling


class Convolution(Projection):
    """The projection of a convolution: its weights are filters that all neurons share."""

    _learned_name = "weights"

    @property
    def synapse_type(self) -> Synapse:
        """What a synapse does."""
        return Synapse(psp=f"pre.{self._data.transmits} * w", operation=self.operation)

    @property
    def operation(self) -> str:
        """How what arrives is combined."""
        return "sum"

    @property
    def weights(self) -> NDArray[np.float64]:
        """(filters, rows, columns, channels) float64; may be set to an array of this shape."""
        return np.array(self._learned(), dtype=np.float64)

    @weights.setter
    def weights(self, value: object) -> None:
        kept = self._learned()
        kept[...] = self._checked(value, kept)

    def matrix(self) -> NDArray[Any]:
        """Refused: the weights are shared."""
        raise UnavailableError(
            f"projection {self.name!r} has no {WEIGHT!r}: all neurons of a convolution share its "
            "filters: expected a projection of a Dense layer. Use its attribute 'weights'."
        )

    def snapshot(self) -> dict[str, Any]:
        """Description and weights."""
        return {
            "name": self.name,
            "pre": self.pre.name,
            "post": self.post.name,
            "target": self.target,
            "weights": self.weights,
        }

    def _learned(self) -> NDArray[Any]:
        """(filters, rows, columns, channels), a view of what the kernels read."""
        kept = filters(self._engine.state, self._data)
        if kept is None:
            raise self._without("weights")
        return kept

    def _checked(self, value: object, kept: NDArray[Any]) -> NDArray[Any]:
        numbers = as_numbers(value, f"{self.name}.weights", kept.dtype)
        if numbers.shape != kept.shape:
            raise FilterError(
                f"{self.name}.weights",
                expected=f"an array {kept.shape} of filters, rows, columns and channels",
                received=f"shape {numbers.shape}",
            )
        return numbers


class Pooling(Projection):
    """The projection of a pooling layer: it has no weights."""

    @property
    def synapse_type(self) -> Synapse:
        """What a synapse does."""
        return Synapse(psp=f"pre.{self._data.transmits}", operation=self.operation)

    @property
    def operation(self) -> str:
        """How what arrives is combined: "max" or "mean"."""
        return "max" if isinstance(pooling(self._data), o.MaxPool) else "mean"

    @property
    def extent(self) -> list[int]:
        """Extents of the window, 1 for the channels."""
        found = pooling(self._data)
        return [1] if found is None else [*found.size, 1]

    def matrix(self) -> NDArray[Any]:
        """Refused: there are no weights."""
        raise UnavailableError(
            f"projection {self.name!r} has no {WEIGHT!r}: a pooling layer has no weights: expected "
            "a projection of a Dense or Conv2D layer. Its window is 'extent', and 'operation' says "
            "what it takes of it."
        )


def handle_of(data: ProjectionData) -> type[Projection]:
    """The class of the handle of a projection: what its weights are, if it has any."""
    learned = tuple(learned_operators(data).values())
    if len(learned) == 1 and isinstance(learned[0], o.Convolution):
        return Convolution
    return Pooling if not learned and pooling(data) is not None else Projection
