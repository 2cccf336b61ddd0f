"""Sliding windows: Keras' padding modes as numbers, shared by convolutions and poolings."""

from __future__ import annotations

from annconv.ir.arrays import Geometry
from annconv.ir.operators import Extents, Padding


def window_padding(
    mode: str, geometry: Geometry, size: Extents, strides: Extents, dilation: Extents
) -> Padding:
    """Cells that Keras adds before and after each spatial axis.

    Args:
        mode: "valid", "same" or "causal".
        geometry: Shape of the input, channels last.
        size: Extents of the window, one per spatial axis.
        strides: Cells between neighbouring windows.
        dilation: Distance between the taps of the window.
    Returns:
        One pair per spatial axis. For "same" the output has ceil(extent / stride) positions and an
        odd cell goes behind.
    Source: TensorFlow, "Notes on padding" of tf.nn.
    """
    axes = zip(geometry[:-1], size, strides, dilation, strict=True)
    return tuple(_axis_padding(mode, *axis) for axis in axes)


def _axis_padding(mode: str, extent: int, size: int, stride: int, dilation: int) -> tuple[int, int]:
    span = (size - 1) * dilation + 1
    if mode == "valid":
        return (0, 0)
    if mode == "causal":
        return (span - 1, 0)
    positions = -(-extent // stride)
    total = max((positions - 1) * stride + span - extent, 0)
    return (total // 2, total - total // 2)
