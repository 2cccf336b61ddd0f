"""Layers that add or leave out cells at the edges of a map."""

from __future__ import annotations

from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers.resizing import resized_layers
from annconv.ir.graph import Layer
from annconv.ir.maps import Crop
from annconv.ir.operators import Pad, Padding


def _pairs(layer: LayerView, key: str) -> Padding:
    """A setting with two numbers for each spatial axis."""
    value = layer.take(key)
    pairs = [value] if len(layer.input_shape) == 2 else value
    return tuple((int(before), int(after)) for before, after in pairs)


def zero_padding(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """On any side."""
    padding = _pairs(layer, "padding")
    return (Pad(padding),) if any(map(any, padding)) else ()


def _crop(cut: Padding) -> tuple[Layer, ...]:
    return (Crop(cut),) if any(map(any, cut)) else ()


def cropping(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """On any side."""
    return _crop(_pairs(layer, "cropping"))


def center_crop(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Of a picture; a smaller one is cropped to the ratio and resized, as in Keras.

    Source: `smart_resize` of Keras for smaller pictures.
    """
    wanted = (int(layer.take("height")), int(layer.take("width")))
    given = (layer.input_shape[0], layer.input_shape[1])
    if wanted[0] <= given[0] and wanted[1] <= given[1]:
        kept = wanted
    else:
        kept = (
            max(min(given[0], given[1] * wanted[0] // wanted[1]), 1),
            max(min(given[1], given[0] * wanted[1] // wanted[0]), 1),
        )
    starts = [(extent - part) // 2 for extent, part in zip(given, kept, strict=True)]
    cut = tuple(
        (start, extent - part - start)
        for start, extent, part in zip(starts, given, kept, strict=True)
    )
    return (*_crop(cut), *resized_layers("bilinear", kept, wanted))


HANDLERS = {
    "ZeroPadding1D": zero_padding,
    "ZeroPadding2D": zero_padding,
    "ZeroPadding3D": zero_padding,
    "Cropping1D": cropping,
    "Cropping2D": cropping,
    "Cropping3D": cropping,
    "CenterCrop": center_crop,
}
