"""Layers that join several branches."""

from __future__ import annotations

from annconv.frontend.layer_view import LayerView, Problems
from annconv.ir.graph import Layer
from annconv.ir.joins import Add, Concatenate


def add(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Of inputs that have the same shape; not under `preset="annarchy"`."""
    if len(set(layer.input_shapes)) > 1:
        shapes = ", ".join(map(str, layer.input_shapes))
        problems.add(
            layer,
            why=f"its inputs differ in shape: {shapes}",
            instead="inputs of one shape",
            ignorable=True,
        )
    return (Add(),)


def concatenate(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Along the channels; not under `preset="annarchy"`."""
    axis = layer.take("axis", -1)
    if axis not in (-1, len(layer.input_shape)):
        problems.add(
            layer,
            setting=f"axis={axis!r}",
            why="only channels can be put side by side",
            instead="axis=-1",
            ignorable=True,
        )
    return (Concatenate(),)


HANDLERS = {"Add": add, "Concatenate": concatenate}
