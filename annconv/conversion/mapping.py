"""Maps that only a Graph has as operators that projections have.

Whatever moves values is a `Gather`; what adds them up is a convolution of values that were moved.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from annconv.ir.arrays import Geometry, PlaceArray
from annconv.ir.maps import AdaptiveMaxPool, Crop, Map, Permute, Resample, TransposedConvolution
from annconv.ir.operators import Convolution, Gather, MaxPool, Operator


def as_operators(layer: Operator | Map, geometry: Geometry) -> tuple[Operator, ...]:
    """Operators that compute what a layer of a Graph does.

    Args:
        layer: An operator, which stays as it is, or a map.
        geometry: Of what it reads.
    """
    places = _ranks(geometry)
    match layer:
        case Crop():
            cut = (
                slice(before, extent - after)
                for extent, (before, after) in zip(geometry[:-1], layer.cut, strict=True)
            )
            return (Gather(places[tuple(cut)]),)
        case Permute():
            return (Gather(places.transpose(layer.axes)),)
        case TransposedConvolution():
            return _transposed(layer, places)
        case Resample():
            return tuple(_resampled(layer, geometry))
        case AdaptiveMaxPool():
            return _adaptive(layer, geometry)
        case _:
            return (layer,)


def _ranks(geometry: Geometry) -> PlaceArray:
    """The rank of every value, where it stands."""
    return np.arange(math.prod(geometry), dtype=np.int32).reshape(geometry)


def _adaptive(layer: AdaptiveMaxPool, geometry: Geometry) -> tuple[Operator, ...]:
    """Windows of equal size, in which some values stand twice, and their maxima."""
    places = _ranks(geometry)
    sizes: list[int] = []
    for axis, (extent, count) in enumerate(zip(geometry[:-1], layer.extents, strict=True)):
        starts = [i * extent // count for i in range(count)]
        stops = [-(-(i + 1) * extent // count) for i in range(count)]
        size = max(stop - start for start, stop in zip(starts, stops, strict=True))
        rows = [
            min(start + step, stop - 1)
            for start, stop in zip(starts, stops, strict=True)
            for step in range(size)
        ]
        places = places.take(rows, axis=axis)
        sizes.append(size)
    window = tuple(sizes)
    return Gather(places), MaxPool(window, window, ((0, 0),) * len(window))


def _transposed(layer: TransposedConvolution, places: PlaceArray) -> tuple[Operator, ...]:
    """Zeros between the values, then the mirrored kernel over them."""
    rank = len(layer.strides)
    spread = places
    for axis in range(rank):
        spread = _spread(spread, layer, axis)
    kernel = np.flip(layer.kernel, axis=tuple(range(rank))).swapaxes(-1, -2)
    ones, none = (1,) * rank, ((0, 0),) * rank
    return Gather(spread), Convolution(kernel, ones, none, layer.dilation)


def _spread(places: PlaceArray, layer: TransposedConvolution, axis: int) -> PlaceArray:
    """The cells under the windows of all results along an axis, -1 where a zero stands."""
    stride, cut = layer.strides[axis], layer.cut[axis]
    reach = (layer.size[axis] - 1) * layer.dilation[axis]
    cells = np.arange(layer.extents[axis] + reach) + cut - reach
    read = cells // stride
    valid = (cells % stride == 0) & (read >= 0) & (read < places.shape[axis])
    moved = places.take(np.where(valid, read, 0), axis=axis)
    shape = [1] * places.ndim
    shape[axis] = len(cells)
    return np.where(valid.reshape(shape), moved, np.int32(-1))


def _resampled(layer: Resample, geometry: Geometry) -> Iterator[Operator]:
    """Axis by axis: it becomes that of the channels, and is multiplied with its matrix."""
    rank = len(geometry) - 1
    for axis, matrix in enumerate(layer.matrices):
        order = (*(other for other in range(rank + 1) if other != axis), axis)
        back = tuple(int(place) for place in np.argsort(order))
        turned = tuple(geometry[other] for other in order)
        yield Gather(_ranks(geometry).transpose(order))
        ones = (1,) * rank
        kernel = matrix.reshape(*ones, *matrix.shape)
        yield Convolution(kernel, ones, ((0, 0),) * rank, ones)
        result = (*turned[:-1], int(matrix.shape[1]))
        yield Gather(_ranks(result).transpose(back))
        geometry = tuple(result[place] for place in back)
