"""Small Graphs, made without Keras."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.ir.graph import Graph, Input, Node, result_shape
from annconv.ir.origin import Origin


def build(shape, *layers):
    """A chain: layers as (name, type, layer), or (name, type, layer, inputs) where it branches.

    Entries of one name belong to one Keras layer; `None` for a layer stands for one that leaves no
    node (Dropout).
    """
    origins = [Origin("input", 0, "InputLayer")]
    nodes = [Node("input", Input(), (), shape, (origins[0],))]
    for name, type_, layer, *inputs in layers:
        if origins[-1].name != name:
            origins.append(Origin(name, len(origins), type_))
        if layer is None:
            continue
        taken = {node.name for node in nodes}
        unique = name if name not in taken else f"{name}/{type(layer).__name__.lower()}"
        read = inputs[0] if inputs else (nodes[-1].name,)
        shapes = {node.name: node.shape for node in nodes}
        result = result_shape(layer, [shapes[entry] for entry in read])
        nodes.append(Node(unique, layer, tuple(read), result, (origins[-1],)))
    graph = Graph("model", tuple(nodes), (nodes[-1].name,), tuple(origins))
    graph.verify()
    return graph


@pytest.fixture
def graph():
    """The builder of graphs."""
    return build


@pytest.fixture
def weights():
    """Reproducible float32 weights of a shape."""
    rng = np.random.default_rng(0)
    return lambda *shape: rng.normal(size=shape).astype(np.float32)
