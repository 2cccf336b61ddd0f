"""Layers that multiply and add constants: batch normalisation and the scaling of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.frontend.layer_view import LayerView, Problems
from annconv.ir.activations import Bias
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Layer
from annconv.ir.maps import Permute
from annconv.ir.operators import Reshape, Scale

Array = NDArray[np.float64]
"""Factors and offsets."""
_TRAINED = "the weights of a trained model: a variance is 0 or more, epsilon above 0"


def affine_layers(
    geometry: Geometry, factors: NDArray[Any], offsets: NDArray[Any]
) -> tuple[Layer, ...]:
    """X times `factors` plus `offsets`, by nodes that scale and shift channels.

    Along one axis other than the channels', the axes change places for it; along several, every
    value is a channel of its own.

    Args:
        geometry: Shape of x.
        factors: Any shape that repeats to `geometry`.
        offsets: Any shape that repeats to `geometry`.
    """
    rank = len(geometry)
    factors, offsets = _aligned(factors, rank), _aligned(offsets, rank)
    common = np.broadcast_shapes(factors.shape, offsets.shape)
    varied = [axis for axis, extent in enumerate(common) if extent > 1]
    if len(varied) > 1:
        last, before, behind = -1, (Reshape((int(np.prod(geometry)),)),), (Reshape(geometry),)
        factors, offsets = (
            np.broadcast_to(values, geometry).ravel() for values in (factors, offsets)
        )
        return (*before, *_scaled(factors, offsets), *behind)
    last = varied[0] if varied else rank - 1
    parts = _scaled(factors.ravel(), offsets.ravel())
    if not parts or last == rank - 1:
        return parts
    order = (*(axis for axis in range(rank) if axis != last), last)
    back = tuple(order.index(axis) for axis in range(rank))
    return (Permute(order), *parts, Permute(back))


def _aligned(values: NDArray[Any], rank: int) -> Array:
    """Values with axes of extent 1 in front."""
    array = np.asarray(values, dtype=np.float64)
    return array.reshape((1,) * (rank - array.ndim) + array.shape)


def _scaled(factors: Array, offsets: Array) -> tuple[Layer, ...]:
    """Nodes for one value or one per channel, none where they change nothing."""
    parts: list[Layer] = []
    if np.any(factors != 1):
        parts.append(Scale(factors[0] if factors.size == 1 else factors))
    if np.any(offsets != 0):
        parts.append(Bias(offsets[0] if offsets.size == 1 else offsets))
    return tuple(parts)


def batch_normalization(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With its moving statistics, along any axis, with or without `center` and `scale`."""
    for key in ("momentum", "synchronized", "renorm", "renorm_clipping", "renorm_momentum"):
        layer.take(key)
    epsilon, rank = float(layer.take("epsilon", 1e-3)), len(layer.input_shape)
    axis = int(layer.take("axis", -1))
    place = axis + rank if axis < 0 else axis - 1
    weights = [array.astype(np.float64) for array in layer.weights]
    gamma = weights.pop(0) if layer.take("scale", True) else np.ones(1)
    beta = weights.pop(0) if layer.take("center", True) else np.zeros(1)
    mean, variance = weights[:2]
    if not 0 <= place < rank:
        problems.add(
            layer,
            setting=f"axis={axis}",
            why="the first axis holds the samples, which are not scaled apart",
            instead="axis=-1",
        )
        return ()
    if np.any(variance + epsilon <= 0):
        problems.add(layer, why="a moving variance plus epsilon is not above 0", instead=_TRAINED)
        return ()
    factors = gamma / np.sqrt(variance + epsilon)
    offsets = beta - mean * factors
    shape = (-1, *(1,) * (rank - 1 - place))
    return affine_layers(layer.input_shape, factors.reshape(shape), offsets.reshape(shape))


def rescaling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With a `scale` and an `offset` for all values, or for each channel."""
    scale, offset = _numbers(layer.take("scale")), _numbers(layer.take("offset", 0.0))
    if max(scale.ndim, offset.ndim) > len(layer.input_shape):
        problems.add(
            layer,
            why="its scale or offset has more axes than a sample",
            instead="a scale for all values or for each channel",
        )
        return ()
    return affine_layers(layer.input_shape, scale, offset)


def _numbers(value: Any) -> Array:
    """A setting that is a number, a list or a saved array."""
    if isinstance(value, Mapping):
        value = value["config"]["value"]
    return np.asarray(value, dtype=np.float64)


def normalization(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Adapted, or with `mean` and `variance`; along any axes, `invert` included."""
    rank, given = len(layer.input_shape), layer.take("axis", -1)
    axes = given if isinstance(given, list | tuple) else () if given is None else (given,)
    kept = sorted(int(axis) + rank if axis < 0 else int(axis) - 1 for axis in axes)
    mean, variance = layer.take("mean"), layer.take("variance")
    invert = bool(layer.take("invert", False))
    smallest = float(layer.take("smallest_deviation", 1e-7))
    statistics = layer.take("statistics")
    if kept and kept[0] < 0:
        problems.add(
            layer,
            setting=f"axis={given!r}",
            why="the first axis holds the samples, which are not scaled apart",
            instead="axis=-1",
        )
        return ()
    if mean is None:
        mean, variance = layer.weights[:2]
    mean, variance = (_along(np.asarray(array), kept, rank) for array in (mean, variance))
    if statistics is not None and all(entry.ndim == rank for entry in statistics):
        mean, variance = (entry.astype(np.float64) for entry in statistics)
    if np.any(variance < 0):
        problems.add(layer, why="a variance is below 0", instead=_TRAINED)
        return ()
    deviation = np.maximum(np.sqrt(variance), smallest)
    if invert:
        return affine_layers(layer.input_shape, deviation, mean)
    return affine_layers(layer.input_shape, 1 / deviation, -mean / deviation)


def _along(values: NDArray[Any], kept: list[int], rank: int) -> Array:
    """Statistics with their axes, the last ones of `kept`, at their places among `rank`."""
    shape = [1] * rank
    for extent, axis in zip(reversed(values.shape), reversed(kept), strict=False):
        shape[axis] = extent
    return np.asarray(values, dtype=np.float64).reshape(shape)


HANDLERS = {
    "BatchNormalization": batch_normalization,
    "Rescaling": rescaling,
    "Normalization": normalization,
}
