"""Permutes that undo one another leave no trace in a Graph."""

from __future__ import annotations

from dataclasses import replace

from annconv.ir.graph import Graph, Node
from annconv.ir.maps import Permute


def drop_inverse_permutes(graph: Graph) -> Graph:
    """The same values without Permutes whose result another Permute turns back.

    Args:
        graph: Any Graph. Layers that keep their channels first are read as the layer with channels
            last between two Permutes, so that such pairs stand between any two of them.
    Returns:
        A Graph in which no Permute undoes the one that it reads. A name that an output had goes
        with its node.
    """
    nodes = {node.name: node for node in graph.nodes}
    instead: dict[str, str] = {}
    kept: list[Node] = []
    for original in graph.nodes:
        inputs = tuple(instead.get(name, name) for name in original.inputs)
        node = original if inputs == original.inputs else replace(original, inputs=inputs)
        nodes[node.name] = node
        source = nodes[inputs[0]] if inputs else node
        if _undoes(node, source):
            instead[node.name] = source.inputs[0]
        else:
            kept.append(node)
    outputs = tuple(instead.get(name, name) for name in graph.outputs)
    if not instead:
        return graph
    read = set(outputs)
    needed: list[Node] = []
    for node in reversed(kept):  # what only dropped Permutes read goes with them
        if node.name in read or not isinstance(node.layer, Permute):
            needed.append(node)
            read.update(node.inputs)
    return Graph(graph.name, tuple(reversed(needed)), outputs, graph.layers)


def _undoes(node: Node, source: Node) -> bool:
    """Whether a node turns back what the node that it reads has turned."""
    if not isinstance(node.layer, Permute) or not isinstance(source.layer, Permute):
        return False
    through = tuple(source.layer.axes[axis] for axis in node.layer.axes)
    return node is not source and through == tuple(range(len(through)))
