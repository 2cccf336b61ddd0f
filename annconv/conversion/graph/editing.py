"""Graphs read and rewritten: who reads a node, and what takes its place.

A rewrite looks at one node and its neighbours and says as an `Edit` what becomes of them. A node
that keeps its name keeps its values: where a rewrite changes what a node computes, it gets a new
name, `NAME/simplified`, and the node behind it, whose values are as before, keeps its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from annconv.conversion.graph.ranges import Range, value_ranges
from annconv.ir.graph import Graph, Input, Layer, Node
from annconv.ir.origin import Origin

_CHANGED = re.compile(r"/simplified(/\d+)?$")


@dataclass(frozen=True)
class Edit:
    """What becomes of some nodes.

    Attributes:
        nodes: Name of a node -> the nodes that stand in its place, none where it goes. A name that
            stands again for a node is that of the same values.
        reads: Name of a node that goes -> what its readers read instead.
    """

    nodes: Mapping[str, tuple[Node, ...]]
    reads: Mapping[str, str] = field(default_factory=dict)


class View:
    """A Graph under edits, and what rewrites ask of it."""

    def __init__(self, graph: Graph) -> None:
        self._given = graph
        self._nodes = {node.name: node for node in graph.nodes}
        self._readers: dict[str, list[str]] = {name: [] for name in self._nodes}
        for node in graph.nodes:
            for name in node.inputs:
                self._readers[name].append(node.name)
        self._ranges: dict[str, Range] | None = None
        # What stands at the place of each of the given nodes by now, and where every node stands.
        self._places = [[node.name] for node in graph.nodes]
        self._place = {node.name: place for place, node in enumerate(graph.nodes)}

    @property
    def graph(self) -> Graph:
        """The Graph as it is now."""
        names = (name for place in self._places for name in place)
        return replace(self._given, nodes=tuple(self._nodes[name] for name in names))

    def visit(self, rewrite: Rewrite) -> bool:
        """Ask a rewrite about every node in order, and edit what it says; whether it did."""
        edited = False
        for place in self._places:
            position = 0
            while position < len(place):
                edit = rewrite(self, self._nodes[place[position]])
                if edit is None:
                    position += 1
                else:
                    self._apply(edit)
                    edited = True
        return edited

    def is_output(self, node: Node) -> bool:
        """Whether its values are the model's."""
        return node.name in self._given.outputs

    def sources(self, node: Node) -> tuple[Node, ...]:
        """The nodes it reads."""
        return tuple(self._nodes[name] for name in node.inputs)

    def only_source(self, node: Node) -> Node | None:
        """The node it reads; None where that is none, one of several, or read by others, too."""
        if len(node.inputs) != 1:
            return None
        source = self._nodes[node.inputs[0]]
        return None if self.only_reader(source) is None else source

    def only_reader(self, node: Node) -> Node | None:
        """The node that reads it; None where that is none or several, or it is an output."""
        readers = self._readers[node.name]
        return self._nodes[readers[0]] if len(readers) == 1 and not self.is_output(node) else None

    def range_of(self, node: Node) -> Range:
        """Between which bounds its values lie."""
        if self._ranges is None:
            self._ranges = value_ranges(self.graph)
        return self._ranges[node.name]

    def new_names(self, nodes: Sequence[Node]) -> list[str]:
        """A name for each node that computes something else from now on."""
        names: list[str] = []
        for node in nodes:
            base = f"{_CHANGED.sub('', node.name)}/simplified"
            tried = (base if place == 1 else f"{base}/{place}" for place in count(1))
            names.append(next(n for n in tried if n not in self._nodes and n not in names))
        return names

    def _apply(self, edit: Edit) -> None:
        for name, target in edit.reads.items():
            for reader in dict.fromkeys(self._readers[name]):
                self._redirect(reader, name, target)
        for place in {self._place[name] for name in edit.nodes}:
            names = self._places[place]
            names[:] = [
                new.name for name in names for new in edit.nodes.get(name, (self._nodes[name],))
            ]
        added = [(self._place.pop(name), nodes) for name, nodes in edit.nodes.items()]
        for name in edit.nodes:
            for read in self._nodes.pop(name).inputs:
                self._readers[read].remove(name)
        for place, nodes in added:
            for node in nodes:
                self._nodes[node.name], self._place[node.name] = node, place
                self._readers.setdefault(node.name, [])
                for read in node.inputs:
                    self._readers.setdefault(read, []).append(node.name)
        self._ranges = None

    def _redirect(self, reader: str, name: str, target: str) -> None:
        """Let a node read another one."""
        node = self._nodes[reader]
        inputs = tuple(target if read == name else read for read in node.inputs)
        self._nodes[reader] = replace(node, inputs=inputs)
        for _ in range(node.inputs.count(name)):
            self._readers[name].remove(reader)
            self._readers[target].append(reader)


Rewrite = Callable[[View, Node], Edit | None]
"""What becomes of a node and its neighbours, None where they stay."""


def rewrite_all(graph: Graph, rewrite: Rewrite) -> Graph:
    """Rewrite one node after another until none changes any more.

    Every edit has to lower `effort` of the Graph, so this ends.

    Args:
        graph: Of a model.
        rewrite: Asked about every node.
    Returns:
        A Graph of the same outputs; the given one itself where nothing was rewritten.
    """
    view = View(graph)
    if not view.visit(rewrite):
        return graph
    while view.visit(rewrite):
        pass
    return view.graph


def joint_origin(*nodes: Node) -> tuple[Origin, ...]:
    """The layers that nodes came from, each once, in the order of the model."""
    origins = dict.fromkeys(origin for node in nodes for origin in node.origin)
    return tuple(sorted(origins, key=lambda origin: origin.index))


def joined(first: Node, second: Node, layer: Layer) -> Edit:
    """One layer in place of two nodes, the second being the first one's only reader."""
    node = replace(second, layer=layer, inputs=first.inputs, origin=joint_origin(first, second))
    return Edit({first.name: (), second.name: (node,)})


def dropped(view: View, node: Node) -> Edit | None:
    """Leave out a node that passes on what it reads; its name stays where it is an output.

    Then the node it reads takes the name, unless it is an input, an output, or read by others.
    """
    if not view.is_output(node):
        return Edit({node.name: ()}, {node.name: node.inputs[0]})
    source = view.only_source(node)
    if source is None or isinstance(source.layer, Input):
        return None
    named = replace(source, name=node.name, origin=joint_origin(source, node))
    return Edit({source.name: (named,), node.name: ()})


def chained(
    view: View, first_inputs: tuple[str, ...], nodes: Sequence[Node], last: str
) -> list[Node]:
    """Nodes that read each other in this order, the last one with the name `last`.

    All others get new names, as what they compute has changed.
    """
    names = [*view.new_names(nodes[:-1]), last]
    inputs = [first_inputs, *((name,) for name in names[:-1])]
    return [
        replace(node, name=name, inputs=read)
        for node, name, read in zip(nodes, names, inputs, strict=True)
    ]
