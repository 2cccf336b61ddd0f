"""Convolutions over any number of spatial axes."""

from __future__ import annotations

from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers.activation import activation_layers
from annconv.frontend.layers.dense import bias_layers
from annconv.frontend.layers.window import window_padding
from annconv.ir.arrays import FloatArray
from annconv.ir.graph import Layer
from annconv.ir.operators import Convolution


def _convolved(layer: LayerView, kernel: FloatArray, groups: int) -> Convolution:
    """A convolution with the layer's strides, dilation and padding."""
    size, rank = kernel.shape[:-2], kernel.ndim - 2
    strides = layer.take_extents("strides", rank)
    dilation = layer.take_extents("dilation_rate", rank)
    mode = layer.take("padding", "valid")
    padding = window_padding(mode, layer.input_shape, size, strides, dilation)
    return Convolution(kernel, strides, padding, dilation, groups)


def _by_channel(kernel: FloatArray) -> FloatArray:
    """A depthwise kernel (*size, channels, multiplier) as that of a convolution in groups."""
    channels, multiplier = kernel.shape[-2:]
    return kernel.reshape(*kernel.shape[:-2], 1, channels * multiplier)


def convolution(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With strides, dilation, groups and every padding."""
    for key in ("filters", "kernel_size"):
        layer.take(key)
    groups = int(layer.take("groups", 1))
    behind = (*bias_layers(layer), *activation_layers(layer, problems))
    return (_convolved(layer, layer.weights[0], groups), *behind)


def depthwise(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """As a convolution in as many groups as channels; with strides, dilation and every padding."""
    for key in ("kernel_size", "depth_multiplier"):
        layer.take(key)
    behind = (*bias_layers(layer), *activation_layers(layer, problems))
    kernel = layer.weights[0]
    return (_convolved(layer, _by_channel(kernel), kernel.shape[-2]), *behind)


def separable(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """As a depthwise convolution and one with a single tap; with strides, dilation, padding."""
    for key in ("filters", "kernel_size", "depth_multiplier"):
        layer.take(key)
    behind = (*bias_layers(layer, place=2), *activation_layers(layer, problems))
    kernel, points = layer.weights[:2]
    ones = (1,) * (points.ndim - 2)
    first = _convolved(layer, _by_channel(kernel), kernel.shape[-2])
    return (first, Convolution(points, ones, ((0, 0),) * len(ones), ones), *behind)


HANDLERS = {
    "Conv1D": convolution,
    "Conv2D": convolution,
    "Conv3D": convolution,
    "DepthwiseConv1D": depthwise,
    "DepthwiseConv2D": depthwise,
    "SeparableConv1D": separable,
    "SeparableConv2D": separable,
}
