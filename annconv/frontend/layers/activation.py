"""Activations, as a layer of their own or as a setting of another layer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from annconv.frontend.foreign_activations import SAVED_NAMES
from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.remedies import activation_remedy
from annconv.ir.activations import Function, PRelu, Relu, Softmax
from annconv.ir.graph import Layer

ACTIVATIONS: Mapping[str, tuple[Layer, ...]] = MappingProxyType(
    {
        "linear": (),
        "relu": (Relu(),),
        "relu6": (Relu(maximum=6.0),),
        "leaky_relu": (Relu(slope=0.2),),
        "softmax": (Softmax(),),
        "celu": (Function("celu", (("alpha", 1.0),)),),
        "elu": (Function("elu", (("alpha", 1.0),)),),
        "exponential": (Function("exponential"),),
        "gelu": (Function("gelu"),),
        "hard_shrink": (Function("hard_shrink", (("threshold", 0.5),)),),
        "hard_sigmoid": (Function("hard_sigmoid"),),
        "hard_silu": (Function("hard_silu"),),
        "hard_swish": (Function("hard_silu"),),
        "hard_tanh": (Function("hard_tanh"),),
        "log_sigmoid": (Function("log_sigmoid"),),
        "mish": (Function("mish"),),
        "selu": (Function("selu"),),
        "sigmoid": (Function("sigmoid"),),
        "silu": (Function("silu"),),
        "soft_shrink": (Function("soft_shrink", (("threshold", 0.5),)),),
        "softplus": (Function("softplus"),),
        "softsign": (Function("softsign"),),
        "sparse_plus": (Function("sparse_plus"),),
        "sparse_sigmoid": (Function("sparse_sigmoid"),),
        "squareplus": (Function("squareplus", (("b", 4.0),)),),
        "swish": (Function("silu"),),
        "tanh": (Function("tanh"),),
        "tanh_shrink": (Function("tanh_shrink"),),
    }
)
"""Keras' activation functions that the Graph can say, with their default settings."""


def nearest_activation(name: object) -> str:
    """The function of Keras that a foreign one most likely is, by its name."""
    last = re.split(r"[.>]", str(name or "linear"))[-1]
    return last if last in ACTIVATIONS else SAVED_NAMES.get(last, "relu")


def activation_layers(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """What the setting `activation` of a layer adds behind it."""
    layer.take("activation")
    return _named_activation(layer, problems, prefix="activation=")


def _named_activation(layer: LayerView, problems: Problems, prefix: str) -> tuple[Layer, ...]:
    inner = layer.activation_layer
    if inner is not None and inner.origin.type in LAYERS_AS_ACTIVATIONS:
        parts = LAYERS_AS_ACTIVATIONS[inner.origin.type](inner, problems)
        inner.refuse_lost_settings(problems)
        return parts
    name = layer.activation or "linear"
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    why, instead = activation_remedy(name, nearest_activation(name))
    problems.add(layer, setting=f"{prefix}{name!r}", why=why, instead=instead, ignorable=True)
    return ()


def activation(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Any of the functions listed below, or a layer of this family."""
    layer.take("activation")
    return _named_activation(layer, problems, prefix="")


def relu(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With `max_value`, `negative_slope` and `threshold`."""
    maximum = layer.take("max_value")
    slope, threshold = layer.take("negative_slope", 0.0), layer.take("threshold", 0.0)
    ceiling = None if maximum is None else float(maximum)
    return (Relu(ceiling, float(slope or 0.0), float(threshold or 0.0)),)


def leaky_relu(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With any `negative_slope`."""
    return (Relu(slope=float(layer.take("negative_slope", 0.3))),)


def prelu(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With any `shared_axes`."""
    layer.take("shared_axes")
    if not layer.weights:
        problems.add(
            layer,
            why="its slopes do not exist before the model has been called",
            instead="a PReLU layer of its own behind this one",
        )
        return ()
    return (PRelu(layer.weights[0]),)


def elu(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With any `alpha`."""
    return (Function("elu", (("alpha", float(layer.take("alpha", 1.0))),)),)


def softmax(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Over one axis or several, samples apart."""
    given, rank = layer.take("axis", -1), len(layer.input_shape)
    axes = given if isinstance(given, list | tuple) else [given]
    from_end = sorted({int(axis) - (rank + 1 if axis >= 0 else 0) for axis in axes})
    if not from_end or from_end[0] < -rank:
        problems.add(
            layer,
            setting=f"axis={given!r}",
            why="the first axis holds the samples, which do not depend on each other",
            instead="axis=-1",
            ignorable=True,
        )
        return ()
    return (Softmax(tuple(from_end)),)


LAYERS_AS_ACTIVATIONS = {
    "ReLU": relu,
    "LeakyReLU": leaky_relu,
    "PReLU": prelu,
    "ELU": elu,
    "Softmax": softmax,
}
"""Layers that may also stand as the setting `activation` of another."""

HANDLERS = {"Activation": activation, **LAYERS_AS_ACTIVATIONS}
