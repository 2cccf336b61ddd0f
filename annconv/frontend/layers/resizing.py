"""Layers that give a map another size, with values of their neighbours or between them."""

from __future__ import annotations

import numpy as np

from annconv.frontend.layer_view import LayerView, Problems
from annconv.ir.arrays import FloatArray
from annconv.ir.graph import Layer
from annconv.ir.maps import Resample
from annconv.ir.operators import Extents, Upsample

INTERPOLATIONS = ("nearest", "bilinear")


def resized_layers(interpolation: str, given: Extents, wanted: Extents) -> tuple[Layer, ...]:
    """Nodes that resize the spatial axes, none where they have these extents.

    Args:
        interpolation: "nearest" or "bilinear".
        given: Extents of the spatial axes.
        wanted: Extents of the result.
    """
    if given == wanted:
        return ()
    axes = list(zip(given, wanted, strict=True))
    if interpolation == "nearest" and not any(new % old for old, new in axes):
        return (Upsample(tuple(new // old for old, new in axes)),)
    matrix = _nearest if interpolation == "nearest" else _bilinear
    return (Resample(tuple(matrix(old, new) for old, new in axes)),)


def _nearest(given: int, wanted: int) -> FloatArray:
    """(given, wanted): the cell in which each cell of the result has its centre.

    Ratios are rounded to single precision, as Keras does: centres may lie on a border.
    """
    ratio = np.float32(given) / np.float32(wanted)
    centres = (np.arange(wanted, dtype=np.float32) + np.float32(0.5)) * ratio
    cells = np.minimum(np.floor(centres).astype(int), given - 1)
    return np.eye(given)[:, cells]


def _bilinear(given: int, wanted: int) -> FloatArray:
    """(given, wanted): the cells whose centres are on both sides of each, weighted by distance."""
    centres = (np.arange(wanted) + 0.5) * given / wanted - 0.5
    below = np.floor(centres).astype(int)
    beyond = centres - below
    cells = np.eye(given)
    lower, upper = (cells[:, np.clip(below + side, 0, given - 1)] for side in (0, 1))
    return np.asarray(lower * (1 - beyond) + upper * beyond)


def upsampling(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With `interpolation` "nearest" or "bilinear"."""
    given = layer.input_shape[:-1]
    factors = layer.take_extents("size", len(given))
    interpolation = str(layer.take("interpolation", "nearest"))
    if _refuse(layer, interpolation, problems):
        return ()
    wanted = tuple(extent * factor for extent, factor in zip(given, factors, strict=True))
    return resized_layers(interpolation, given, wanted)


def resizing(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With `interpolation` "nearest" or "bilinear" and no regard to the ratio."""
    wanted = (int(layer.take("height")), int(layer.take("width")))
    interpolation = str(layer.take("interpolation", "bilinear"))
    for key in ("fill_mode", "fill_value"):
        layer.take(key)
    refused = _refuse(layer, interpolation, problems)
    for key in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"):
        if layer.take(key, False) and not (key == "antialias" and interpolation == "nearest"):
            why = "only plain resizing is read"
            problems.add(layer, setting=f"{key}=True", why=why, instead=f"{key}=False")
            refused = True
    if len(layer.input_shape) != 3:
        why = "what it resizes are no pictures with channels"
        problems.add(layer, why=why, instead="Reshape to (height, width, channels) before it")
        refused = True
    return () if refused else resized_layers(interpolation, layer.input_shape[:2], wanted)


def _refuse(layer: LayerView, interpolation: str, problems: Problems) -> bool:
    """Note a problem and return True if the interpolation is not read."""
    if interpolation in INTERPOLATIONS:
        return False
    problems.add(
        layer,
        setting=f"interpolation={interpolation!r}",
        why="only values of the nearest cells are read, and those between two",
        instead="interpolation='bilinear'",
    )
    return True


HANDLERS = {
    "UpSampling1D": upsampling,
    "UpSampling2D": upsampling,
    "UpSampling3D": upsampling,
    "Resizing": resizing,
}
