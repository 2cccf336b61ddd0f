"""What a Graph computes, node by node, in NumPy and double precision."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from annconv.errors import InputError
from annconv.ir.graph import Add, Bias, Concatenate, Graph, Input, Layer, Relu, Softmax
from annconv.ir.values import real_array
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
    match layer:
        case Add():
            return np.asarray(np.sum(received, axis=0), dtype=np.float64)
        case Concatenate():
            return np.concatenate(received, axis=-1)
        case Bias():
            return first + layer.values.astype(np.float64)
        case Relu():
            rectified = np.where(first < 0, layer.slope * first, first)
            return rectified if layer.maximum is None else np.minimum(rectified, layer.maximum)
        case Softmax():
            powers = np.exp(first - first.max(axis=-1, keepdims=True))
            return np.asarray(powers / powers.sum(axis=-1, keepdims=True), dtype=np.float64)
        case Input():
            return first
    return apply_operator(layer, first)
