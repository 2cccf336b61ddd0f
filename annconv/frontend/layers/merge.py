"""Layers that join several branches; `preset="annarchy"` takes none of them."""

from __future__ import annotations

import numpy as np

from annconv.frontend.layer_view import LayerView, Problems
from annconv.ir.graph import Layer
from annconv.ir.joins import Add, Concatenate, Join, Maximum, Minimum, Multiply, Subtract
from annconv.ir.operators import Scale


def _joined(layer: LayerView, join: Join) -> tuple[Layer, ...]:
    """The join, or nothing where there is a single input."""
    return (join,) if len(layer.input_shapes) > 1 else ()


def add(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Of any inputs that Keras takes: extents of 1 are repeated."""
    return _joined(layer, Add())


def subtract(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Of two inputs; extents of 1 are repeated."""
    return _joined(layer, Subtract())


def average(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """As a sum, divided by the number of inputs; extents of 1 are repeated."""
    count = len(layer.input_shapes)
    return (Add(), Scale(np.asarray(1 / count))) if count > 1 else ()


def multiply(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Of any inputs that Keras takes: extents of 1 are repeated."""
    return _joined(layer, Multiply())


def maximum(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Of any inputs that Keras takes: extents of 1 are repeated."""
    return _joined(layer, Maximum())


def minimum(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Of any inputs that Keras takes: extents of 1 are repeated."""
    return _joined(layer, Minimum())


def concatenate(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Along any axis but that of the samples."""
    axis, rank = int(layer.take("axis", -1)), len(layer.input_shape)
    from_end = axis - (rank + 1 if axis >= 0 else 0)
    if from_end < -rank:
        problems.add(
            layer,
            setting=f"axis={axis!r}",
            why="the first axis holds the samples, whose number stays",
            instead="axis=-1",
            ignorable=True,
        )
        return ()
    return _joined(layer, Concatenate(from_end))


HANDLERS = {
    "Add": add,
    "Subtract": subtract,
    "Average": average,
    "Multiply": multiply,
    "Maximum": maximum,
    "Minimum": minimum,
    "Concatenate": concatenate,
}
