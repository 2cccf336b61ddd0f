"""Drop nodes that pass on what they read, to the last bit."""

from __future__ import annotations

import numpy as np

from annconv.conversion.graph.editing import Edit, View, dropped, rewrite_all
from annconv.conversion.graph.ranges import Range
from annconv.ir.activations import Bias, Function, PRelu, Relu
from annconv.ir.arrays import Geometry, WeightArray
from annconv.ir.graph import Graph, Layer, Node
from annconv.ir.joins import Join, Maximum, Minimum
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample
from annconv.ir.operators import (
    Convolution,
    Dense,
    MaxPool,
    MeanPool,
    Pad,
    Padding,
    Reshape,
    Scale,
    Slice,
    Upsample,
)


def drop_identities(graph: Graph) -> Graph:
    """Let no node stand that changes nothing: whatever the sample, or for the values it reads.

    The latter are activations that bend nothing between the bounds of what they read, as a ReLU
    behind a softmax.
    """
    return rewrite_all(graph, _drop)


def _drop(view: View, node: Node) -> Edit | None:
    sources = view.sources(node)
    if not sources:
        return None
    if isinstance(node.layer, Join):
        idle = _joins_equals(node)
    elif isinstance(node.layer, Relu | Function):
        idle = _is_straight(node.layer, view.range_of(sources[0]))
    elif isinstance(node.layer, PRelu):
        idle = bool((node.layer.slopes == 1).all()) or view.range_of(sources[0]).low >= 0
    else:
        idle = passes_on(node.layer, sources[0].shape)
    return dropped(view, node) if idle else None


def _joins_equals(node: Node) -> bool:
    """Whether it is the largest or smallest of a node and itself."""
    return isinstance(node.layer, Maximum | Minimum) and len(set(node.inputs)) == 1


def _is_straight(layer: Relu | Function, read: Range) -> bool:
    """Whether an activation passes on all values between two bounds."""
    if isinstance(layer, Function):
        return layer.name == "hard_tanh" and read.low >= -1 and read.high <= 1
    ceiling = np.inf if layer.maximum is None else layer.maximum
    if read.high > ceiling:
        return False
    return (
        read.low > layer.threshold
        or (read.low >= 0 and layer.threshold == 0)
        or (layer.slope == 1 and layer.threshold == 0)
    )


def passes_on(layer: Layer, geometry: Geometry) -> bool:
    """Whether a layer that reads one node passes on all values of this shape.

    Args:
        layer: No join, and no activation function.
        geometry: Of what it reads.
    """
    match layer:
        case Reshape():
            return layer.geometry == geometry
        case Permute(axes=axes):
            return axes == tuple(range(len(axes)))
        case Scale(factors=factors):
            return bool((factors == 1).all())
        case Bias(values=values):
            return not values.any()
        case Pad(padding=pairs) | Crop(cut=pairs):
            return _is_nothing(pairs)
        case MaxPool() | MeanPool():
            ones = set(layer.size) | set(layer.strides) == {1}
            return ones and _is_nothing(layer.padding)
        case AdaptiveMaxPool(extents=extents):
            return extents == geometry[:-1]
        case Upsample(repeats=repeats):
            return all(repeat == 1 for repeat in repeats)
        case Slice(channels=channels):
            return channels == geometry[-1]
        case Resample(matrices=matrices):
            return all(map(_is_identity, matrices))
        case Dense(weights=weights):
            return _is_identity(weights)
        case Convolution():
            return _convolves_to_itself(layer)
        case _:
            return False


def _convolves_to_itself(layer: Convolution) -> bool:
    """Whether every cell is multiplied with the identity matrix."""
    cell = set(layer.size) | set(layer.strides) == {1} and _is_nothing(layer.padding)
    return (
        cell and layer.groups == 1 and _is_identity(layer.kernel.reshape(layer.kernel.shape[-2:]))
    )


def _is_nothing(pairs: Padding) -> bool:
    return not any(before or after for before, after in pairs)


def _is_identity(matrix: WeightArray) -> bool:
    """Whether it is square, with ones on the diagonal and zeros elsewhere."""
    square = matrix.shape[0] == matrix.shape[1]
    return square and bool((matrix.diagonal() == 1).all()) and _count(matrix) == len(matrix)


def _count(matrix: WeightArray) -> int:
    return int(np.count_nonzero(matrix))
