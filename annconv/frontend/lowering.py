"""From the layers of a Keras model to a Graph, every layer checked before anything is refused."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import numpy as np

from annconv.errors import LayerProblem, VerifyError
from annconv.frontend.keras_model import (
    KerasModel,
    LayerCall,
    OpenShape,
    UntoldSettingsError,
    is_own,
    number_type,
    own_parent,
    view_layer,
)
from annconv.frontend.layer_view import LayerView, Problems
from annconv.frontend.layers import HANDLERS
from annconv.frontend.layers.activation import nearest_activation
from annconv.frontend.remedies import (
    CODE,
    LAYERS,
    NESTED_MODEL,
    OPERATION,
    UNKNOWN_LAYER,
    Remedy,
    activation_remedy,
    foreign_layer,
    lora_remedy,
    quantised_remedy,
    uncallable_activation,
)
from annconv.ir.activations import Function
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Graph, Input, Layer, Node, Origin, result_shape
from annconv.ir.operators import Reshape
from annconv.ir.verify import Violation

NUMBER_TYPES = ("float32", "float64")


def lower(model: KerasModel, keras: ModuleType) -> tuple[Graph, tuple[LayerProblem, ...]]:
    """The Graph of a model, and every problem in it.

    Returns:
        The exact Graph and no problems; or every problem and a draft of the Graph, in which a layer
        that cannot be read is a Reshape: it shows what stands where, and is not verified.
    Raises:
        VerifyError: A shape differs from Keras' own: a fault of annconv.
    """
    problems = Problems()
    check_model(model, keras, problems)
    steps = [_read_call(call, keras, problems) for call in model.calls]
    made = [
        (call.origin, [call.origin.name, *node_names(call.name, layers)])
        for call, layers in zip(model.calls, steps, strict=True)
    ]
    check_names(made, problems)
    if problems.all:
        return _draft(model, steps), problems.all
    return _assemble(model, steps), ()


def check_model(
    model: KerasModel, keras: ModuleType, problems: Problems, *, chained: bool = False
) -> None:
    """One input with a fixed shape, one output, and no layer with weights used in two places.

    Args:
        model: The model.
        keras: The Keras module.
        problems: Where everything at fault is noted.
        chained: Whether every layer stands in one place only, those without weights as well.
    """
    inputs = [call for call in model.calls if call.origin.type == "InputLayer"]
    for call in inputs[1:]:
        problems.add(
            call.origin,
            why=f"it is one of {len(inputs)} inputs",
            instead="one input that holds them all",
            ignorable=True,
        )
    for call in inputs:
        if None in call.output_shape:
            problems.add(
                call.origin,
                setting=f"shape={call.output_shape}",
                why="neurons need a fixed number of inputs",
                instead="the same layers on a keras.Input whose shape has no None",
            )
    origins = {call.name: call.origin for call in model.calls}
    for name in model.outputs[1:]:
        problems.add(
            origins[name],
            why=f"it is one of {len(model.outputs)} outputs",
            instead="keras.Model(model.inputs, model.outputs[0])",
            ignorable=True,
        )
    layers = {call.origin: call.layer for call in model.calls}
    for origin, count in Counter(call.origin for call in model.calls).items():
        layer = layers[origin]
        if count == 1 or refusal(layer, keras) is not None or not (chained or layer.weights):
            continue
        copied = ", with equal weights (set_weights)" if layer.weights else ""
        problems.add(
            origin,
            why=f"it is used in {count} places",
            instead=f"a layer of its own for each place{copied}",
            ignorable=True,
        )


def check_names(made: Iterable[tuple[Origin, Iterable[str]]], problems: Problems) -> None:
    """No two layers share a name, or the name of a node.

    Args:
        made: For each call its layer, and the names that belong to it.
        problems: Where everything at fault is noted.
    """
    owners: dict[str, Origin] = {}
    for origin, names in made:
        for name in names:
            owner = owners.setdefault(name, origin)
            if owner != origin:
                part = "" if name == owner.name else "a part of "
                problems.add(
                    origin,
                    why=f"{name!r} is also the name of {part}layer {owner.index} ({owner.type})",
                    instead=f"a name of its own: layer.name = '{origin.name}_{origin.index}'",
                )


def check_arguments(call: LayerCall, problems: Problems) -> None:
    """A layer is called on its inputs alone."""
    for argument in call.arguments:
        problems.add(
            call.origin,
            why=f"it is called with {argument}",
            instead="calling the layer on its input alone",
            ignorable=True,
        )


def closed(shape: OpenShape) -> Geometry:
    """A shape with every open extent as 1, for checks that need a number."""
    return tuple(1 if extent is None else int(extent) for extent in shape)


def _read_call(call: LayerCall, keras: ModuleType, problems: Problems) -> tuple[Layer, ...]:
    """What one call computes; after a problem perhaps only a part of it."""
    if refusal(call.layer, keras) is None:
        check_arguments(call, problems)
    shapes = tuple(map(closed, call.input_shapes)) or (closed(call.output_shape),)
    return read_layer(call.origin, call.layer, shapes, keras, problems)


def read_layer(
    origin: Origin,
    layer: Any,
    shapes: tuple[Geometry, ...],
    keras: ModuleType,
    problems: Problems,
) -> tuple[Layer, ...]:
    """What one layer computes on inputs of these shapes.

    Args:
        origin: Name, index and type of the layer.
        layer: The Keras object.
        shapes: Shape of each input; of its own result for the InputLayer.
        keras: The Keras module.
        problems: Where everything at fault is noted.
    Returns:
        One entry per node, empty if the layer computes nothing or is refused.
    """
    refused = refusal(layer, keras)
    if refused is not None:
        problems.add(origin, why=refused.why, instead=refused.instead, ignorable=True)
        return ()
    mode, rank = getattr(layer, "quantization_mode", None), getattr(layer, "lora_rank", None)
    if mode is not None:
        why, instead = quantised_remedy(str(mode), with_lora=rank is not None)
        problems.add(origin, setting=f"dtype={number_type(layer)!r}", why=why, instead=instead)
        return ()
    if number_type(layer) not in NUMBER_TYPES:
        problems.add(
            origin,
            setting=f"dtype={number_type(layer)!r}",
            why="only float32 and float64 are read",
            instead="the same model and weights built under the dtype policy 'float32'",
        )
        return ()
    if rank is not None:
        why, instead = lora_remedy(with_bias=bool(layer.use_bias))
        problems.add(origin, setting=f"lora_rank={rank}", why=why, instead=instead)
        return ()
    view = _view(origin, layer, keras, shapes, problems)
    if view is None:
        return ()
    for array in view.weights:
        bad = int((~np.isfinite(array)).sum()) if array.dtype.kind == "f" else 0
        if bad:
            problems.add(
                origin,
                why=f"{bad} of {array.size} numbers in its weights {array.shape} are not finite",
                instead="an earlier checkpoint, or training with a smaller learning rate",
            )
    steps = HANDLERS[origin.type](view, problems)
    view.refuse_lost_settings(problems)
    return steps


def _view(
    origin: Origin,
    layer: Any,
    keras: ModuleType,
    shapes: tuple[Geometry, ...],
    problems: Problems,
) -> LayerView | None:
    """What a handler may see of a layer, None after a problem: its settings are not known."""
    function = getattr(layer, "activation", keras.activations.linear)
    if not callable(function):
        why, instead = uncallable_activation(function, nearest_activation(function))
        problems.add(origin, setting=f"activation={function!r}", why=why, instead=instead)
        return None
    try:
        return view_layer(origin, layer, keras, shapes)
    except UntoldSettingsError as error:
        name = error.activation
        if name is None or getattr(keras.activations, name, None) is function:
            why = f"Keras cannot tell its settings ({error})"
            problems.add(origin, why=why, instead="settings that its get_config() can tell")
        else:
            why, instead = activation_remedy(name, nearest_activation(name))
            problems.add(origin, setting=f"activation={name!r}", why=why, instead=instead)
        return None


def refusal(layer: Any, keras: ModuleType) -> Remedy | None:
    """Why a layer has no handler, None if it has one."""
    kind = type(layer)
    if isinstance(layer, keras.Model):
        return NESTED_MODEL
    if not isinstance(layer, keras.layers.Layer):
        return OPERATION
    if not is_own(layer, keras):
        return foreign_layer(f"{kind.__module__}.{kind.__qualname__}", own_parent(layer, keras))
    if kind.__name__ in HANDLERS:
        return None
    if kind is keras.layers.Lambda:
        return CODE
    return LAYERS.get(kind.__name__, UNKNOWN_LAYER)


def node_names(name: str, steps: tuple[Layer, ...]) -> list[str]:
    """Names of a layer's nodes: its own for the first, `NAME/relu`, … for those behind."""
    names = [name] if steps else []
    for step in steps[1:]:
        kind = step.name if isinstance(step, Function) else type(step).__name__.lower()
        further = (f"{name}/{kind}{place}" for place in itertools.count(2))
        tried = itertools.chain([f"{name}/{kind}"], further)
        names.append(next(free for free in tried if free not in names))
    return names


