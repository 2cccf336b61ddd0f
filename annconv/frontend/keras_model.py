"""A Keras model as plain facts: its layers, and which layer reads which.

Calls of nested models are taken apart into the calls of their layers, and so are the wrappers that
apply a layer to every step of time. The only file that touches attributes of Keras that are not
public (`_keras_history`, `_inbound_nodes`, `_functional`), which have been the same in all of
Keras 3; `remedies.py` names the module of its operations.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from annconv.errors import LayerProblem, UnsupportedModelError
from annconv.frontend.keras_layer import NUMBER_TYPES, number_type
from annconv.frontend.remedies import READ, SUBCLASSED_MODEL
from annconv.ir.origin import Origin

OpenShape = tuple[int | None, ...]
"""A shape without its batch axis; None for an extent that is left open."""


@dataclass(frozen=True, slots=True, eq=False)
class LayerCall:
    """One use of a layer in the model.

    Attributes:
        name: That of the layer for its first use, `NAME/2` and so on for further ones; in a nested
            model behind the name of that model's call, as in `OUTER/NAME`. No other call has it.
        origin: Type of the layer, its name, and the index of the layer of the outermost model in
            which it stands. The name of a layer in a nested model is `OUTER/NAME`.
        layer: The Keras object.
        inputs: Names of the calls whose results it reads.
        input_shapes: Their shapes as Keras has them.
        output_shape: Shape of its own result as Keras has it.
        arguments: Further arguments of the call, as text.
        nested: Whether it stands in a nested model: that may be called on other shapes than those
            for which Keras built it.
        times: Number of axes in front of all shapes along which the layer is applied step by step.
        operands: What an operation that is no layer was given, None for what it reads.
    """

    name: str
    origin: Origin
    layer: Any
    inputs: tuple[str, ...]
    input_shapes: tuple[OpenShape, ...]
    output_shape: OpenShape
    arguments: tuple[str, ...]
    nested: bool = False
    times: int = 0
    operands: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class KerasModel:
    """A built Sequential or functional model.

    Attributes:
        name: Its name.
        layers: Every layer, the Input first.
        calls: Every use of a layer, the inputs in the model's order and first, each other one
            behind those that it reads.
        outputs: Names of the calls whose results are the model's.
        output_shapes: Their shapes as Keras has them.
    """

    name: str
    layers: tuple[Origin, ...]
    calls: tuple[LayerCall, ...]
    outputs: tuple[str, ...]
    output_shapes: tuple[OpenShape, ...]


def inspect_model(model: Any, keras: ModuleType, *, flat: bool = False) -> KerasModel:
    """The facts of a Keras model.

    Args:
        model: A `keras.Model`.
        keras: The Keras module.
        flat: Whether nested models and wrappers stay calls of one layer.
    Raises:
        UnsupportedModelError: It is a subclassed model, is not built, or has no layers.
    """
    _refuse_form(model, keras)
    objects = list(model.layers)
    if isinstance(model, keras.Sequential):
        objects.insert(0, _history(model.inputs[0]).operation)
    origins = {
        id(layer): Origin(str(layer.name), index, type(layer).__name__)
        for index, layer in enumerate(objects)
    }
    walk = _Walk(keras, flat=flat)
    outputs = walk.follow(model, _Place(dict(origins)))
    return KerasModel(
        str(model.name),
        tuple(origins[id(layer)] for layer in objects),
        tuple(walk.calls),
        outputs,
        tuple(_shape(tensor) for tensor in model.outputs),
    )


def _refuse_form(model: Any, keras: ModuleType) -> None:
    """Refuse models whose computation is not a graph of layers."""
    if not is_graph_of_layers(model, keras):
        why, instead = SUBCLASSED_MODEL
    elif not model.layers:
        why, instead = "it has no layers", "a model with at least one Dense layer"
    elif not _is_built(model):
        why = "it has no input shape yet, so its weights do not exist"
        instead = "model.build((None, 28, 28, 1)), or keras.Input as its first layer"
    else:
        return
    problem = LayerProblem(0, str(model.name), type(model).__name__, why, instead)
    raise UnsupportedModelError(str(model.name), max(1, len(model.layers)), [problem], cannot=READ)


def is_graph_of_layers(model: Any, keras: ModuleType) -> bool:
    """Whether something is a Sequential or functional model, and of no class derived from those."""
    kind = type(model)
    functional = kind.__name__ == "Functional" and kind.__module__.startswith("keras.")
    return kind is keras.Sequential or functional


def _is_built(model: Any) -> bool:
    return bool(model.built) and getattr(model, "_functional", model) is not None


def is_wrapper(layer: Any, keras: ModuleType) -> bool:
    """Whether a layer applies another one to every step of time."""
    return type(layer) is keras.layers.TimeDistributed


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the calls of one model stand.

    Attributes:
        known: Origins of the model's layers, by the identity of the layer.
        calls: What stands in front of the names of calls.
        layers: What stands in front of the names of layers.
        index: Index of the layer of the outermost model, None in that model itself.
        times: As `LayerCall` has it.
    """

    known: dict[int, Origin]
    calls: str = ""
    layers: str = ""
    index: int | None = None
    times: int = 0


