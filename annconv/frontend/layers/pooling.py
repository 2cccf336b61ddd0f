"""Pooling, any number of spatial axes: over windows, over whole maps, into a number of cells."""

from __future__ import annotations

import numpy as np

from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers.window import window_padding
from annconv.ir.arrays import FloatArray
from annconv.ir.graph import Layer
from annconv.ir.maps import AdaptiveMaxPool, Resample
from annconv.ir.operators import Extents, MaxPool, MeanPool, Padding, Reshape


def _window(layer: LayerView) -> tuple[Extents, Extents, Padding]:
    """Size, strides and padding of a pooling layer."""
    rank = len(layer.input_shape) - 1
    size = layer.take_extents("pool_size", rank)
    strides = size if layer.take("strides") is None else layer.take_extents("strides", rank)
    mode = layer.take("padding", "valid")
    return size, strides, window_padding(mode, layer.input_shape, size, strides, (1,) * rank)


def max_pooling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With any window, strides and padding."""
    return (MaxPool(*_window(layer)),)


def average_pooling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With any window, strides and padding; padding does not count in the mean."""
    return (MeanPool(*_window(layer)),)


def _whole(layer: LayerView, pool: type[MaxPool | MeanPool]) -> tuple[Layer, ...]:
    """Pooling of a whole map, and its axes left out unless `keepdims`."""
    size = layer.input_shape[:-1]
    pooled = pool(size, size, ((0, 0),) * len(size))
    return (pooled,) if layer.take("keepdims") else (pooled, Reshape(layer.input_shape[-1:]))


def global_max_pooling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """As max pooling of the whole map, with or without `keepdims`."""
    return _whole(layer, MaxPool)


def global_average_pooling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """As average pooling of the whole map, with or without `keepdims`."""
    return _whole(layer, MeanPool)


def _even_window(layer: LayerView, counts: Extents) -> tuple[Extents, Extents, Padding] | None:
    """The window that gives these numbers of cells, None where windows differ in size."""
    extents = layer.input_shape[:-1]
    if any(extent % count for extent, count in zip(extents, counts, strict=True)):
        return None
    size = tuple(extent // count for extent, count in zip(extents, counts, strict=True))
    return size, size, ((0, 0),) * len(size)


def adaptive_max_pooling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Into any number of cells."""
    counts = layer.take_extents("output_size", len(layer.input_shape) - 1)
    window = _even_window(layer, counts)
    return (AdaptiveMaxPool(counts),) if window is None else (MaxPool(*window),)


def adaptive_average_pooling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Into any number of cells."""
    counts = layer.take_extents("output_size", len(layer.input_shape) - 1)
    window = _even_window(layer, counts)
    if window is not None:
        return (MeanPool(*window),)
    axes = zip(layer.input_shape[:-1], counts, strict=True)
    return (Resample(tuple(_window_means(extent, count) for extent, count in axes)),)


def _window_means(extent: int, count: int) -> FloatArray:
    """(extent, count): means over the windows of `AdaptiveMaxPool`."""
    matrix = np.zeros((extent, count))
    for window in range(count):
        start, end = window * extent // count, -(-(window + 1) * extent // count)
        matrix[start:end, window] = 1 / (end - start)
    return matrix


HANDLERS = {
    f"{kind}{rank}D": handler
    for kind, handler in (
        ("MaxPooling", max_pooling),
        ("AveragePooling", average_pooling),
        ("GlobalMaxPooling", global_max_pooling),
        ("GlobalAveragePooling", global_average_pooling),
        ("AdaptiveMaxPooling", adaptive_max_pooling),
        ("AdaptiveAveragePooling", adaptive_average_pooling),
    )
    for rank in (1, 2, 3)
}