def _draft(model: KerasModel, steps: list[tuple[Layer, ...]]) -> Graph:
    """Nodes of what could be read, with Keras' shapes and a placeholder where nothing was read."""
    nodes: list[Node] = []
    results: dict[str, str] = {}
    for call, read in zip(model.calls, steps, strict=True):
        shape = closed(call.output_shape)
        placeholder = Input() if call.origin.type == "InputLayer" else Reshape(shape)
        layers = read or (placeholder,)
        inputs = tuple(results[name] for name in call.inputs)
        for name, layer in zip(node_names(call.name, layers), layers, strict=True):
            nodes.append(Node(name, layer, inputs, shape, (call.origin,)))
            inputs = (name,)
        results[call.name] = inputs[0]
    return Graph(model.name, tuple(nodes), (results[model.outputs[0]],), model.layers)


def _assemble(model: KerasModel, steps: list[tuple[Layer, ...]]) -> Graph:
    """Nodes of all steps, with the shapes that the operators make."""
    nodes: list[Node] = []
    shapes: dict[str, Geometry] = {}
    results: dict[str, str] = {}
    violations: list[Violation] = []
    for call, layers in zip(model.calls, steps, strict=True):
        inputs = tuple(results[name] for name in call.inputs)
        current = inputs[0] if inputs else ""
        for name, layer in zip(node_names(call.name, layers), layers, strict=True):
            read = [shapes[source] for source in inputs] or [closed(call.output_shape)]
            shapes[name] = result_shape(layer, read) or ()
            nodes.append(Node(name, layer, inputs, shapes[name], (call.origin,)))
            inputs, current = (name,), name
        results[call.name] = current
        if shapes[current] != call.output_shape:
            expected = f"Keras' shape {call.output_shape}"
            violations.append(Violation("keras_shape", current, expected, shapes[current]))
    if violations:
        raise VerifyError(f"Graph {model.name!r}", violations)
    graph = Graph(model.name, tuple(nodes), (results[model.outputs[0]],), model.layers)
    graph.verify()
    return graph
