"""Fully connected layers."""

from __future__ import annotations

import numpy as np

from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers.activation import activation_layers
from annconv.ir.activations import Bias
from annconv.ir.graph import Layer
from annconv.ir.operators import Convolution, Dense


def bias_layers(layer: LayerView, place: int = 1) -> tuple[Layer, ...]:
    """The bias of a layer; none if it is missing or all zeros.

    Args:
        layer: The layer.
        place: Where its bias stands among its weights.
    """
    if not layer.take("use_bias", True) or not np.any(layer.weights[place]):
        return ()
    return (Bias(layer.weights[place]),)


def dense(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """On an input with several axes it acts on the last one: a convolution with one tap."""
    layer.take("units")
    kernel, rank = layer.weights[0], len(layer.input_shape) - 1
    ones = (1,) * rank
    first: Layer = Dense(kernel)
    if rank:
        first = Convolution(kernel.reshape(*ones, *kernel.shape), ones, ((0, 0),) * rank, ones)
    return (first, *bias_layers(layer), *activation_layers(layer, problems))


HANDLERS = {"Dense": dense}
