"""Graph: what the trained network computes, layer by layer, with shapes and weights resolved.

Normal form: every node computes one thing. A Keras layer with a bias and an activation becomes two
or three nodes of the same origin; dropout and identity leave none.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np

from annconv.errors import InputError
from annconv.ir.activations import ACTIVATIONS, Activation, Function
from annconv.ir.arrays import Geometry, WeightArray
from annconv.ir.joins import JOINS, Join
from annconv.ir.maps import MAPS, Map
from annconv.ir.operators import OPERATORS, Operator
from annconv.ir.origin import ORIGIN, Origin
from annconv.ir.records import SHAPE, TEXT, Coder, digest, encode, one_of, record, several
from annconv.ir.verify import Violation, run_rules


@dataclass(frozen=True, slots=True)
class Input:
    """Where samples enter."""

    def __str__(self) -> str:
        return "input"


Layer = Input | Operator | Map | Activation | Join
"""What a node can compute."""

LAYERS: Mapping[type, Coder] = MappingProxyType(
    {Input: record(Input), **OPERATORS, **MAPS, **ACTIVATIONS, **JOINS}
)
"""Every one of them, and how it is written."""


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One operation of the computation.

    Attributes:
        name: Unique in the graph: the Keras layer's name for its first node, `NAME/relu`,
            `NAME/bias`, … for those behind it; `NAME/2`, `NAME/2/bias`, … for a second use, and
            `OUTER/NAME` in a nested model. Where a layer keeps its channels first, its axes change
            places in `NAME/channels_last` and back in `NAME/channels_first`.
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
        return digest(*encode(GRAPH, self))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        return self is other or self.digest() == other.digest()

    def __hash__(self) -> int:
        return hash(self.digest())

    def __str__(self) -> str:
        lines = [f"graph {self.name}", *map(str, self.nodes)]
        return "\n".join([*lines, f"outputs {', '.join(self.outputs)}"])


NODE = record(
    Node,
    name=TEXT,
    layer=one_of("a layer", LAYERS),
    inputs=several(TEXT),
    shape=SHAPE,
    origin=several(ORIGIN),
)
GRAPH = record(Graph, name=TEXT, nodes=several(NODE), outputs=several(TEXT), layers=several(ORIGIN))


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
    """Input reads nothing, a join two nodes or more, all others exactly one."""
    for node in graph.nodes:
        received = len(node.inputs)
        if isinstance(node.layer, Input):
            expected, right = "no input", received == 0
        elif isinstance(node.layer, Join):
            expected, right = "two inputs or more", received >= 2
        else:
            expected, right = "one input", received == 1
        if not right:
            yield Violation("input_counts", node.name, expected, received)


def result_shape(layer: Layer, shapes: list[Geometry]) -> Geometry | None:
    """Shape a layer makes of the shapes it reads, None where it cannot read them."""
    if isinstance(layer, Join):
        return layer.joined_geometry(shapes)
    return shapes[0] if isinstance(layer, Input) else layer.output_geometry(shapes[0])


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


def functions_known(graph: Graph) -> Iterator[Violation]:
    """A function of one number has a known name, and the parameters that belong to it."""
    for node in graph.nodes:
        if isinstance(node.layer, Function) and not node.layer.is_known:
            expected = "a function that FUNCTIONS lists"
            yield Violation("functions_known", node.name, expected, node.layer)


def layer_arrays(layer: Layer) -> Iterator[tuple[str, WeightArray]]:
    """Name and value of every array a layer holds."""
    for field in fields(layer):
        value = getattr(layer, field.name)
        for entry in value if isinstance(value, tuple) else (value,):
            if isinstance(entry, np.ndarray):
                yield field.name, entry


def values_finite(graph: Graph) -> Iterator[Violation]:
    """No weight is NaN or infinite."""
    for node in graph.nodes:
        for field, array in layer_arrays(node.layer):
            if not np.isfinite(array).all():
                bad = int((~np.isfinite(array)).sum())
                yield Violation("values_finite", node.name, "finite numbers", f"{bad} in {field}")


RULES = (
    names_unique, inputs_precede, input_counts, shapes_agree, shapes_positive, functions_known,
    values_finite,
)  # fmt: skip
