"""What preset `rate` refuses of a Graph, and what to do instead."""

from __future__ import annotations

from collections.abc import Iterator

from annconv.conversion.refusal import Refusal, several_ends
from annconv.frontend.remedies import Remedy
from annconv.ir.activations import Softmax
from annconv.ir.graph import Graph, Node
from annconv.ir.origin import Origin

SOFTMAX = Remedy(
    "its values depend on one another, and it is not the model's output",
    "another activation, or softmax as the last layer",
)
SOFTMAX_OF_MANY = Remedy(
    "its sum runs over a part of the output, and read-outs know the whole one",
    "the model without it, keras.Model(model.input, layer.input); its maximum is the same",
)


def refusals(graph: Graph) -> tuple[Refusal, ...]:
    """Every layer that keeps a model from being converted.

    Args:
        graph: Of the model, simplified where nothing else is wrong with it; or its draft.
    """
    return (*several_ends(graph), *_nodes(graph), *_output(graph))


def refused_layers(graph: Graph) -> frozenset[Origin]:
    """The Keras layers of a Graph that this preset does not convert."""
    return frozenset(entry.origin for entry in refusals(graph))


def _nodes(graph: Graph) -> Iterator[Refusal]:
    """What no population computes."""
    for node in graph.nodes:
        if isinstance(node.layer, Softmax) and not _is_last(graph, node):
            yield _refusal(node, SOFTMAX)


def _output(graph: Graph) -> Iterator[Refusal]:
    """What no read-out gives."""
    node = graph[graph.outputs[0]]
    if isinstance(node.layer, Softmax) and len(node.layer.axes) != len(node.shape):
        yield _refusal(node, SOFTMAX_OF_MANY)


def _is_last(graph: Graph, node: Node) -> bool:
    read = any(node.name in entry.inputs for entry in graph.nodes)
    return node.name == graph.outputs[0] and not read


def _refusal(node: Node, found: Remedy) -> Refusal:
    return Refusal(node.origin[-1], found.why, found.instead)
