"""From the layers of a Keras model to a Graph, every layer checked before anything is refused."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from annconv.errors import LayerProblem, VerifyError
from annconv.frontend.keras_model import KerasModel, LayerCall, OpenShape
from annconv.frontend.layer_reading import check_arguments, read_layer, refusal
from annconv.frontend.layer_view import Problems
from annconv.frontend.lifting import lifted
from annconv.frontend.operations import is_arithmetic, read_operation
from annconv.frontend.permutes import drop_inverse_permutes
from annconv.ir.activations import Function
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Graph, Input, Layer, Node, result_shape
from annconv.ir.joins import Concatenate, Join
from annconv.ir.maps import Permute
from annconv.ir.operators import Reshape
from annconv.ir.origin import Origin
from annconv.ir.verify import Violation


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """What was read of one call.

    Attributes:
        call: The call.
        parts: What it computes, one entry per node; none where it computes nothing or is refused.
        shape: Of its result.
    """

    call: LayerCall
    parts: tuple[Layer, ...]
    shape: Geometry

    @property
    def names(self) -> list[str]:
        """Names of its nodes."""
        return node_names(self.call.name, self.parts)


def lower(model: KerasModel, keras: ModuleType) -> tuple[Graph, tuple[LayerProblem, ...]]:
    """The Graph of a model, and every problem in it.

    Returns:
        The exact Graph and no problems; or every problem and a draft of the Graph, in which a layer
        that cannot be read is a Reshape: it shows what stands where, and is not verified.
    Raises:
        VerifyError: A shape differs from Keras' own: a fault of annconv.
    """
    problems = Problems()
    check_inputs(model, problems)
    reader = _Reader(keras, problems)
    for call in model.calls:
        reader.read(call)
    readings = tuple(reader.readings.values())
    check_names(
        ((entry.call.origin, [entry.call.origin.name, *entry.names]) for entry in readings),
        problems,
    )
    if problems.all:
        return _draft(model, readings), problems.all
    violations = [*reader.violations, *_wrong_outputs(model, reader)]
    if violations:
        _refuse_adapted(readings, problems)
        if problems.all:
            return _draft(model, readings), problems.all
        raise VerifyError(f"Graph {model.name!r}", violations)
    return _assemble(model, readings), ()


def _refuse_adapted(readings: Iterable[_Reading], problems: Problems) -> None:
    """Nested models called on one axis more or fewer than they take.

    Keras tells the shapes behind such a call as if the axis stayed, yet computes without it. Where
    both are the same in the end, the model is read.
    """
    shapes = {entry.call.name: entry.shape for entry in readings}
    for entry in readings:
        if entry.call.inputs and entry.call.origin.type == "InputLayer" and entry.parts:
            own, given = closed(entry.call.output_shape), shapes[entry.call.inputs[0]]
            problems.add(
                entry.call.origin,
                why=f"its model takes {own} and is called on {given}, and Keras tells another"
                " shape of what follows than it computes",
                instead=f"keras.layers.Reshape({own}) in front of that model",
            )


def check_inputs(model: KerasModel, problems: Problems) -> None:
    """Every input has a fixed shape."""
    for call in model.calls:
        if call.origin.type == "InputLayer" and not call.inputs and None in call.output_shape:
            problems.add(
                call.origin,
                setting=f"shape={call.output_shape}",
                why="neurons need a fixed number of inputs",
                instead="the same layers on a keras.Input whose shape has no None",
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


def closed(shape: OpenShape) -> Geometry:
    """A shape with every open extent as 1, for checks that need a number."""
    return tuple(1 if extent is None else int(extent) for extent in shape)


@dataclass(slots=True)
class _Reader:
    """Reads the calls of a model in order.

    Attributes:
        keras: The Keras module.
        problems: Where everything at fault is noted.
        readings: What was read so far, by the name of the call.
        violations: Where a shape differs from Keras' own.
        known: What layers compute on given shapes, by their identity: one that is used in several
            places is the same object in each of them, and so are its arrays.
    """

    keras: ModuleType
    problems: Problems
    readings: dict[str, _Reading] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    known: dict[tuple[int, tuple[Geometry, ...]], tuple[Layer, ...]] = field(default_factory=dict)

    def read(self, call: LayerCall) -> None:
        """What the next call computes; after a problem perhaps only a part of it."""
        layer = call.layer
        if call.arguments and (refusal(layer, self.keras) is None or self._is_container(layer)):
            check_arguments(call, self.problems)
        given = [self.readings[name].shape for name in call.inputs]
        parts: tuple[Layer, ...] = ()
        if not (call.arguments and self._is_container(layer)):
            parts = self._parts(call, given)
        as_keras = closed(call.output_shape)
        if call.times:
            as_keras = (*given[0][: call.times], *as_keras)
        shape = _shape_behind(parts, given or [as_keras])
        if call.nested:  # shapes of Keras are perhaps those of another call
            unread = not parts and call.input_shapes[:1] not in ((), (call.output_shape,))
            fits = shape is not None and not unread
        else:
            fits = shape == as_keras
        if shape is None or not fits:
            name = (node_names(call.name, parts) or [call.name])[-1]
            expected = f"Keras' shape {call.output_shape}"
            self.violations.append(Violation("keras_shape", name, expected, shape or ()))
            shape = as_keras
        self.readings[call.name] = _Reading(call, parts, shape)

    def _is_container(self, layer: Any) -> bool:
        """Whether a layer holds others, and is refused for how it is called where it is."""
        return isinstance(layer, self.keras.Model | self.keras.layers.TimeDistributed)

    def _parts(self, call: LayerCall, given: list[Geometry]) -> tuple[Layer, ...]:
        """What a call computes on inputs of these shapes, one entry per node."""
        times = given[0][: call.times] if given else ()
        shapes = tuple(shape[call.times :] for shape in given)
        key = (id(call.layer), shapes)
        parts = None if call.operands else self.known.get(key)
        if parts is None:
            before = len(self.problems.all)
            parts = self._read(call, shapes)
            listed = len(self.problems.all) > before  # then it is read for each place
            if not listed and not call.operands:  # constants of an operation belong to the call
                self.known[key] = parts
        if not times:
            return parts
        ranks = {len(shape) for shape in shapes}
        found: list[Layer] = []
        for part in parts:
            mixed = isinstance(part, Join) and not isinstance(part, Concatenate) and len(ranks) > 1
            made = None if mixed else lifted(part, times)
            if made is None:
                self.problems.add(
                    call.origin,
                    why=f"'{part}' is not applied step by step",
                    instead="the layer on the whole sequence, outside TimeDistributed",
                )
                return ()
            found.append(made)
        return tuple(found)

    def _read(self, call: LayerCall, shapes: tuple[Geometry, ...]) -> tuple[Layer, ...]:
        """What a layer computes; the input of a nested model may add an axis, or leave one out."""
        if is_arithmetic(call.layer):
            return read_operation(call, shapes, self.problems)
        own = closed(call.output_shape)
        parts = read_layer(call.origin, call.layer, shapes or (own,), self.keras, self.problems)
        if call.origin.type != "InputLayer" or not call.inputs:
            return parts
        (shape,) = shapes
        if len(shape) == len(own):
            return ()
        return (Reshape(shape[:-1] if len(shape) > len(own) else (*shape, 1)),)


def _shape_behind(parts: Iterable[Layer], given: list[Geometry]) -> Geometry | None:
    """Shape that parts make of the shapes that the first one reads; None if they cannot."""
    for part in parts:
        shape = result_shape(part, given)
        if shape is None:
            return None
        given = [shape]
    return given[0]


def node_names(name: str, parts: tuple[Layer, ...]) -> list[str]:
    """Names of a layer's nodes: its own for the first, `NAME/relu`, … for those behind.

    Where the layer keeps its channels first, the first is the one between the Permutes.
    """
    if len(parts) > 1 and isinstance(parts[0], Permute):
        rest = [part for part in parts[1:] if not isinstance(part, Permute)]
        inner = iter(node_names(name, tuple(rest)))
        back = f"{name}/channels_first"
        behind = [back if isinstance(part, Permute) else next(inner) for part in parts[1:]]
        return [f"{name}/channels_last", *behind]
    names = [name] if parts else []
    for part in parts[1:]:
        kind = part.name if isinstance(part, Function) else type(part).__name__.lower()
        further = (f"{name}/{kind}{place}" for place in itertools.count(2))
        tried = itertools.chain([f"{name}/{kind}"], further)
        names.append(next(free for free in tried if free not in names))
    return names


def _wrong_outputs(model: KerasModel, reader: _Reader) -> Iterator[Violation]:
    """Outputs whose shape differs from Keras' own."""
    for name, shape in zip(model.outputs, model.output_shapes, strict=True):
        received = reader.readings[name].shape
        if received != shape:
            yield Violation("keras_shape", name, f"Keras' shape {shape}", received)


