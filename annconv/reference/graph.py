"""What a Graph computes, node by node, in NumPy and double precision."""

from __future__ import annotations

from functools import reduce

import numpy as np

from annconv.ir.activations import Activation
from annconv.ir.graph import Graph, Input, Layer
from annconv.ir.joins import Add, Concatenate, Join, Maximum, Minimum, Multiply, Subtract
from annconv.ir.maps import Map
from annconv.reference.activations import apply_activation
from annconv.reference.maps import apply_map
from annconv.reference.operators import Values, apply_operator
from annconv.reference.samples import Samples, input_values


def run_graph(graph: Graph, samples: Samples) -> dict[str, Values]:
    """The value of every node.

    Args:
        graph: Of a model.
        samples: (N, *shape of the input), numbers of any type. For several inputs one such array
            each: a list or tuple in the order of the Input nodes, or a mapping from their names.
    Returns:
        Node name -> (N, *node.shape) float64.
    Raises:
        InputError: The samples do not have the shape of the input, or are not one array for each
            input.
    """
    inputs = [node for node in graph.nodes if isinstance(node.layer, Input)]
    values = input_values(inputs, samples)
    for node in graph.nodes:
        if node.name not in values:
            values[node.name] = _result(node.layer, [values[name] for name in node.inputs])
    return values


def _result(layer: Layer, received: list[Values]) -> Values:
    """What a layer makes of the values that it reads."""
    first = received[0]
    if isinstance(layer, Join):
        return _joined(layer, received)
    if isinstance(layer, Activation):
        return apply_activation(layer, first)
    if isinstance(layer, Map):
        return apply_map(layer, first)
    return first if isinstance(layer, Input) else apply_operator(layer, first)


def _joined(join: Join, received: list[Values]) -> Values:
    """What a join makes of several values."""
    if isinstance(join, Concatenate):
        return np.concatenate(received, axis=join.axis)
    rank = max(values.ndim for values in received)
    aligned = [
        values.reshape(len(values), *(1,) * (rank - values.ndim), *values.shape[1:])
        for values in received
    ]
    match join:
        case Add():
            return reduce(np.add, aligned)
        case Subtract():
            return np.subtract(*aligned)
        case Multiply():
            return reduce(np.multiply, aligned)
        case Maximum():
            return reduce(np.maximum, aligned)
        case Minimum():
            return reduce(np.minimum, aligned)
