"""What the maps compute that only a Graph has, in NumPy and double precision."""

from __future__ import annotations

import numpy as np

from annconv.ir.maps import AdaptiveMaxPool, Crop, Map, Permute, Resample, TransposedConvolution
from annconv.reference.operators import Values


def apply_map(layer: Map, values: Values) -> Values:
    """The result of one map for a batch.

    Args:
        layer: A map.
        values: (N, *geometry) float64.
    Returns:
        (N, *layer.output_geometry(geometry)) float64.
    """
    match layer:
        case TransposedConvolution():
            return _convolve_transposed(layer, values)
        case Crop():
            kept = tuple(
                slice(before, extent - after)
                for extent, (before, after) in zip(values.shape[1:-1], layer.cut, strict=True)
            )
            return values[(slice(None), *kept)]
        case Permute():
            return np.transpose(values, (0, *(axis + 1 for axis in layer.axes)))
        case Resample():
            for axis, matrix in enumerate(layer.matrices, start=1):
                summed = np.tensordot(values, matrix.astype(np.float64), axes=(axis, 0))
                values = np.moveaxis(summed, -1, axis)
            return values
        case AdaptiveMaxPool():
            for axis, count in enumerate(layer.extents, start=1):
                values = _divided_maxima(values, axis, count)
            return values


def _divided_maxima(values: Values, axis: int, count: int) -> Values:
    """Maxima over `count` windows along one axis."""
    extent = values.shape[axis]
    windows = [
        np.take(values, range(i * extent // count, -(-(i + 1) * extent // count)), axis=axis)
        for i in range(count)
    ]
    return np.stack([window.max(axis=axis) for window in windows], axis=axis)


def _convolve_transposed(layer: TransposedConvolution, values: Values) -> Values:
    """Tap by tap: each adds the inputs, times its weights, to every `stride`-th cell."""
    given = values.shape[1:-1]
    whole = [
        max((extent - 1) * stride + (size - 1) * dilation + 1, cut + result)
        for extent, stride, size, dilation, cut, result in zip(
            given, layer.strides, layer.size, layer.dilation, layer.cut, layer.extents, strict=True
        )
    ]
    kernel = layer.kernel.astype(np.float64)
    total = np.zeros((len(values), *whole, kernel.shape[-2]))
    for tap in np.ndindex(*layer.size):
        cells = tuple(
            slice(place * dilation, place * dilation + (extent - 1) * stride + 1, stride)
            for place, dilation, extent, stride in zip(
                tap, layer.dilation, given, layer.strides, strict=True
            )
        )
        total[(slice(None), *cells)] += values @ kernel[tap].T
    kept = tuple(
        slice(cut, cut + result) for cut, result in zip(layer.cut, layer.extents, strict=True)
    )
    return total[(slice(None), *kept)]
