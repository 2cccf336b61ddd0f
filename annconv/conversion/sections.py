"""A Graph as sections: where it is not linear, and the linear chains between those places.

Spiking neurons stand where a network is not linear; all else is what projections do. `Sections`
says of any Graph which is which. Its points are

- inputs;
- non-linear nodes: activation functions, maxima, products of branches;
- junctions: linear values that several chains make up or read, or that the model returns.

A section is the chain of linear operators from one point to the next. What arrives at a junction is
added up there, whatever joins the branches: a part of a Concatenate is placed among zeros, and what
a Subtract takes away is multiplied by -1. So there is no join left that is linear.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from annconv.conversion.placing import LinearJoin, placing
from annconv.ir.activations import Bias
from annconv.ir.arrays import FloatArray, Geometry, describe_array, freeze
from annconv.ir.graph import Graph, Input, Layer, Node, result_shape
from annconv.ir.joins import Join
from annconv.ir.maps import Crop, Map, Permute, Resample, TransposedConvolution
from annconv.ir.operators import (
    Convolution,
    Dense,
    MeanPool,
    Operator,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
)
from annconv.ir.verify import Violation, run_rules
from annconv.reference.maps import apply_map
from annconv.reference.operators import Values, apply_operator

Linear = (
    Convolution | Dense | MeanPool | Reshape | Scale | Pad | Slice | Upsample
    | TransposedConvolution | Crop | Permute | Resample
)  # fmt: skip
"""What stands in a section, beside biases."""


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A chain of linear operators, biases between them, from one point to another.

    Attributes:
        source: The point it reads.
        nodes: The Graph's linear operators and biases on the way. The last is the target itself
            where that is a junction and no join.
        placing: Behind them, what brings the result to its place in the join that reads it.
        target: The point that reads it.
    """

    source: Node
    nodes: tuple[Node, ...]
    placing: tuple[Linear, ...]
    target: Node

    @property
    def path(self) -> tuple[Node, ...]:
        """All nodes from the source to the target; each reads the one before it."""
        ends = () if self.nodes and self.nodes[-1] is self.target else (self.target,)
        return (self.source, *self.nodes, *ends)

    @property
    def steps(self) -> tuple[Layer, ...]:
        """What is computed, one after another, biases included."""
        return (*(node.layer for node in self.nodes), *self.placing)

    @property
    def operators(self) -> tuple[Linear, ...]:
        """The linear part: the operators without the biases between them."""
        return tuple(step for step in self.steps if isinstance(step, Linear))

    @property
    def shape(self) -> Geometry | None:
        """Shape of the result, None where a step cannot read what it receives."""
        return _shape_behind(self.source.shape, self.steps)

    def constant(self) -> FloatArray | None:
        """What is added to the linear part: every bias, carried through the operators behind it.

        Returns:
            float64, (channels,) where all positions receive the same, else of the result's shape;
            None where there is no bias.
        """
        values: Values | None = None
        shape = self.source.shape
        for step in self.steps:
            if isinstance(step, Bias):
                carried = np.zeros((1, *shape)) if values is None else values
                values = carried + step.values.astype(np.float64)
            elif values is not None:
                values = _applied(step, values)
            shape = result_shape(step, [shape]) or ()
        if values is None:
            return None
        rows = values.reshape(-1, values.shape[-1])
        return freeze(rows[0] if (rows == rows[0]).all() else values[0])

    def __str__(self) -> str:
        words = list(map(str, self.operators))
        constant = self.constant()
        if constant is not None:
            words.append(f"plus {describe_array(constant)}")
        return f"<- {self.source.name}" + (f": {', '.join(words)}" if words else "")


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An input.

    Attributes:
        node: The Input.
    """

    node: Node

    @property
    def arrivals(self) -> tuple[Section, ...]:
        """None: samples enter here."""
        return ()


@dataclass(frozen=True, slots=True, eq=False)
class Nonlinear:
    """A node that is not linear.

    Attributes:
        node: The Graph's.
        arrivals: One for each value that it reads, in that order.
    """

    node: Node
    arrivals: tuple[Section, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Junction:
    """A linear value that several sections make up or read, or that the model returns.

    Attributes:
        node: Whose value it is.
        arrivals: Sections whose results are added up.
    """

    node: Node
    arrivals: tuple[Section, ...]


Point = Entry | Nonlinear | Junction
"""Where sections begin and end."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Sections:
    """A Graph as points and the linear chains between them.

    Attributes:
        graph: What is described; each of its nodes is a point, or in one section.
        points: In the order of the Graph: the sources of all that arrives at one stand before it.
    """

    graph: Graph
    points: tuple[Point, ...]

    @property
    def all(self) -> tuple[Section, ...]:
        """Every section, in the order of the points where they arrive."""
        return tuple(section for point in self.points for section in point.arrivals)

    def nodes(self) -> Iterator[Node]:
        """Every node but the inputs: those of a section, then the point where it ends."""
        for point in self.points:
            for section in point.arrivals:
                yield from section.path[1:-1]
            if not isinstance(point, Entry):
                yield point.node

    def verify(self) -> None:
        """Check every rule.

        Raises:
            VerifyError: Lists all violations.
        """
        run_rules(f"Sections of {self.graph.name!r}", self, RULES)

    def __str__(self) -> str:
        lines = [f"sections {self.graph.name}"]
        for point in self.points:
            node, shape = point.node, "x".join(map(str, point.node.shape))
            kind = "junction" if isinstance(point, Junction) else str(node.layer)
            lines.append(f"{node.name}  ({shape})  {kind}")
            lines += [f"  {section}" for section in point.arrivals]
        return "\n".join([*lines, f"outputs {', '.join(self.graph.outputs)}"])


