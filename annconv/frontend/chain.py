"""`on_unsupported="ignore"`: layers chained in the order of `model.layers`, as ANNarchy does.

Branches are not followed, layers that its converter does not know are skipped and activations other
than ReLU are skipped. What was ignored is handed back, so that a conversion can say so.
"""

from __future__ import annotations

import math
from collections import Counter
from types import ModuleType

from annconv.errors import LayerProblem
from annconv.frontend.keras_layer import is_own
from annconv.frontend.keras_model import KerasModel, LayerCall, is_wrapper
from annconv.frontend.layer_reading import check_arguments, read_layer, refusal
from annconv.frontend.layer_view import Problems
from annconv.frontend.layers import HANDLERS
from annconv.frontend.layers.identity import identity
from annconv.frontend.lowering import check_inputs, check_names, closed, node_names
from annconv.ir.activations import Bias, Function, Relu, Softmax
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Graph, Input, Layer, Node, result_shape
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool, Reshape

MERGES = ("Add", "Concatenate")
CHAINED = frozenset(
    (
        "InputLayer", "Flatten", "Reshape", "Dense", "Conv1D", "Conv2D", "Conv3D",
        "MaxPooling1D", "MaxPooling2D", "MaxPooling3D",
        "AveragePooling1D", "AveragePooling2D", "AveragePooling3D",
        "Activation", "ReLU", "LeakyReLU", "Softmax",
        "ActivityRegularization", "AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise",
        "Identity", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D",
    )
)  # fmt: skip
"""Layers that become part of a chain or change nothing; all others are skipped."""
KEPT = Input | Dense | Convolution | MaxPool | MeanPool | Reshape | Bias
"""What stays of a layer; of activations a ReLU that starts at 0 and a softmax over the channels."""


def chain_layers(
    model: KerasModel, keras: ModuleType
) -> tuple[Graph, tuple[LayerProblem, ...], tuple[LayerProblem, ...]]:
    """The Graph of a model read as one chain, what was ignored, and every problem.

    Returns:
        The Graph, what was ignored, and no problems; or, where a layer does not fit onto the one
        before it or has a fault that cannot be ignored (open shapes, number types, weights that are
        not finite, …), the layers that fit, nothing, and every problem.
    """
    problems = Problems()
    check_inputs(model, problems)
    _check_branches(model, keras, problems)
    calls = {call.origin: call for call in reversed(model.calls)}
    for call in model.calls:
        if call.origin not in model.layers:
            read_layer(call.origin, call.layer, (), keras, problems)
    begin = calls[next(origin for origin in model.layers if origin.type == "InputLayer")]
    shape = closed(begin.output_shape)
    read_layer(begin.origin, begin.layer, (shape,), keras, problems)
    nodes = [Node(begin.origin.name, Input(), (), shape, (begin.origin,))]
    for call in (calls[origin] for origin in model.layers):
        if call.origin.type != "InputLayer":
            behind = _append(call, shape, nodes, keras, problems)
            listed = call.origin.name in {entry.layer for entry in problems.fatal}
            if behind is None and not listed and None not in begin.output_shape:
                problems.add(
                    call.origin,
                    why=f"it cannot read the shape {shape} of what stands before it",
                    instead="a model without the layers that were ignored",
                )
            # Behind a layer that does not fit stands Keras' own shape, so that later ones are
            # checked.
            shape = closed(call.output_shape) if behind is None else behind
    check_names(((node.origin[-1], [node.name]) for node in nodes), problems)
    graph = Graph(model.name, tuple(nodes), (nodes[-1].name,), model.layers)
    if problems.fatal:
        return graph, (), problems.all
    graph.verify()
    return graph, problems.ignorable, ()


def _check_branches(model: KerasModel, keras: ModuleType, problems: Problems) -> None:
    """One input, one output, and every layer in one place only."""
    inputs = [call for call in model.calls if call.origin.type == "InputLayer"]
    for call in inputs[1:]:
        problems.add(
            call.origin,
            why=f"it is one of {len(inputs)} inputs",
            instead="one input that holds them all",
            ignorable=True,
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
        if count == 1 or refusal(layers[origin], keras) is not None:
            continue
        copied = ", with equal weights (set_weights)" if layers[origin].weights else ""
        problems.add(
            origin,
            why=f"it is used in {count} places",
            instead=f"a layer of its own for each place{copied}",
            ignorable=True,
        )


def _kept(call: LayerCall, parts: tuple[Layer, ...], problems: Problems) -> tuple[Layer, ...]:
    """What stays of what a layer computes; the rest is noted."""
    found: list[Layer] = []
    for part in parts:
        match part:
            case Relu(threshold=0.0) | Softmax(axes=(-1,)):
                found.append(part)
            case _ if isinstance(part, KEPT):
                found.append(part)
            case _:
                name = repr(part.name) if isinstance(part, Function) else str(part)
                problems.add(
                    call.origin,
                    setting=f"{'' if call.origin.type == 'Activation' else 'activation='}{name}",
                    why="ANNarchy's converter skips it",
                    instead="retrain with 'relu', the last layer with 'softmax'",
                    ignorable=True,
                )
    return tuple(found)


def _append(
    call: LayerCall, shape: Geometry, nodes: list[Node], keras: ModuleType, problems: Problems
) -> Geometry | None:
    """Put a layer's nodes behind the chain.

    Returns:
        Shape behind it, None if the layer does not fit.
    """
    refused = refusal(call.layer, keras) is not None
    if not refused:
        check_arguments(call, problems)
    if call.origin.type in MERGES and is_own(call.layer, keras):
        problems.add(
            call.origin,
            why="branches are not followed",
            instead="a model in which each layer reads the one before it",
            ignorable=True,
        )
        return shape
    if (not refused or is_wrapper(call.layer, keras)) and call.origin.type not in CHAINED:
        problems.add(
            call.origin,
            why="ANNarchy's converter skips it",
            instead="a model without it",
            ignorable=True,
        )
        return shape
    idle = HANDLERS.get(call.origin.type) is identity
    if getattr(call.layer, "data_format", None) == "channels_first" and not idle:
        problems.add(
            call.origin,
            setting="data_format='channels_first'",
            why="the chain keeps channels last",
            instead="data_format='channels_last', the kernels stay as they are",
        )
        return None
    rank = len(call.input_shapes[0])
    read = (math.prod(shape),) if rank == 1 else shape
    if len(read) != rank and not refused:
        return None
    parts = read_layer(call.origin, call.layer, (read,), keras, problems)
    parts = _kept(call, parts, problems)
    if not parts:
        return shape
    placed: list[tuple[str, Layer]] = []
    if read != shape:
        placed.append((f"{call.origin.name}/input", Reshape(read)))
    placed += zip(node_names(call.origin.name, parts), parts, strict=True)
    return _place(call, placed, shape, nodes)


def _place(
    call: LayerCall, placed: list[tuple[str, Layer]], shape: Geometry, nodes: list[Node]
) -> Geometry | None:
    """Add nodes behind `shape`; the shape after them, None if one cannot read what it receives."""
    for name, part in placed:
        received = result_shape(part, [shape])
        if received is None:
            return None
        shape = received
        nodes.append(Node(name, part, (nodes[-1].name,), shape, (call.origin,)))
    return shape
