"""A Keras model as plain facts: its layers, and which layer reads which.

The only file that touches attributes of Keras that are not public (`_keras_history`,
`_inbound_nodes`), which have been the same in all of Keras 3.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from annconv.errors import LayerProblem, UnsupportedModelError
from annconv.frontend.foreign_activations import keras_name
from annconv.frontend.layer_view import LayerView
from annconv.frontend.remedies import SUBCLASSED_MODEL
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Origin

OpenShape = tuple[int | None, ...]
"""A shape without its batch axis; None for an extent that is left open."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerCall:
    """One use of a layer in the model.

    Attributes:
        name: That of the layer for its first use, `NAME/2` and so on for further ones; no other
            call has it.
        origin: Name, index and type of the layer.
        layer: The Keras object.
        inputs: Names of the calls whose results it reads.
        input_shapes: Their shapes.
        output_shape: Shape of its own result.
        arguments: Further arguments of the call, as text.
    """

    name: str
    origin: Origin
    layer: Any
    inputs: tuple[str, ...]
    input_shapes: tuple[OpenShape, ...]
    output_shape: OpenShape
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class KerasModel:
    """A built Sequential or functional model.

    Attributes:
        name: Its name.
        layers: Every layer, the Input first.
        objects: The Keras objects of `layers`.
        calls: Every use of a layer, each behind those that it reads.
        outputs: Names of the calls whose results are the model's.
    """

    name: str
    layers: tuple[Origin, ...]
    objects: tuple[Any, ...]
    calls: tuple[LayerCall, ...]
    outputs: tuple[str, ...]


def inspect_model(model: Any, keras: ModuleType) -> KerasModel:
    """The facts of a Keras model.

    Args:
        model: A `keras.Model`.
        keras: The Keras module.
    Raises:
        UnsupportedModelError: It is a subclassed model, is not built, or has no layers.
    """
    _refuse_form(model, keras)
    objects = list(model.layers)
    histories = [_history(tensor) for tensor in model.outputs]
    nodes = _reachable(histories)
    if isinstance(model, keras.Sequential):
        objects.insert(0, _history(model.inputs[0]).operation)
    origins = {
        id(layer): Origin(str(layer.name), index, type(layer).__name__)
        for index, layer in enumerate(objects)
    }
    calls: dict[int, LayerCall] = {}
    known = dict(origins)
    names: set[str] = set()
    for node in nodes:
        call = _call(node, known, calls, names)
        known[id(node.operation)] = call.origin
        names.add(call.name)
        calls[id(node)] = call
    outputs = tuple(calls[id(_node(history))].name for history in histories)
    layers = tuple(origins[id(layer)] for layer in objects)
    return KerasModel(str(model.name), layers, tuple(objects), tuple(calls.values()), outputs)


def _refuse_form(model: Any, keras: ModuleType) -> None:
    """Refuse models whose computation is not a graph of layers."""
    kind = type(model)
    functional = kind.__name__ == "Functional" and kind.__module__.startswith("keras.")
    if kind is not keras.Sequential and not functional:
        why, instead = SUBCLASSED_MODEL
    elif not model.layers:
        why, instead = "it has no layers", "a model with at least one Dense layer"
    elif not model.built or getattr(model, "_functional", model) is None:
        why = "it has no input shape yet, so its weights do not exist"
        instead = "model.build((None, 28, 28, 1)), or keras.Input as its first layer"
    else:
        return
    problem = LayerProblem(0, str(model.name), kind.__name__, why, instead)
    raise UnsupportedModelError(str(model.name), max(1, len(model.layers)), [problem])


def _reachable(histories: Sequence[Any]) -> list[Any]:
    """The calls that the outputs depend on, each behind those that it reads."""
    ordered: list[Any] = []
    seen: set[int] = set()
    stack = [(_node(history), False) for history in reversed(histories)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            ordered.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(parent, False) for parent in reversed(node.parent_nodes)]
    return ordered


def _history(tensor: Any) -> Any:
    """Which call of which layer made a symbolic tensor."""
    return tensor._keras_history  # noqa: SLF001  (Keras has no public name for it)


def _node(history: Any) -> Any:
    """The call that a history points at."""
    nodes = history.operation._inbound_nodes  # noqa: SLF001  (Keras has no public name for it)
    return nodes[history.node_index]


def _call(
    node: Any, known: dict[int, Origin], calls: dict[int, LayerCall], names: set[str]
) -> LayerCall:
    """One call. An operation that is not a layer takes the index of the last layer it reads."""
    operation = node.operation
    parents = [calls[id(_node(_history(tensor)))] for tensor in node.input_tensors]
    index = max((parent.origin.index for parent in parents), default=0)
    origin = known.get(id(operation))
    if origin is None:
        origin = Origin(str(operation.name), index, type(operation).__name__)
    further = (f"{origin.name}/{use}" for use in itertools.count(2))
    name = next(name for name in itertools.chain([origin.name], further) if name not in names)
    told = inspect.signature(operation.call).parameters
    given = [
        f"{name}={value!r}"
        for name, value in node.arguments.kwargs.items()
        if not (value is None or (name == "training" and value is False))
        and not (name in told and value is told[name].default)
    ]
    given += [repr(value) for value in node.arguments.args[1:]]
    return LayerCall(
        name,
        origin,
        operation,
        tuple(parent.name for parent in parents),
        tuple(tuple(tensor.shape[1:]) for tensor in node.input_tensors),
        tuple(node.outputs[0].shape[1:]),
        tuple(given),
    )


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
    """What a handler may see of a layer of Keras' own.

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
    inner = getattr(layer, "activation", None)
    nested = None
    if isinstance(inner, keras.layers.Layer) and is_own(inner, keras):
        named = Origin(origin.name, origin.index, type(inner).__name__)
        nested = view_layer(named, inner, keras, input_shapes)
    return LayerView(
        origin,
        config=config,
        defaults=defaults,
        weights=[np.asarray(array) for array in layer.get_weights()],
        input_shapes=input_shapes,
        activation=activation,
        activation_layer=nested,
    )


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
