"""What every rewrite has to keep: outputs, names with their values, and that it ends."""

from __future__ import annotations

import numpy as np

from annconv.conversion.graph.operations import effort
from annconv.conversion.graph.simplify import Rewrite, applied
from annconv.ir.graph import Graph
from annconv.reference.graph import run_graph

TOLERANCE = 1e-9


def samples_of(graph: Graph, count: int = 3) -> dict[str, np.ndarray]:
    """Values of every input, of both signs."""
    random = np.random.default_rng(5)
    inputs = [node for node in graph.nodes if not node.inputs]
    return {node.name: random.normal(0, 1.5, (count, *node.shape)) for node in inputs}


def same_values(before: Graph, after: Graph, samples: object) -> None:
    """Outputs have the same names and values, and so has every node that kept its name."""
    assert after.outputs == before.outputs
    expected, received = (run_graph(graph, samples) for graph in (before, after))
    for name in expected.keys() & received.keys():
        scale = np.abs(expected[name]).max() if expected[name].size else 0.0
        np.testing.assert_allclose(
            received[name], expected[name], rtol=0, atol=TOLERANCE * scale, err_msg=name
        )
    assert set(after.outputs) <= received.keys()


def simpler(rewrite: Rewrite, graph: Graph, samples: object = None) -> Graph:
    """What a rewrite makes of a Graph, once all that has to hold does."""
    after = applied(rewrite, graph)
    assert rewrite(after) is after
    if after is not graph:
        assert effort(after) < effort(graph)
        assert effort(after)[1] <= effort(graph)[1]
    same_values(graph, after, samples_of(graph) if samples is None else samples)
    return after
