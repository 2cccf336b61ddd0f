"""How the operations of a Graph are counted: one for every value that enters a result.

A weight's multiplication and its addition count once, and so do a comparison, an added constant, a
factor, and an activation. What only moves or repeats values counts nothing. Zeros among weights
and padding count as other numbers do.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Graph, Layer
from annconv.ir.joins import Concatenate, Join
from annconv.ir.maps import AdaptiveMaxPool, Resample, TransposedConvolution
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool, Scale

SOFTMAX_OPERATIONS = 3
"""For each value: an exponential, its part of the sum, and a division."""


def layer_operations(layer: Layer, given: Sequence[Geometry], result: Geometry) -> int:
    """Operations of one layer for one sample.

    Args:
        layer: What a node computes.
        given: Shapes of what it reads.
        result: Shape of what it makes of that.
    """
    values = math.prod(result)
    match layer:
        case Dense(weights=weights):
            return int(weights.size)
        case Convolution(kernel=kernel):
            return convolution_operations(result, kernel.shape[:-1])
        case TransposedConvolution(kernel=kernel):
            return math.prod(given[0]) * math.prod(kernel.shape[:-1])
        case MeanPool(size=size) | MaxPool(size=size):
            return values * math.prod(size)
        case Resample():
            return _resample_operations(given[0], result)
        case AdaptiveMaxPool():
            return _window_cells(given[0], result)
        case Softmax():
            return SOFTMAX_OPERATIONS * values
        case Scale() | Bias() | Relu() | PRelu() | Function():
            return values
        case _ if isinstance(layer, Join) and not isinstance(layer, Concatenate):
            return values * (len(given) - 1)
        case _:
            return 0


def convolution_operations(result: Geometry, window: Geometry) -> int:
    """Operations of a convolution.

    Args:
        result: Shape of what it makes.
        window: (*size, channels of a group): what a value of it is the weighted sum of.
    """
    return math.prod(result) * math.prod(window)


def _resample_operations(given: Geometry, result: Geometry) -> int:
    """One axis after another is resampled."""
    total = 0
    for axis in range(len(given) - 1):
        total += math.prod(result[: axis + 1]) * math.prod(given[axis:])
    return total


def _window_cells(given: Geometry, result: Geometry) -> int:
    """Cells of all windows of an adaptive pooling, channels included."""
    cells = given[-1]
    for extent, windows in zip(given[:-1], result[:-1], strict=True):
        cells *= sum(
            -(-(i + 1) * extent // windows) - i * extent // windows for i in range(windows)
        )
    return cells


def count_operations(graph: Graph) -> int:
    """Operations of all nodes for one sample."""
    shapes = {node.name: node.shape for node in graph.nodes}
    return sum(
        layer_operations(node.layer, [shapes[name] for name in node.inputs], node.shape)
        for node in graph.nodes
    )


def effort(graph: Graph) -> tuple[int, int, int]:
    """What every rewrite lowers, so that rewriting ends.

    Compared in order: the number of nodes, the number of operations, and how many nodes depend on
    biases, summed over all biases. The last falls where a bias moves towards the outputs.
    """
    return len(graph.nodes), count_operations(graph), _nodes_behind_biases(graph)


def _nodes_behind_biases(graph: Graph) -> int:
    """For every bias the nodes that depend on it: sets of nodes are bits of numbers."""
    place = {node.name: bit for bit, node in enumerate(graph.nodes)}
    behind = [0] * len(graph.nodes)
    total = 0
    for node in reversed(graph.nodes):
        own = place[node.name]
        if isinstance(node.layer, Bias):
            total += behind[own].bit_count()
        for name in node.inputs:
            behind[place[name]] |= behind[own] | 1 << own
    return total
