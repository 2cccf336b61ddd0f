"""What keeps a Graph as a whole from being one chain: inputs, outputs, shared and nested layers.

These models are read; this preset's networks have no counterpart for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from annconv.conversion.refusal import Refusal, several_ends
from annconv.frontend.layer_kinds import holds_layers, is_model
from annconv.ir.activations import Bias
from annconv.ir.graph import Graph, Node
from annconv.ir.maps import Permute
from annconv.ir.operators import Convolution, Dense, Scale
from annconv.ir.origin import Origin


def structure_refusals(graph: Graph) -> tuple[Refusal, ...]:
    """Every layer that stands where none can in a chain, or more than once.

    Args:
        graph: Of a trained model, or its draft.
    """
    return (
        *several_ends(graph),
        *_nested_layers(graph),
        *_shared_layers(graph),
        *_turned_layers(graph),
    )


def _nested_layers(graph: Graph) -> Iterator[Refusal]:
    """Layers that hold others, once each."""
    held = {origin.index for origin in held_origins(graph)}
    for layer in graph.layers:
        if layer.index not in held:
            continue
        if is_model(layer):
            why = "populations are those of one flat model"
            yield Refusal(layer, why, "calling the inner model's layers one by one in one model")
        else:
            why = "no population repeats another one for each step of a sequence"
            yield Refusal(layer, why, "Conv1D over that axis")


def held_origins(graph: Graph) -> frozenset[Origin]:
    """The layers of nodes that stand in a nested model or a wrapper."""
    holders = {layer.index: f"{layer.name}/" for layer in graph.layers if holds_layers(layer)}
    origins = {node.origin[-1] for node in graph.nodes}
    return frozenset(
        origin
        for origin in origins
        if origin.index in holders and origin.name.startswith(holders[origin.index])
    )


def _shared_layers(graph: Graph) -> Iterator[Refusal]:
    """Layers with weights that are used in several places."""
    uses: dict[Origin, list[Node]] = {}
    for node in graph.nodes:
        if isinstance(node.layer, Dense | Convolution):
            uses.setdefault(node.origin[-1], []).append(node)
    held = held_origins(graph)
    for origin, nodes in uses.items():
        calls = {_call_name(node.name, origin.name) for node in nodes}
        if len(calls) > 1 and origin not in held:
            why = f"it is used in {len(calls)} places"
            instead = "a layer of its own for each place, with equal weights (set_weights)"
            yield Refusal(origin, why, instead)


def _call_name(node: str, layer: str) -> str:
    """The call of a layer that a node belongs to: `NAME` or `NAME/2`, as the node's name says."""
    number = node.removeprefix(f"{layer}/").split("/")[0]
    return f"{layer}/{number}" if number.isdigit() else layer


def _turned_layers(graph: Graph) -> Iterator[Refusal]:
    """Layers between Permutes, whose channels come first."""
    permuted = {node.origin[-1] for node in graph.nodes if isinstance(node.layer, Permute)}
    turned = {
        node.origin[-1]: None
        for node in graph.nodes
        if node.origin[-1] in permuted and not isinstance(node.layer, Permute | Scale | Bias)
    }
    for origin in turned:
        yield Refusal(
            origin,
            "populations keep channels last",
            "data_format='channels_last', the weights stay as they are",
        )
