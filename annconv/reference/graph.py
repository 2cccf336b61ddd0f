"""What a Graph computes, node by node, in NumPy and double precision."""

from __future__ import annotations

from functools import reduce

import numpy as np
from numpy.typing import ArrayLike

from annconv.errors import InputError
from annconv.ir.activations import Activation
from annconv.ir.graph import Graph, Input, Layer
from annconv.ir.joins import Add, Concatenate, Join, Maximum, Minimum, Multiply, Subtract
from annconv.ir.maps import Map
from annconv.ir.values import real_array
from annconv.reference.activations import apply_activation
from annconv.reference.maps import apply_map
from annconv.reference.operators import Values, apply_operator


def run_graph(graph: Graph, samples: ArrayLike) -> dict[str, Values]:
    """The value of every node.

    Args:
        graph: A Graph with one input.
        samples: (N, *shape of the input), numbers of any type.
    Returns:
        Node name -> (N, *node.shape) float64.
    Raises:
        InputError: The samples do not have the shape of the input.
    """
    given = real_array(samples, "samples").astype(np.float64)
    values: dict[str, Values] = {}
    for node in graph.nodes:
        if isinstance(node.layer, Input):
            if given.shape[1:] != node.shape or not given.ndim:
                raise InputError(
                    f"samples for input {node.name!r}",
                    expected=f"an array of shape (N, {', '.join(map(str, node.shape))})",
                    received=given.shape,
                )
            values[node.name] = given
        else:
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
