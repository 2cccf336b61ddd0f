"""Pooling over windows, any number of spatial axes."""

from __future__ import annotations

from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers.window import refuse_channels_first, window_padding
from annconv.ir.graph import Layer
from annconv.ir.operators import Extents, MaxPool, MeanPool, Padding


def _window(layer: LayerView, problems: Problems) -> tuple[Extents, Extents, Padding] | None:
    """Size, strides and padding of a pooling layer, None if it is refused."""
    rank = len(layer.input_shape) - 1
    size = layer.take_extents("pool_size", rank)
    strides = size if layer.take("strides") is None else layer.take_extents("strides", rank)
    mode = layer.take("padding", "valid")
    if refuse_channels_first(layer, problems):
        return None
    return size, strides, window_padding(mode, layer.input_shape, size, strides, (1,) * rank)


def max_pooling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With any window, strides and padding, channels last."""
    window = _window(layer, problems)
    return () if window is None else (MaxPool(*window),)


def average_pooling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With any window, strides and padding, channels last; padding does not count in the mean."""
    window = _window(layer, problems)
    return () if window is None else (MeanPool(*window),)


HANDLERS = {
    "MaxPooling1D": max_pooling,
    "MaxPooling2D": max_pooling,
    "MaxPooling3D": max_pooling,
    "AveragePooling1D": average_pooling,
    "AveragePooling2D": average_pooling,
    "AveragePooling3D": average_pooling,
}
