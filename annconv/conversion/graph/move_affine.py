"""Move Scale and Bias across poolings and other layers to weights that can take them."""

from __future__ import annotations

from annconv.conversion.graph.routes import rerouted
from annconv.ir.graph import Graph, Layer


def move_affine(graph: Graph) -> Graph:
    """Fold as `fold_affine` does, across layers that pass factors and offsets on unchanged.

    Those are reshapes, permutations, croppings, repetitions, poolings, and for factors also
    padding, resizing and ReLUs without ceiling or threshold; max pooling and ReLUs need factors
    above 0. Where nothing along the way would take them, they stay.
    """
    return rerouted(graph, _any)


def _any(_layer: Layer) -> bool:
    return True