def is_linear(layer: Layer) -> bool:
    """Whether a layer's result, but for a constant, is linear in what it reads."""
    if isinstance(layer, Operator | Map):
        return layer.linear
    return isinstance(layer, Bias | LinearJoin)


def find_sections(graph: Graph) -> Sections:
    """The sections of a Graph.

    Args:
        graph: Any; of a draft whose shapes do not fit, nothing but the structure counts.
    """
    reads = _reads(graph)
    shapes = {node.name: node.shape for node in graph.nodes}
    points: dict[str, Point] = {}
    inside: dict[str, tuple[Node, tuple[Node, ...]]] = {}  # source, and nodes up to this one
    for node in graph.nodes:
        given = [
            inside[name] if name in inside else (points[name].node, ()) for name in node.inputs
        ]
        if isinstance(node.layer, Input):
            points[node.name] = Entry(node)
        elif not is_linear(node.layer):
            arrivals = tuple(Section(*entry, (), node) for entry in given)
            points[node.name] = Nonlinear(node, arrivals)
        elif isinstance(node.layer, Join):
            placed = zip(
                given, _placings(node, [shapes[name] for name in node.inputs]), strict=True
            )
            arrivals = tuple(Section(*entry, steps, node) for entry, steps in placed)
            points[node.name] = Junction(node, arrivals)
        else:
            chains = [(source, (*nodes, node)) for source, nodes in given]
            if len(chains) == 1 and reads[node.name] == 1 and node.name not in graph.outputs:
                inside[node.name] = chains[0]
            else:
                arrivals = tuple(Section(*entry, (), node) for entry in chains)
                points[node.name] = Junction(node, arrivals)
    return Sections(graph, tuple(points.values()))


def _reads(graph: Graph) -> Mapping[str, int]:
    """How often nodes read each node."""
    return Counter(name for node in graph.nodes for name in node.inputs)


def _placings(node: Node, shapes: Sequence[Geometry]) -> list[tuple[Linear, ...]]:
    """What brings each input of a linear join to its place; nothing where shapes do not fit."""
    join = node.layer
    if not isinstance(join, LinearJoin) or join.joined_geometry(shapes) != node.shape:
        return [()] * len(shapes)
    return [placing(join, shapes, place) for place in range(len(shapes))]


