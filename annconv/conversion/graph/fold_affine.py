"""Fold Scale and Bias, which batch normalisation is, into their neighbours."""

from __future__ import annotations

from annconv.conversion.graph.routes import rerouted
from annconv.ir.activations import Bias
from annconv.ir.graph import Graph, Layer
from annconv.ir.operators import Convolution, Dense, Scale


def fold_affine(graph: Graph) -> Graph:
    """Let weights take the factors before or behind them, and offsets be added once behind them.

    On the way there factors and offsets change places with each other, and offsets with weights.
    """
    return rerouted(graph, _is_affine)


def _is_affine(layer: Layer) -> bool:
    return isinstance(layer, Scale | Bias | Dense | Convolution)
