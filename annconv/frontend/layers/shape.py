"""Where samples enter, and layers that only change the shape."""

from __future__ import annotations

import math

from annconv.frontend.layer_view import LayerView, Problems
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Input, Layer
from annconv.ir.operators import Reshape


def input_layer(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Dense, with a fixed shape of one axis or more."""
    for key in ("batch_shape", "optional"):
        layer.take(key)
    for key in ("sparse", "ragged"):
        if layer.take(key, False):
            problems.add(
                layer,
                setting=f"{key}=True",
                why="samples are dense arrays here",
                instead=f"keras.Input(shape) without {key}",
            )
    if not layer.input_shape:
        problems.add(
            layer,
            why="its samples have no axis",
            instead="keras.Input((1,)) for a single number",
        )
    return (Input(),)


def _reshape(layer: LayerView, geometry: Geometry) -> tuple[Layer, ...]:
    """A Reshape, or nothing where the shape stays."""
    return () if geometry == layer.input_shape else (Reshape(geometry),)


def flatten(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """In C order, channels last."""
    if layer.take("data_format", "channels_last") == "channels_first":
        problems.add(
            layer,
            setting="data_format='channels_first'",
            why="it would reorder the values",
            instead="data_format='channels_last'",
        )
    return _reshape(layer, (math.prod(layer.input_shape),))


def reshape(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """To any shape, in C order."""
    target = [int(extent) for extent in layer.take("target_shape")]
    known = math.prod(extent for extent in target if extent != -1)
    total = math.prod(layer.input_shape)
    return _reshape(layer, tuple(total // known if extent == -1 else extent for extent in target))


HANDLERS = {"InputLayer": input_layer, "Flatten": flatten, "Reshape": reshape}
