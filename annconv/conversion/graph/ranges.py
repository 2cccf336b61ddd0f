"""Between which bounds the values of nodes lie, whatever the sample."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from annconv.ir.activations import Bias, Function, Relu, Softmax
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Graph, Layer
from annconv.ir.joins import Add, Concatenate, Maximum, Minimum, Multiply
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute
from annconv.ir.operators import MaxPool, MeanPool, Pad, Reshape, Scale, Slice, Upsample


class Range(NamedTuple):
    """Bounds that rounding does not cross.

    Attributes:
        low: No value is smaller.
        high: No value is larger.
    """

    low: float
    high: float


UNKNOWN = Range(-math.inf, math.inf)
NOT_NEGATIVE = Range(0.0, math.inf)

_FUNCTIONS: Mapping[str, Range] = MappingProxyType(
    {
        "exponential": NOT_NEGATIVE,
        "hard_sigmoid": Range(0.0, 1.0),
        "hard_tanh": Range(-1.0, 1.0),
        "sigmoid": Range(0.0, 1.0),
        "softplus": NOT_NEGATIVE,
        "softsign": Range(-1.0, 1.0),
        "sparse_plus": NOT_NEGATIVE,
        "sparse_sigmoid": Range(0.0, 1.0),
        "tanh": Range(-1.0, 1.0),
    }
)


def value_ranges(graph: Graph) -> dict[str, Range]:
    """The bounds of every node's values, infinite where nothing is known.

    Args:
        graph: Of a model.
    """
    ranges: dict[str, Range] = {}
    shapes = {node.name: node.shape for node in graph.nodes}
    for node in graph.nodes:
        read = [ranges[name] for name in node.inputs]
        ranges[node.name] = _range(node.layer, read, [shapes[name] for name in node.inputs])
    return ranges


def windows_hold_cells(pool: MaxPool | MeanPool, geometry: Geometry) -> bool:
    """Whether every window lies over one cell of the input at least, and not on padding alone."""
    result = pool.output_geometry(geometry)
    if result is None:
        return False
    axes = zip(geometry[:-1], result[:-1], pool.size, pool.strides, pool.padding, strict=True)
    return all(
        size > before and (count - 1) * stride - before < extent
        for extent, count, size, stride, (before, _) in axes
    )


def _range(layer: Layer, read: Sequence[Range], shapes: Sequence[Geometry]) -> Range:
    """The bounds behind a layer of those in front of it."""
    match layer:
        case Relu(maximum=maximum, slope=slope, threshold=threshold):
            if slope or threshold < 0 or (maximum is not None and maximum < 0):
                return UNKNOWN
            return Range(0.0, math.inf if maximum is None else maximum)
        case Function(name=name):
            return _FUNCTIONS.get(name, UNKNOWN)
        case Softmax():
            return Range(0.0, 1.0)
        case MaxPool():
            return read[0] if windows_hold_cells(layer, shapes[0]) else UNKNOWN
        case Reshape() | Permute() | Crop() | Upsample() | AdaptiveMaxPool():
            return read[0]
        case Pad() | Slice():
            return Range(min(read[0].low, 0.0), max(read[0].high, 0.0))
        case Concatenate():
            return Range(min(entry.low for entry in read), max(entry.high for entry in read))
        case Maximum():
            return Range(max(entry.low for entry in read), max(entry.high for entry in read))
        case Minimum():
            return Range(min(entry.low for entry in read), min(entry.high for entry in read))
        case _:
            return NOT_NEGATIVE if _keeps_sign(layer, read) else UNKNOWN


def _keeps_sign(layer: Layer, read: Sequence[Range]) -> bool:
    """Whether sums or products of what cannot be negative are all that a layer computes."""
    if not read or any(entry.low < 0 for entry in read):
        return False
    match layer:
        case Scale(factors=constants) | Bias(values=constants):
            return bool((constants >= 0).all())
        case Add() | Multiply() | MeanPool():
            return True
        case _:
            return False
