"""Drop nodes that no output depends on."""

from __future__ import annotations

from dataclasses import replace

from annconv.ir.graph import Graph, Input


def drop_unread(graph: Graph) -> Graph:
    """Keep the nodes that outputs depend on, and all inputs, which samples are given for."""
    needed = set(graph.outputs)
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed.update(node.inputs)
    kept = tuple(
        node for node in graph.nodes if node.name in needed or isinstance(node.layer, Input)
    )
    return graph if len(kept) == len(graph.nodes) else replace(graph, nodes=kept)
