"""One layer of Keras: whether it is Keras' own, and what a handler may see of it."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from annconv.frontend.foreign_activations import keras_name
from annconv.frontend.layer_view import LayerView
from annconv.ir.arrays import Geometry
from annconv.ir.origin import Origin

NUMBER_TYPES = ("float32", "float64", "mixed_float16", "mixed_bfloat16")
"""Types of layers' numbers that are read; in the mixed ones the weights are float32."""


class UntoldSettingsError(ValueError):
    """Keras cannot tell the settings of a layer.

    Attributes:
        activation: Name of its activation, as a `LayerView` has it.
    """

    def __init__(self, error: Exception, activation: str | None) -> None:
        self.activation = activation
        super().__init__(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")


def is_own(layer: Any, keras: ModuleType) -> bool:
    """Whether the type of a layer is Keras' own class of that name."""
    return getattr(keras.layers, type(layer).__name__, None) is type(layer)


def own_parent(layer: Any, keras: ModuleType) -> str | None:
    """The class of Keras that a foreign layer derives from, None for `Layer` and `Model`."""
    for kind in type(layer).__mro__[1:]:
        if getattr(keras.layers, kind.__name__, None) is kind and kind is not keras.layers.Layer:
            return str(kind.__name__)
    return None


def number_type(layer: Any) -> str:
    """Name of the type of a layer's numbers, such as "float32" or "mixed_float16"."""
    policy = getattr(layer, "dtype_policy", None)
    if type(layer).__name__ == "InputLayer" or policy is None:
        return str(layer.dtype)
    return str(policy.name)


def view_layer(
    origin: Origin, layer: Any, keras: ModuleType, input_shapes: Sequence[Geometry]
) -> LayerView:
    """What a handler may see of a layer of Keras' own, its channels last.

    Raises:
        UntoldSettingsError: Keras cannot tell its settings.
    """
    signature = inspect.signature(type(layer).__init__).parameters
    defaults = {
        name: parameter.default
        for name, parameter in signature.items()
        if parameter.default is not inspect.Parameter.empty
    }
    activation = _activation_name(layer, keras)
    try:
        config = layer.get_config()
    except Exception as error:
        raise UntoldSettingsError(error, activation) from error
    config = {**config, **_settings_of_keras(layer, keras)}
    inner = getattr(layer, "activation", None)
    nested = None
    if isinstance(inner, keras.layers.Layer) and is_own(inner, keras):
        named = Origin(origin.name, origin.index, type(inner).__name__)
        nested = view_layer(named, inner, keras, input_shapes)
    turned = config.get("data_format") == "channels_first"
    if turned:
        config = {**config, "data_format": "channels_last"}
        input_shapes = [(*shape[1:], *shape[:1]) for shape in input_shapes]
    return LayerView(
        origin,
        config=config,
        defaults=defaults,
        weights=[np.asarray(array) for array in layer.get_weights()],
        input_shapes=input_shapes,
        activation=activation,
        activation_layer=nested,
        turned=turned,
    )


def _settings_of_keras(layer: Any, keras: ModuleType) -> dict[str, Any]:
    """What a layer computes with that stands in Keras' own configuration and not in the layer's.

    Under the global `image_data_format` "channels_first", a list of scales belongs to the first of
    three axes. Statistics are those that it computes with: `set_weights` alone does not change
    them.
    """
    if type(layer) is keras.layers.Normalization:
        statistics = (layer.mean, layer.variance)
        shaped = all(entry is not None for entry in statistics)
        return {
            "smallest_deviation": float(keras.config.epsilon()),
            "statistics": [np.asarray(entry)[0] for entry in statistics] if shaped else None,
        }
    if type(layer) is keras.layers.Rescaling:
        scale = np.asarray(layer.scale)
        if scale.ndim and keras.config.image_data_format() == "channels_first":
            return {"scale": scale.reshape(scale.shape + (1,) * (3 - scale.ndim))}
    return {}


def _activation_name(layer: Any, keras: ModuleType) -> str | None:
    """Name of a layer's activation; of a foreign one with its module, of a layer with brackets.

    What computes the same as a function of Keras has the name of that one.
    """
    function = getattr(layer, "activation", None)
    if function is None:
        return None
    if isinstance(function, keras.layers.Layer):
        return f"{type(function).__name__}()"
    name = str(getattr(function, "__name__", type(function).__name__))
    if getattr(keras.activations, name, None) is function:
        return name
    return keras_name(function) or f"{getattr(function, '__module__', '?')}.{name}"
