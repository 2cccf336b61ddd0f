"""Where samples enter, and layers that only change the shape."""

from __future__ import annotations

import math

from annconv.frontend.layer_view import LayerView, Problems
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Input, Layer
from annconv.ir.maps import Permute
from annconv.ir.operators import Reshape, Upsample


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
    if 0 in layer.input_shape:
        problems.add(
            layer,
            why=f"its samples of shape {layer.input_shape} hold no values",
            instead="a shape without 0",
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
    """In C order; channels that come first are put last before, as Keras does."""
    return _reshape(layer, (math.prod(layer.input_shape),))


def reshape(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """To any shape, in C order."""
    target = [int(extent) for extent in layer.take("target_shape")]
    if not target:
        problems.add(
            layer,
            setting="target_shape=()",
            why="neurons have one axis at least",
            instead="target_shape=(1,)",
        )
        return ()
    known = math.prod(extent for extent in target if extent != -1)
    total = math.prod(layer.input_shape)
    return _reshape(layer, tuple(total // known if extent == -1 else extent for extent in target))


def permute(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """To any order."""
    axes = tuple(int(axis) - 1 for axis in layer.take("dims"))
    return () if axes == tuple(range(len(axes))) else (Permute(axes),)


def repeat_vector(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Any number of times."""
    count = int(layer.take("n"))
    first = Reshape((1, *layer.input_shape))
    return (first, Upsample((count,))) if count > 1 else (first,)


HANDLERS = {
    "InputLayer": input_layer,
    "Flatten": flatten,
    "Reshape": reshape,
    "Permute": permute,
    "RepeatVector": repeat_vector,
}
