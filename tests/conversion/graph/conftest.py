"""Graphs made by hand, one layer after another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from annconv.ir.graph import Graph


@pytest.fixture
def chain(graph) -> Callable[..., Graph]:
    """A chain of layers, each of a Keras layer of its own: `l1`, `l2`, …"""

    def build(shape, *layers):
        named = ((f"l{n}", type(layer).__name__, layer) for n, layer in enumerate(layers, 1))
        return graph(shape, *named)

    return build


@pytest.fixture
def kinds() -> Callable[[Graph], list[str]]:
    """What the nodes behind the input compute, in order."""
    return lambda graph: [type(node.layer).__name__ for node in graph.nodes if node.inputs]
