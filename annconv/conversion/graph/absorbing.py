"""How a layer takes a factor before or behind it into its own numbers, in double precision."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annconv.conversion.graph.constants import (
    Constants,
    all_finite,
    double,
    every_channel,
    per_channel,
)
from annconv.ir.arrays import Geometry, WeightArray
from annconv.ir.graph import Layer
from annconv.ir.maps import Resample, TransposedConvolution
from annconv.ir.operators import Convolution, Dense, Scale


def scaled_result(layer: Layer, factors: Constants, result: Geometry) -> Layer | None:
    """The layer whose values are `factors` times those of `layer`.

    Args:
        layer: What a node computes.
        factors: Of its values.
        result: Its shape.
    Returns:
        None where the layer has no numbers that could take them: weights that are whole numbers
        stay so, and those of one channel have one factor.
    """
    own = per_channel(factors, result)
    if own is None:
        return None
    match layer:
        case Convolution(kernel=kernel) if not layer.whole:
            return _kept(replace(layer, kernel=_product(kernel, own)))
        case Dense(weights=weights) if not layer.whole:
            return _kept(Dense(_product(weights, own)))
        case TransposedConvolution(kernel=kernel):  # its channels stand last but one
            return _kept(replace(layer, kernel=_product(kernel, own[..., None])))
        case Scale() | Resample():
            return _scaled_alike(layer, own)
        case _:
            return None


def scaled_input(layer: Layer, factors: Constants, given: Geometry) -> Layer | None:
    """The layer whose values are those of `layer` if what it reads is multiplied by `factors`.

    Padding does no harm: zeros times a factor are zeros.

    Args:
        layer: What a node computes.
        factors: Of the values that it reads.
        given: Their shape.
    Returns:
        As `scaled_result`.
    """
    own = per_channel(factors, given)
    if own is None:
        return None
    match layer:
        case Convolution(kernel=kernel) if not layer.whole:
            return _kept(replace(layer, kernel=_product(kernel, _tap_factors(layer, own))))
        case Dense(weights=weights) if not layer.whole:
            return _kept(Dense(_product(weights, own[..., None])))
        case TransposedConvolution(kernel=kernel):
            return _kept(replace(layer, kernel=_product(kernel, own)))
        case Scale() | Resample():
            return _scaled_alike(layer, own)
        case _:
            return None


def _tap_factors(layer: Convolution, factors: Constants) -> Constants:
    """(channels of a group, filters): the factor of the channel that a filter reads there."""
    channels, filters = layer.kernel.shape[-2:]
    groups = every_channel(factors, channels * layer.groups).reshape(layer.groups, channels)
    return np.repeat(groups.T, filters // layer.groups, axis=1)


def _scaled_alike(layer: Scale | Resample, factors: Constants) -> Layer | None:
    """Layers that a factor may stand before or behind."""
    if isinstance(layer, Scale):
        return _kept(Scale(_product(layer.factors, factors)))
    if factors.ndim or not layer.matrices:
        return None
    first, *others = layer.matrices
    return _kept(Resample((_product(first, factors), *others)))


def _product(weights: WeightArray, factors: Constants) -> Constants:
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(double(weights) * factors)


def _kept(layer: Layer) -> Layer | None:
    """The layer, unless a product has overflown."""
    match layer:
        case Convolution(kernel=numbers) | TransposedConvolution(kernel=numbers):
            pass
        case Dense(weights=numbers) | Scale(factors=numbers):
            pass
        case Resample(matrices=(numbers, *_)):
            pass
        case _:
            return layer
    return layer if all_finite(numbers) else None
