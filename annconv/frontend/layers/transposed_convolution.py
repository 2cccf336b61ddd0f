"""Transposed convolutions over any number of spatial axes."""

from __future__ import annotations

from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers.activation import activation_layers
from annconv.frontend.layers.dense import bias_layers
from annconv.ir.graph import Layer
from annconv.ir.maps import TransposedConvolution


def transposed_convolution(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With strides, dilation, every padding and `output_padding`."""
    for key in ("filters", "kernel_size"):
        layer.take(key)
    kernel = layer.weights[0]
    rank = kernel.ndim - 2
    strides = layer.take_extents("strides", rank)
    dilation = layer.take_extents("dilation_rate", rank)
    mode = layer.take("padding", "valid")
    further: tuple[int | None, ...] = (None,) * rank
    if layer.take("output_padding") is not None:
        further = layer.take_extents("output_padding", rank)
    behind = (*bias_layers(layer), *activation_layers(layer, problems))
    axes = [
        _axis(mode, *axis)
        for axis in zip(
            layer.input_shape[:-1], kernel.shape[:-2], strides, dilation, further, strict=True
        )
    ]
    cut, extents = zip(*axes, strict=True)
    return (TransposedConvolution(kernel, strides, dilation, cut, extents), *behind)


def _axis(
    mode: str, extent: int, size: int, stride: int, dilation: int, further: int | None
) -> tuple[int, int]:
    """Cells left out in front of an axis, and extent of the result.

    Args:
        mode: "valid" or "same".
        extent: Of the input.
        size: Of the kernel.
        stride: Of the layer.
        dilation: Of the kernel.
        further: `output_padding`, None where it is left to Keras.
    Source: `compute_conv_transpose_output_shape` of Keras; the cut is the padding of the
        convolution that leads back.
    """
    span = (size - 1) * dilation + 1
    reached = (extent - 1) * stride
    if mode == "valid":
        return 0, reached + (max(span, stride) if further is None else span + further)
    result = extent * stride if further is None else reached + span % 2 + further
    return max(reached + span - result, 0) // 2, result


HANDLERS = dict.fromkeys(
    ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"), transposed_convolution
)