def _draft(model: KerasModel, readings: Iterable[_Reading]) -> Graph:
    """Nodes of what could be read, with Keras' shapes and a placeholder where nothing was read."""
    nodes: list[Node] = []
    results: dict[str, str] = {}
    for entry in readings:
        call, shape = entry.call, entry.shape
        inputs = tuple(results[name] for name in call.inputs)
        placeholder = Reshape(shape) if inputs else Input()
        layers = entry.parts or (placeholder,)
        for name, layer in zip(node_names(call.name, layers), layers, strict=True):
            nodes.append(Node(name, layer, inputs, shape, (call.origin,)))
            inputs = (name,)
        results[call.name] = inputs[0]
    outputs = tuple(results[name] for name in model.outputs)
    return Graph(model.name, tuple(nodes), outputs, model.layers)


def _assemble(model: KerasModel, readings: Iterable[_Reading]) -> Graph:
    """Nodes of all parts, with the shapes that the operators make."""
    nodes: list[Node] = []
    shapes: dict[str, Geometry] = {}
    results: dict[str, str] = {}
    for entry in readings:
        call = entry.call
        inputs = tuple(results[name] for name in call.inputs)
        current = inputs[0] if inputs else ""
        for name, layer in zip(entry.names, entry.parts, strict=True):
            read = [shapes[source] for source in inputs] or [closed(call.output_shape)]
            shapes[name] = result_shape(layer, read) or ()
            nodes.append(Node(name, layer, inputs, shapes[name], (call.origin,)))
            inputs, current = (name,), name
        results[call.name] = current
    outputs = tuple(results[name] for name in model.outputs)
    graph = drop_inverse_permutes(Graph(model.name, tuple(nodes), outputs, model.layers))
    graph.verify()
    return graph
