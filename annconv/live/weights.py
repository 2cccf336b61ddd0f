"""Weights of a projection as views of what the kernels read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.errors import UnavailableError
from annconv.ir.arrays import WeightArray
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool
from annconv.ir.projection import Projection
from annconv.plan.arrays import Source
from annconv.runtime.state import State

Learned = Dense | Convolution
"""An operator whose weights were learned."""


def learned_operators(projection: Projection) -> dict[int, Learned]:
    """Those of a projection, by their position in its chain."""
    return {
        position: operator
        for position, operator in enumerate(projection.operators)
        if isinstance(operator, Learned)
    }


def only_learned(projection: Projection) -> tuple[int, Learned] | None:
    """Position and operator of the one whose weights are the projection's; None without any.

    Raises:
        UnavailableError: There are several, so that none of them alone is the projection's.
    """
    found = learned_operators(projection)
    if len(found) > 1:
        listed = ", ".join(map(str, found.values()))
        raise UnavailableError(
            f"projection {projection.name!r} has no weights of its own: expected one operator with "
            f"weights, received {len(found)}: {listed}. `network.network` holds those of each."
        )
    return next(iter(found.items()), None)


def loaded_weights(operator: Learned) -> WeightArray:
    """An operator's weights as the Network has them."""
    return operator.weights if isinstance(operator, Dense) else operator.kernel


def with_weights(operator: Learned, weights: NDArray[Any]) -> Learned:
    """The operator with other weights."""
    if isinstance(operator, Dense):
        return replace(operator, weights=weights)
    return replace(operator, kernel=weights)


def present_weights(state: State, projection: Projection, position: int) -> NDArray[Any]:
    """The weights of a learned operator in its own shape, a writable view.

    Args:
        state: Of the network.
        projection: One of its projections.
        position: Of the operator in the projection's chain.
    """
    operator = projection.operators[position]
    name = "weights" if isinstance(operator, Dense) else "kernel"
    flat = state.array_of(Source("operator", projection.name, name, position))
    if flat is None:
        raise KeyError(name)
    shape: tuple[int, ...] = getattr(operator, name).shape
    return flat.reshape(shape)


def pooling(projection: Projection) -> MaxPool | MeanPool | None:
    """A projection's pooling operator, None if it has none."""
    found = (entry for entry in projection.operators if isinstance(entry, MaxPool | MeanPool))
    return next(found, None)


def dense_weights(state: State, projection: Projection) -> NDArray[Any] | None:
    """(pre, post) weights of a projection whose only weights are a matrix, None for others.

    Raises:
        UnavailableError: Several of its operators have weights.
    """
    found = only_learned(projection)
    if found is None or not isinstance(found[1], Dense):
        return None
    return present_weights(state, projection, found[0])


def filters(state: State, projection: Projection) -> NDArray[Any] | None:
    """(filters, *size, channels) kernel of a convolution, a view; None for others.

    Raises:
        UnavailableError: Several of its operators have weights.
    """
    found = only_learned(projection)
    if found is None or not isinstance(found[1], Convolution):
        return None
    return np.moveaxis(present_weights(state, projection, found[0]), -1, 0)
