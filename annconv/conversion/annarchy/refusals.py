"""Why preset `annarchy` refuses what a node computes, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from annconv.frontend.remedies import Remedy
from annconv.ir.activations import Function, PRelu
from annconv.ir.graph import Layer
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution
from annconv.ir.operators import Pad, Scale, Upsample

BIAS = Remedy("it adds a bias, and no neuron here has one", "use_bias=False and retrain")
SCALED_CHANNELS = Remedy(
    "it scales and shifts channels, and no neuron here does",
    "training without it, or folding its scale into the kernel before it if it shifts nothing",
)
SCALED_SAMPLES = Remedy(
    "it scales samples, and input neurons take them as they are", "scaling the samples beforehand"
)
JOINED = Remedy("it joins branches, and populations form one chain", "a model without branches")
BRANCHING = Remedy(
    "it does not read the layer before it, and populations form one chain",
    "a model without branches",
)
NEGATIVE = Remedy(
    "its values can be negative, and no ReLU follows before the next layer", "activation='relu'"
)
TWO_CONVOLUTIONS = Remedy(
    "it is two convolutions, and no ReLU stands between them",
    "a depthwise convolution and one with kernel_size=1, both with a ReLU",
)
_RESPONSE = Remedy(
    "no neuron here has this response", "retrain with 'relu', the last layer with 'softmax'"
)
_LARGER = Remedy(
    "no projection here enlarges what it reads", "a network without up-sampling or repetition"
)

LAYERS: Mapping[type, Remedy] = MappingProxyType(
    {
        Scale: SCALED_CHANNELS,
        PRelu: Remedy("no neuron here passes on negative values", "ReLU without a slope"),
        Function: _RESPONSE,
        Pad: Remedy("no projection here pads by itself", "padding='same' in the layer behind it"),
        Crop: Remedy("parts of a map cannot be left out", "cropping the samples beforehand"),
        Permute: Remedy("axes cannot change places", "samples with their axes in order"),
        Upsample: _LARGER,
        TransposedConvolution: _LARGER,
        Resample: Remedy(
            "no projection here resizes what it reads", "a pooling layer with a fixed pool_size"
        ),
        AdaptiveMaxPool: Remedy(
            "its windows differ in size", "a pooling layer with a fixed pool_size"
        ),
    }
)
"""Of every kind of node that this preset's networks do not have, wherever it stands."""


def remedy(layer: Layer) -> Remedy:
    """Why a node is refused and what to do, whatever stands around it."""
    unknown = Remedy(f"{layer} is no part of this preset's networks", "a model without it")
    return LAYERS.get(type(layer), unknown)
