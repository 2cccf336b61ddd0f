"""A layer applied to every step along further axes in front, as TimeDistributed does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Layer
from annconv.ir.joins import Join
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution
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


def lifted(layer: Layer, steps: Geometry) -> Layer | None:
    """The layer that computes the same at every step.

    Args:
        layer: What is computed of shapes without the axes of the steps.
        steps: Extents of the axes in front.
    Returns:
        A layer that maps (*steps, *shape) to (*steps, *shape of the result); None if there is none.
    """
    ones, zeros = (1,) * len(steps), ((0, 0),) * len(steps)
    match layer:
        case Bias() | Relu() | Function() | Softmax() | Scale() | Slice():
            return layer  # all axes are counted from the end
        case _ if isinstance(layer, Join):
            return layer
        case PRelu(slopes=slopes):
            return PRelu(slopes.reshape(*ones, *slopes.shape))
        case Dense(weights=weights):
            return Convolution(weights.reshape(*ones, *weights.shape), ones, zeros, ones)
        case Convolution(kernel=kernel):
            return Convolution(
                kernel.reshape(*ones, *kernel.shape),
                (*ones, *layer.strides),
                (*zeros, *layer.padding),
                (*ones, *layer.dilation),
                layer.groups,
            )
        case TransposedConvolution(kernel=kernel):
            return TransposedConvolution(
                kernel.reshape(*ones, *kernel.shape),
                (*ones, *layer.strides),
                (*ones, *layer.dilation),
                ((0,) * len(steps) + layer.cut),
                (*steps, *layer.extents),
            )
        case MaxPool() | MeanPool():
            return replace(
                layer,
                size=(*ones, *layer.size),
                strides=(*ones, *layer.strides),
                padding=(*zeros, *layer.padding),
            )
        case _:
            return _lifted_shape(layer, steps)


def _lifted_shape(layer: Layer, steps: Geometry) -> Layer | None:
    """As `lifted`, of layers that only move or repeat values along axes."""
    zeros = ((0, 0),) * len(steps)
    match layer:
        case Reshape(geometry=geometry):
            return Reshape((*steps, *geometry))
        case Permute(axes=axes):
            return Permute((*range(len(steps)), *(axis + len(steps) for axis in axes)))
        case Pad(padding=padding):
            return Pad((*zeros, *padding))
        case Crop(cut=cut):
            return Crop((*zeros, *cut))
        case Upsample(repeats=repeats):
            return Upsample((*(1,) * len(steps), *repeats))
        case Resample(matrices=matrices):
            return Resample((*(np.eye(extent) for extent in steps), *matrices))
        case AdaptiveMaxPool(extents=extents):
            return AdaptiveMaxPool((*steps, *extents))
        case _:
            return None
