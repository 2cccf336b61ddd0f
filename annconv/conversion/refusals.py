"""Why preset `annarchy` refuses what a node computes, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from annconv.ir.activations import Function, PRelu
from annconv.ir.graph import Layer
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution
from annconv.ir.operators import Pad, Scale, Upsample


class Refusal(NamedTuple):
    """Half a sentence each: why something is refused, what to do instead."""

    why: str
    instead: str


BIAS = Refusal("it adds a bias, and no neuron here has one", "use_bias=False and retrain")
SCALED_CHANNELS = Refusal(
    "it scales and shifts channels, and no neuron here does",
    "training without it, or folding its scale into the kernel before it if it shifts nothing",
)
SCALED_SAMPLES = Refusal(
    "it scales samples, and input neurons take them as they are", "scaling the samples beforehand"
)
_RESPONSE = Refusal(
    "no neuron here has this response", "retrain with 'relu', the last layer with 'softmax'"
)
_LARGER = Refusal(
    "no projection here enlarges what it reads", "a network without up-sampling or repetition"
)

LAYERS: Mapping[type, Refusal] = MappingProxyType(
    {
        Scale: SCALED_CHANNELS,
        PRelu: Refusal("no neuron here passes on negative values", "ReLU without a slope"),
        Function: _RESPONSE,
        Pad: Refusal("no projection here pads by itself", "padding='same' in the layer behind it"),
        Crop: Refusal("parts of a map cannot be left out", "cropping the samples beforehand"),
        Permute: Refusal("axes cannot change places", "samples with their axes in order"),
        Upsample: _LARGER,
        TransposedConvolution: _LARGER,
        Resample: Refusal(
            "no projection here resizes what it reads", "a pooling layer with a fixed pool_size"
        ),
        AdaptiveMaxPool: Refusal(
            "its windows differ in size", "a pooling layer with a fixed pool_size"
        ),
    }
)
"""Of every kind of node that this preset's networks do not have, wherever it stands."""


def refusal(layer: Layer) -> Refusal:
    """Why a node is refused, whatever stands around it."""
    unknown = Refusal(f"{layer} is no part of this preset's networks", "a model without it")
    return LAYERS.get(type(layer), unknown)
