"""Graph: what the trained network computes, layer by layer, with shapes and weights resolved.

Normal form: every node computes one thing. A Keras layer with a bias and an activation becomes two
or three nodes of the same origin; dropout and identity leave none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from annconv.errors import InputError
from annconv.ir.arrays import FloatArray, Geometry, describe_array, freeze
from annconv.ir.operators import Operator
from annconv.ir.verify import Violation, run_rules


@dataclass(frozen=True, slots=True)
class Origin:
    """A layer of the Keras model.

    Attributes:
        name: Its name.
        index: Its position in `model.layers`, counted as if the Input stood first.
        type: Its class name.
    """

    name: str
    index: int
    type: str

    def __str__(self) -> str:
        return f"{self.type} {self.name!r}"


@dataclass(frozen=True, slots=True)
class Input:
    """Where samples enter."""

    def __str__(self) -> str:
        return "input"


@dataclass(frozen=True, slots=True)
class Add:
    """Sum of all inputs, which have equal shapes."""

    def __str__(self) -> str:
        return "add"


@dataclass(frozen=True, slots=True)
class Concatenate:
    """All inputs side by side along the channels."""

    def __str__(self) -> str:
        return "concatenate"


@dataclass(frozen=True, slots=True, eq=False)
class Bias:
    """A constant added to every channel.

    Attributes:
        values: (channels,).
    """

    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", freeze(self.values))

    def __str__(self) -> str:
        return f"bias  {describe_array(self.values)}"


@dataclass(frozen=True, slots=True)
class Relu:
    """max(x, 0), at most `maximum`, with `slope` for negative x (Keras' `ReLU`, threshold 0)."""

    maximum: float | None = None
    slope: float = 0.0

    def __str__(self) -> str:
        ceiling = "" if self.maximum is None else f" max {self.maximum}"
        return f"relu{ceiling}" + (f" slope {self.slope}" if self.slope else "")


@dataclass(frozen=True, slots=True)
class Softmax:
    """Softmax over the channels."""

    def __str__(self) -> str:
        return "softmax"


Layer = Operator | Input | Add | Concatenate | Bias | Relu | Softmax
"""What a node can compute."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One step of the computation.

    Attributes:
        name: Unique in the graph: the Keras layer's name for its first node, `NAME/relu`,
            `NAME/bias`, … for those behind it.
        layer: What it computes.
        inputs: Names of the nodes it reads.
        shape: Shape of its result, without the batch axis.
        origin: The Keras layers it came from.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    shape: Geometry
    origin: tuple[Origin, ...]

    def __str__(self) -> str:
        shape = "x".join(map(str, self.shape))
        reads = f" <- {', '.join(self.inputs)}" if self.inputs else ""
        origin = ", ".join(map(str, self.origin))
        return f"node {self.name}{reads}  ({shape})  {self.layer}  # {origin}"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Graph:
    """A trained network.

    Attributes:
        name: The model's name.
        nodes: In an order in which every node stands behind those it reads.
        outputs: Names of the nodes whose values are the model's outputs.
        layers: Every layer of the model in order, those that left no node included.
    """

    name: str
    nodes: tuple[Node, ...]
    outputs: tuple[str, ...]
    layers: tuple[Origin, ...]

    def __getitem__(self, name: str) -> Node:
        for node in self.nodes:
            if node.name == name:
                return node
        raise InputError(f"graph {self.name!r}", expected="the name of a node", received=repr(name))

    def __repr__(self) -> str:
        return f"<Graph {self.name!r}: {len(self.nodes)} nodes of {len(self.layers)} layers>"

    def verify(self) -> None:
        """Check every rule.

        Raises:
            VerifyError: Lists all violations.
        """
        run_rules(f"Graph {self.name!r}", self, RULES)

    def digest(self) -> str:
        """SHA-256 that two graphs share exactly if they are equal, as hexadecimal text.

        Raises:
            InputError: A field holds a value of another type than it declares.
        """
        from annconv.ir.codec import graph_digest

        return graph_digest(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        return self is other or self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())

    def __str__(self) -> str:
        lines = [f"graph {self.name}", *map(str, self.nodes)]
        return "\n".join([*lines, f"outputs {', '.join(self.outputs)}"])


def names_unique(graph: Graph) -> Iterator[Violation]:
    """No two nodes share a name."""
    names = [node.name for node in graph.nodes]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Violation("names_unique", name, expected="one node", received=names.count(name))


def inputs_precede(graph: Graph) -> Iterator[Violation]:
    """A node stands behind all nodes it reads, and outputs exist."""
    seen: set[str] = set()
    for node in graph.nodes:
        for name in node.inputs:
            if name not in seen:
                yield Violation("inputs_precede", node.name, "earlier node", name)
        seen.add(node.name)
    for name in graph.outputs:
        if name not in seen:
            yield Violation("inputs_precede", "outputs", expected="a node", received=name)


def input_counts(graph: Graph) -> Iterator[Violation]:
    """Input reads nothing, Add and Concatenate two nodes or more, all others exactly one."""
    for node in graph.nodes:
        received = len(node.inputs)
        if isinstance(node.layer, Input):
            expected, right = "no input", received == 0
        elif isinstance(node.layer, Add | Concatenate):
            expected, right = "two inputs or more", received >= 2
        else:
            expected, right = "one input", received == 1
        if not right:
            yield Violation("input_counts", node.name, expected, received)


def result_shape(layer: Layer, shapes: list[Geometry]) -> Geometry | None:
    """Shape a layer makes of the shapes it reads, None where it cannot read them."""
    first = shapes[0]
    if isinstance(layer, Add):
        return first if all(shape == first for shape in shapes) else None
    if isinstance(layer, Concatenate):
        if not first or any(len(s) != len(first) or s[:-1] != first[:-1] for s in shapes):
            return None
        return (*first[:-1], sum(shape[-1] for shape in shapes))
    if isinstance(layer, Bias):
        return first if layer.values.shape == first[-1:] else None
    if isinstance(layer, Input | Relu | Softmax):
        return first
    return layer.output_geometry(first)


def shapes_agree(graph: Graph) -> Iterator[Violation]:
    """Every node's shape is what its layer makes of the shapes it reads."""
    shapes = {node.name: node.shape for node in graph.nodes}
    for node in graph.nodes:
        known = [shapes[name] for name in node.inputs if name in shapes]
        if known and len(known) == len(node.inputs):
            received = result_shape(node.layer, known)
            if received != node.shape:
                yield Violation("shapes_agree", node.name, expected=node.shape, received=received)


def shapes_positive(graph: Graph) -> Iterator[Violation]:
    """Shapes have at least one axis and no empty one."""
    for node in graph.nodes:
        if not node.shape or math.prod(node.shape) <= 0 or min(node.shape) <= 0:
            yield Violation("shapes_positive", node.name, "positive extents", node.shape)


def layer_arrays(layer: Layer) -> Iterator[tuple[str, FloatArray]]:
    """Name and value of every array a layer holds."""
    for field in ("kernel", "weights", "factors", "values"):
        if hasattr(layer, field):
            yield field, getattr(layer, field)


def values_finite(graph: Graph) -> Iterator[Violation]:
    """No weight is NaN or infinite."""
    for node in graph.nodes:
        for field, array in layer_arrays(node.layer):
            if not np.isfinite(array).all():
                bad = int((~np.isfinite(array)).sum())
                yield Violation("values_finite", node.name, "finite numbers", f"{bad} in {field}")


RULES = (names_unique, inputs_precede, input_counts, shapes_agree, shapes_positive, values_finite)
