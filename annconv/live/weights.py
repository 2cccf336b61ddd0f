"""Weights of a projection as views of what the kernels read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.ir.network import Projection
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool, Operator
from annconv.plan.arrays import Source
from annconv.runtime.state import State

ARRAYS = ((Dense, "weights"), (Convolution, "kernel"))


def weighted(projection: Projection) -> tuple[int, Operator, str] | None:
    """Position, operator and name of a projection's learned array, None if it has none."""
    for position, operator in enumerate(projection.operators):
        for kind, name in ARRAYS:
            if isinstance(operator, kind):
                return position, operator, name
    return None


def with_array(operator: Operator, array: NDArray[Any]) -> Operator:
    """The operator with another learned array.

    Raises:
        TypeError: It has none.
    """
    if isinstance(operator, Dense):
        return replace(operator, weights=array)
    if isinstance(operator, Convolution):
        return replace(operator, kernel=array)
    raise TypeError(f"{operator} has no learned array")


def pooling(projection: Projection) -> MaxPool | MeanPool | None:
    """A projection's pooling operator, None if it has none."""
    found = (entry for entry in projection.operators if isinstance(entry, MaxPool | MeanPool))
    return next(found, None)


def learned_array(state: State, projection: Projection) -> NDArray[Any] | None:
    """The learned array in its operator's shape, a writable view; None if there is none."""
    found = weighted(projection)
    if found is None:
        return None
    position, operator, name = found
    flat = state.array_of(Source("operator", projection.name, name, position))
    if flat is None:
        raise KeyError(name)
    shape: tuple[int, ...] = getattr(operator, name).shape
    return flat.reshape(shape)


def dense_weights(state: State, projection: Projection) -> NDArray[Any] | None:
    """(pre, post) weights of a projection whose only weights are a matrix, None for others."""
    found = weighted(projection)
    if found is None or not isinstance(found[1], Dense):
        return None
    return learned_array(state, projection)


def filters(state: State, projection: Projection) -> NDArray[Any] | None:
    """(filters, *size, channels) kernel of a convolution, a view; None for others."""
    found = weighted(projection)
    if found is None or not isinstance(found[1], Convolution):
        return None
    kernel = learned_array(state, projection)
    return None if kernel is None else np.moveaxis(kernel, -1, 0)