def _applied(step: Layer, values: Values) -> Values:
    """What a linear step makes of values."""
    if isinstance(step, Map):
        return apply_map(step, values)
    if isinstance(step, Operator):
        return apply_operator(step, values)
    raise TypeError(f"{step} is not linear")


def _shape_behind(shape: Geometry, steps: Sequence[Layer]) -> Geometry | None:
    """Shape behind a chain, None where a step cannot read what it receives."""
    received: Geometry | None = shape
    for step in steps:
        if received is None:
            return None
        received = result_shape(step, [received])
    return received


def each_node_once(sections: Sections) -> Iterator[Violation]:
    """Every node of the Graph is a point, or in one section."""
    points = [point.node.name for point in sections.points]
    within = [
        node.name for entry in sections.all for node in entry.nodes if node is not entry.target
    ]
    counts = Counter([*points, *within])
    for node in sections.graph.nodes:
        if counts[node.name] != 1:
            yield Violation("each_node_once", node.name, "one place", counts[node.name])


def sources_precede(sections: Sections) -> Iterator[Violation]:
    """A section begins at an earlier point, and ends where it arrives; outputs are points."""
    seen: set[str] = set()
    for point in sections.points:
        for section in point.arrivals:
            if section.source.name not in seen:
                yield Violation(
                    "sources_precede", point.node.name, "earlier point", section.source.name
                )
            if section.target is not point.node:
                where, received = point.node.name, section.target.name
                yield Violation("sources_precede", where, "a section that ends here", received)
        seen.add(point.node.name)
    for name in sections.graph.outputs:
        if name not in seen:
            yield Violation("sources_precede", "outputs", expected="a point", received=name)


def paths_as_read(sections: Sections) -> Iterator[Violation]:
    """Nodes of a section read one another as in the Graph; a point has a section for each input."""
    for point in sections.points:
        node = point.node
        last = [section.path[-2].name for section in point.arrivals]
        if last != list(node.inputs):
            yield Violation("paths_as_read", node.name, list(node.inputs), last)
        for section in point.arrivals:
            for before, behind in pairwise(section.path[:-1]):
                if behind.inputs != (before.name,):
                    yield Violation("paths_as_read", behind.name, behind.inputs, before.name)


def kinds_agree(sections: Sections) -> Iterator[Violation]:
    """Sections hold what is linear, and a point is of the kind that its node is."""
    for section in sections.all:
        for step in section.steps:
            if not isinstance(step, Linear | Bias):
                yield Violation("kinds_agree", section.target.name, "a linear step", step)
    for point in sections.points:
        layer = point.node.layer
        expected: type[Point] = Junction if is_linear(layer) else Nonlinear
        if isinstance(layer, Input):
            expected = Entry
        if not isinstance(point, expected):
            received = type(point).__name__
            yield Violation("kinds_agree", point.node.name, expected.__name__, received)


def junctions_needed(sections: Sections) -> Iterator[Violation]:
    """No section ends too early: several meet in a junction or read it, or it is returned."""
    reads, outputs = _reads(sections.graph), sections.graph.outputs
    for point in sections.points:
        name = point.node.name
        through = len(point.arrivals) == 1 and reads[name] == 1 and name not in outputs
        if isinstance(point, Junction) and through:
            yield Violation("junctions_needed", name, "several readers", "one")


def shapes_agree(sections: Sections) -> Iterator[Violation]:
    """What arrives has the shapes of which the point makes its own."""
    for point in sections.points:
        shapes = [section.shape for section in point.arrivals]
        node = point.node
        if isinstance(point, Junction):
            for shape in shapes:
                if shape != node.shape:
                    yield Violation("shapes_agree", node.name, node.shape, shape)
        elif isinstance(point, Nonlinear):
            known = [shape for shape in shapes if shape is not None]
            fits = len(known) == len(shapes) and result_shape(node.layer, known) == node.shape
            if not fits:
                yield Violation("shapes_agree", node.name, f"shapes that make {node.shape}", shapes)


RULES = (
    each_node_once, sources_precede, paths_as_read, kinds_agree, junctions_needed, shapes_agree,
)  # fmt: skip
