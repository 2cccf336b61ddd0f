"""Constants of an affine node as they move along a Graph: scalar, per channel or per value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.ir.arrays import Geometry, WeightArray
from annconv.ir.maps import Permute
from annconv.ir.operators import Reshape

Constants = NDArray[np.floating[Any]]
"""() for all values of a node, (channels,), or of the node's shape; float64."""


def double(values: WeightArray) -> Constants:
    """The numbers in double precision, in which everything is folded."""
    return np.asarray(values, dtype=np.float64)


def all_finite(values: WeightArray) -> bool:
    """Whether folding has overflown nowhere."""
    return bool(np.isfinite(values).all())


def per_channel(constants: Constants, geometry: Geometry) -> Constants | None:
    """() or (channels,); None where values of one channel have different constants.

    Args:
        constants: Of a node's values.
        geometry: The node's shape.
    """
    if constants.ndim == 0 or constants.shape == geometry[-1:]:
        return constants
    rows = np.broadcast_to(constants, geometry).reshape(-1, geometry[-1])
    return rows[0].copy() if bool((rows == rows[0]).all()) else None


def every_channel(constants: Constants, channels: int) -> Constants:
    """(channels,) of () or (channels,)."""
    return np.broadcast_to(constants, (channels,))


def carried(layer: Reshape | Permute, constants: Constants, given: Geometry) -> Constants:
    """The constants of the values of `given`, where a layer has moved these values to."""
    if constants.ndim == 0:
        return constants
    full = np.broadcast_to(constants, given)
    if isinstance(layer, Permute):
        return np.transpose(full, layer.axes)
    return full.reshape(layer.geometry)


def carried_back(
    layer: Reshape | Permute, constants: Constants, given: Geometry, result: Geometry
) -> Constants:
    """The constants of the values of `result`, where they were before a layer moved them."""
    if constants.ndim == 0:
        return constants
    full = np.broadcast_to(constants, result)
    if isinstance(layer, Permute):
        return np.transpose(full, np.argsort(layer.axes))
    return full.reshape(given)