@dataclass(slots=True)
class _Walk:
    """Collects the calls of a model and of the models in it.

    Attributes:
        keras: The Keras module.
        flat: As in `inspect_model`.
        calls: Found so far.
        origins: Where each of them came from, by name.
        names: Of all calls, those of nested models included.
    """

    keras: ModuleType
    flat: bool
    calls: list[LayerCall] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    def follow(
        self, model: Any, place: _Place, entries: Sequence[str] | None = None
    ) -> tuple[str, ...]:
        """Add the calls of a model.

        Args:
            model: Sequential or functional, built.
            place: Where it stands.
            entries: Names of the calls that a nested model reads, one for each of its inputs.
        Returns:
            Names of the calls whose results are the model's outputs.
        """
        results: dict[tuple[int, int], str] = {}
        for number, tensor in enumerate(model.inputs):
            node, read = _node(tensor), tuple(entries or ())[number : number + 1]
            results[id(node), 0] = self._add(node, node.operation, read, place)
        for node in _reachable(model.outputs):
            if (id(node), 0) in results:
                continue
            read = tuple(results[_result(tensor)] for tensor in node.input_tensors)
            made = self._call(node, read, place)
            results |= {(id(node), number): name for number, name in enumerate(made)}
        return tuple(results[_result(tensor)] for tensor in model.outputs)

    def _call(self, node: Any, read: tuple[str, ...], place: _Place) -> tuple[str, ...]:
        """Add what a call computes; the name of the call that makes each of its results."""
        operation, place_of_layer, wrapped = node.operation, place, 0
        whole = not self.flat and not self._arguments(node)
        while whole and self._may_unwrap(operation):
            place_of_layer = self._inside(operation, read, place_of_layer, times=1)
            operation, wrapped = operation.layer, wrapped + 1
        entries = self._entries(operation, node, read) if whole else None
        if entries is not None:
            within = self._inside(operation, read, place_of_layer)
            return self.follow(operation, within, entries)
        name = self._add(node, operation, read, place_of_layer, wrapped)
        return (name,) * len(node.outputs)

    def _may_unwrap(self, layer: Any) -> bool:
        """Whether the layer in a wrapper computes in the numbers that it says itself."""
        return is_wrapper(layer, self.keras) and number_type(layer) in NUMBER_TYPES

    def _entries(self, model: Any, node: Any, read: tuple[str, ...]) -> list[str] | None:
        """What a nested model reads for each of its inputs; None if it cannot be taken apart."""
        if not is_graph_of_layers(model, self.keras) or not model.layers or not _is_built(model):
            return None
        if type(model) is self.keras.Sequential and number_type(model) not in NUMBER_TYPES:
            return None  # it casts what it reads
        given = node.arguments.args[0] if node.arguments.args else node.arguments.kwargs["inputs"]
        if isinstance(given, dict) and not isinstance(model.input, dict):
            given = [given.get(tensor.name) for tensor in model.inputs]
        names = dict(zip(map(id, node.input_tensors), read, strict=True))
        found = [names.get(id(tensor)) for tensor in self.keras.tree.flatten(given)]
        entries = [name for name in found if name is not None]
        return entries if len(found) == len(entries) == len(model.inputs) else None

    def _inside(
        self, layer: Any, read: tuple[str, ...], place: _Place, *, times: int = 0
    ) -> _Place:
        """The place of what one call of a nested model or a wrapper holds."""
        origin, name = self._origin(layer, read, place), self._name(layer, place)
        return _Place({}, f"{name}/", f"{origin.name}/", origin.index, place.times + times)

    def _origin(self, layer: Any, read: tuple[str, ...], place: _Place) -> Origin:
        """Where a call stands; an operation that is no layer has the index of what it reads."""
        known = place.known.get(id(layer))
        if known is not None:
            return known
        index = place.index
        if index is None:
            index = max((self.origins[name].index for name in read), default=0)
        return Origin(f"{place.layers}{layer.name}", index, type(layer).__name__)

    def _name(self, layer: Any, place: _Place) -> str:
        """A name that no call has yet."""
        first = f"{place.calls}{layer.name}"
        further = (f"{first}/{use}" for use in itertools.count(2))
        name = next(name for name in itertools.chain([first], further) if name not in self.names)
        self.names.add(name)
        return name

    def _add(
        self, node: Any, layer: Any, read: tuple[str, ...], place: _Place, wrapped: int = 0
    ) -> str:
        """Add one call, of the layer in `wrapped` wrappers; its name."""
        call = LayerCall(
            self._name(layer, place),
            self._origin(layer, read, place),
            layer,
            read,
            tuple(_shape(tensor)[wrapped:] for tensor in node.input_tensors),
            _shape(node.outputs[0])[wrapped:],
            tuple(self._arguments(node)),
            nested=place.index is not None,
            times=place.times,
            operands=self._operands(node, layer),
        )
        self.calls.append(call)
        self.origins[call.name] = call.origin
        return call.name

    def _operands(self, node: Any, layer: Any) -> tuple[Any, ...]:
        """What an operation was given."""
        if isinstance(layer, self.keras.layers.Layer):
            return ()
        read = {id(tensor) for tensor in node.input_tensors}
        return tuple(None if id(given) in read else given for given in node.arguments.args)

    def _arguments(self, node: Any) -> list[str]:
        """What a call was given besides its inputs; masks that are none and inference are not."""
        flatten, told = self.keras.tree.flatten, inspect.signature(node.operation.call).parameters
        given = [
            f"{name}={value!r}"
            for name, value in node.arguments.kwargs.items()
            if name != "inputs"
            and not all(entry is None for entry in flatten(value))
            and not (name == "training" and value is False)
            and not (name in told and value is told[name].default)
        ]
        return given + [repr(value) for value in node.arguments.args[1:]]


def _reachable(tensors: Sequence[Any]) -> list[Any]:
    """The calls that symbolic tensors depend on, each behind those that it reads."""
    ordered: list[Any] = []
    seen: set[int] = set()
    stack = [(_node(tensor), False) for tensor in reversed(tensors)]
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


def _node(tensor: Any) -> Any:
    """The call that made a symbolic tensor."""
    history = _history(tensor)
    nodes = history.operation._inbound_nodes  # noqa: SLF001  (Keras has no public name for it)
    return nodes[history.node_index]


def _result(tensor: Any) -> tuple[int, int]:
    """Which result of which call a symbolic tensor is."""
    return id(_node(tensor)), int(_history(tensor).tensor_index)


def _shape(tensor: Any) -> OpenShape:
    """Shape of a symbolic tensor."""
    return tuple(tensor.shape[1:])
