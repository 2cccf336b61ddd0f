"""Convolutions over any number of spatial axes."""

from __future__ import annotations

from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers.activation import activation_layers
from annconv.frontend.layers.dense import bias_layers
from annconv.frontend.layers.window import refuse_channels_first, window_padding
from annconv.ir.graph import Layer
from annconv.ir.operators import Convolution


def convolution(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With strides, dilation, groups and every padding, channels last."""
    for key in ("filters", "kernel_size"):
        layer.take(key)
    kernel = layer.weights[0]
    size, rank = kernel.shape[:-2], kernel.ndim - 2
    strides = layer.take_extents("strides", rank)
    dilation = layer.take_extents("dilation_rate", rank)
    groups, mode = int(layer.take("groups", 1)), layer.take("padding", "valid")
    behind = (*bias_layers(layer), *activation_layers(layer, problems))
    if refuse_channels_first(layer, problems):
        return ()
    padding = window_padding(mode, layer.input_shape, size, strides, dilation)
    return (Convolution(kernel, strides, padding, dilation, groups), *behind)


HANDLERS = {"Conv1D": convolution, "Conv2D": convolution, "Conv3D": convolution}
