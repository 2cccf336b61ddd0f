"""Activations, as a layer of their own or as a setting of another layer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from annconv.frontend.foreign_activations import SAVED_NAMES
from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.remedies import activation_remedy
from annconv.ir.activations import Relu, Softmax
from annconv.ir.graph import Layer

ACTIVATIONS: Mapping[str, tuple[Layer, ...]] = MappingProxyType(
    {
        "linear": (),
        "relu": (Relu(),),
        "relu6": (Relu(maximum=6.0),),
        "leaky_relu": (Relu(slope=0.2),),
        "softmax": (Softmax(),),
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
    name = layer.activation or "linear"
    if name in ACTIVATIONS:
        return ACTIVATIONS[name]
    why, instead = activation_remedy(name, nearest_activation(name))
    problems.add(layer, setting=f"{prefix}{name!r}", why=why, instead=instead, ignorable=True)
    return ()


def activation(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """`'relu'`, `'relu6'`, `'leaky_relu'`, `'softmax'` and `'linear'`."""
    layer.take("activation")
    return _named_activation(layer, problems, prefix="")


def relu(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With `max_value` and `negative_slope`; `threshold` must be 0."""
    maximum, slope = layer.take("max_value"), layer.take("negative_slope", 0.0)
    threshold = layer.take("threshold", 0.0)
    if threshold:
        problems.add(
            layer,
            setting=f"threshold={threshold!r}",
            why="its response jumps at the threshold",
            instead="threshold=0",
            ignorable=True,
        )
        return ()
    return (Relu(None if maximum is None else float(maximum), float(slope or 0.0)),)


def leaky_relu(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """With any `negative_slope`."""
    return (Relu(slope=float(layer.take("negative_slope", 0.3))),)


def softmax(layer: LayerView, problems: Problems) -> tuple[Layer, ...]:
    """Over the last axis."""
    axis = layer.take("axis", -1)
    last = (-1, [-1], (-1,), len(layer.input_shape), [len(layer.input_shape)])
    if axis not in last:
        problems.add(
            layer,
            setting=f"axis={axis!r}",
            why="only the last axis holds channels",
            instead="axis=-1",
            ignorable=True,
        )
        return ()
    return (Softmax(),)


HANDLERS = {
    "Activation": activation,
    "ReLU": relu,
    "LeakyReLU": leaky_relu,
    "Softmax": softmax,
}
