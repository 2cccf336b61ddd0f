"""What factors and offsets become where they change places with a layer.

Windows of padding alone stay out of it: they hold no value at all.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from annconv.conversion.graph.constants import (
    Constants,
    all_finite,
    carried,
    carried_back,
    double,
    every_channel,
    per_channel,
)
from annconv.ir.activations import Bias, PRelu, Relu
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Layer
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample
from annconv.ir.operators import (
    Convolution,
    Dense,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
)


class Passed(NamedTuple):
    """What stands where constants have passed.

    Attributes:
        layer: What computes the values now.
        constants: On the other side of it.
    """

    layer: Layer
    constants: Constants


def scale_behind(
    layer: Layer, factors: Constants, given: Geometry, result: Geometry
) -> Passed | None:
    """Factors behind a layer that have the effect of `factors` in front of it.

    Args:
        layer: What reads the multiplied values.
        factors: Of the values that it reads.
        given: Their shape.
        result: Shape of its result.
    Returns:
        None where there are none.
    """
    match layer:
        case Bias(values=values):
            own = per_channel(factors, given)
            if own is None or not own.all():
                return None
            with np.errstate(over="ignore"):
                offsets = np.asarray(double(values) / own)
            return Passed(Bias(offsets), own) if all_finite(offsets) else None
        case Reshape() | Permute():
            return Passed(layer, carried(layer, factors, given))
        case Slice(start=start, channels=channels) if factors.ndim:
            own = per_channel(factors, given)
            if own is None:
                return None
            placed = np.ones(channels)  # the other channels are zero
            placed[start : start + given[-1]] = own
            return Passed(layer, placed)
        case _:
            return _scale_beside(layer, factors, given)


def scale_before(
    layer: Layer, factors: Constants, given: Geometry, result: Geometry
) -> Passed | None:
    """Factors in front of a layer that have the effect of `factors` behind it.

    Args:
        layer: What computes the values that are multiplied.
        factors: Of its values.
        given: Shape of what it reads.
        result: Shape of its result.
    Returns:
        None where there are none.
    """
    match layer:
        case Bias(values=values):
            own = per_channel(factors, result)
            if own is None:
                return None
            offsets = _times(double(values), own)
            return Passed(Bias(offsets), own) if all_finite(offsets) else None
        case Reshape() | Permute():
            return Passed(layer, carried_back(layer, factors, given, result))
        case Slice(start=start) if factors.ndim:
            own = per_channel(factors, result)
            return None if own is None else Passed(layer, own[start : start + given[-1]])
        case _:
            return _scale_beside(layer, factors, result)


def _scale_beside(layer: Layer, factors: Constants, geometry: Geometry) -> Passed | None:
    """Layers before or behind which the same factors have the same effect.

    `geometry` is the shape of the values that have the factors.
    """
    match layer:
        case Relu(maximum=None, threshold=0.0) | PRelu():
            return Passed(layer, factors) if _are_positive(factors) else None
        case MaxPool() | AdaptiveMaxPool() if not _are_positive(factors):
            return None  # the largest value would be another one
    own = per_channel(factors, geometry)
    match layer:
        case MaxPool() | AdaptiveMaxPool() | MeanPool() | Resample() | Pad() | Crop() | Upsample():
            return None if own is None else Passed(layer, own)
        case Slice() if not factors.ndim:
            return Passed(layer, factors)
        case _:
            return None


def bias_behind(
    layer: Layer, offsets: Constants, given: Geometry, result: Geometry
) -> Passed | None:
    """Offsets behind a layer that have the effect of `offsets` in front of it.

    Zero padding lets none pass: at the edges of a map fewer of them would arrive.

    Args:
        layer: What reads the values with offsets.
        offsets: Of the values that it reads.
        given: Their shape.
        result: Shape of its result.
    Returns:
        None where there are none.
    """
    match layer:
        case Reshape() | Permute():
            return Passed(layer, carried(layer, offsets, given))
        case Scale(factors=factors):
            return _finite(layer, _times(offsets, double(factors)))
        case Dense(weights=weights):
            with np.errstate(over="ignore", invalid="ignore"):
                return _finite(layer, np.broadcast_to(offsets, given) @ double(weights))
        case Convolution():
            own = None if any(map(any, layer.padding)) else per_channel(offsets, given)
            return None if own is None else _finite(layer, _convolved(layer, own))
        case Slice(start=start, channels=channels):
            own = per_channel(offsets, given)
            if own is None:
                return None
            placed = np.zeros(channels)
            placed[start : start + given[-1]] = own
            return Passed(layer, placed)
        case _:
            return _bias_beside(layer, offsets, given)


def bias_before(
    layer: Layer, offsets: Constants, given: Geometry, result: Geometry
) -> Passed | None:
    """Offsets in front of a layer that have the effect of `offsets` behind it.

    Args:
        layer: What computes the values that get offsets.
        offsets: Of its values.
        given: Shape of what it reads.
        result: Shape of its result.
    Returns:
        None where there are none.
    """
    match layer:
        case Reshape() | Permute():
            return Passed(layer, carried_back(layer, offsets, given, result))
        case _:
            return _bias_beside(layer, offsets, result)


def _bias_beside(layer: Layer, offsets: Constants, geometry: Geometry) -> Passed | None:
    """As `_scale_beside`: largest values and means grow by what all values of a channel do."""
    match layer:
        case MaxPool() | AdaptiveMaxPool() | MeanPool() | Crop() | Upsample():
            own = per_channel(offsets, geometry)
            return None if own is None else Passed(layer, own)
        case _:
            return None


def _convolved(layer: Convolution, offsets: Constants) -> Constants:
    """(filters,): what a window without padding makes of one offset for each channel."""
    channels, filters = layer.kernel.shape[-2:]
    taps = double(layer.kernel).reshape(-1, channels, layer.groups, filters // layer.groups)
    own = every_channel(offsets, channels * layer.groups).reshape(layer.groups, channels)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.einsum("tcgf,gc->gf", taps, own).reshape(filters))


def _are_positive(factors: Constants) -> bool:
    return bool((factors > 0).all())


def _times(first: Constants, second: Constants) -> Constants:
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(first * second)


def _finite(layer: Layer, offsets: Constants) -> Passed | None:
    return Passed(layer, offsets) if all_finite(offsets) else None
