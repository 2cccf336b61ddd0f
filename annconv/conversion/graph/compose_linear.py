"""Compose neighbouring linear layers, or poolings, into one that takes fewer operations."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np

from annconv.conversion.graph.constants import Constants, all_finite, double
from annconv.conversion.graph.editing import Edit, View, joined, rewrite_all
from annconv.conversion.graph.operations import convolution_operations, layer_operations
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Graph, Layer, Node
from annconv.ir.maps import Resample
from annconv.ir.operators import Convolution, Dense, Extents, MaxPool, MeanPool

Pool = TypeVar("Pool", MeanPool, MaxPool)


def compose_linear(graph: Graph) -> Graph:
    """Let one layer compute what two in a row do, where `operations` counts fewer for it.

    Two full matrices; a pointwise convolution before or behind any other one, whose groups are kept
    where both have as many; resizing twice; pooling of whole windows of the same pooling.
    """
    return rewrite_all(graph, _compose)


def _compose(view: View, second: Node) -> Edit | None:
    first = view.only_source(second)
    if first is None or len(first.inputs) != 1:
        return None
    given = view.sources(first)[0].shape
    most = layer_operations(first.layer, [given], first.shape)
    most += layer_operations(second.layer, [first.shape], second.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        layer = _composed(first.layer, second.layer, second.shape, most)
    if layer is None or layer_operations(layer, [given], second.shape) >= most:
        return None
    return joined(first, second, layer)


def _composed(first: Layer, second: Layer, result: Geometry, most: int) -> Layer | None:
    """The one layer that computes what two in a row do, None where there is none.

    Args:
        first: What reads the values.
        second: What reads its result.
        result: Shape of what the second makes.
        most: Operations of both: weights that take as many are not computed.
    """
    match first, second:
        case Dense(), Dense() if not (first.whole or second.whole):
            if len(first.weights) * result[-1] >= most:
                return None
            weights = double(first.weights) @ double(second.weights)
            return Dense(weights) if all_finite(weights) else None
        case Convolution(), Convolution() if not (first.whole or second.whole):
            return _composed_convolutions(first, second, result, most)
        case Resample(), Resample():
            pairs = zip(first.matrices, second.matrices, strict=True)
            matrices = tuple(double(a) @ double(b) for a, b in pairs)
            return Resample(matrices) if all(map(all_finite, matrices)) else None
        case MeanPool(), MeanPool():
            return _composed_pools(first, second)
        case MaxPool(), MaxPool():
            return _composed_pools(first, second)
        case _:
            return None


def is_pointwise(layer: Layer) -> bool:
    """Whether it is a 1x1 convolution, of any number of axes, that adds no padding."""
    return (
        isinstance(layer, Convolution)
        and set(layer.size) == {1}
        and not any(map(any, layer.padding))
    )


def _composed_convolutions(
    first: Convolution, second: Convolution, result: Geometry, most: int
) -> Convolution | None:
    """A pointwise convolution mixes the channels of the other one."""
    if is_pointwise(second):  # which may also leave out cells
        strides, kept = _products(first.strides, second.strides), first
    elif is_pointwise(first) and set(first.strides) == {1}:
        strides, kept = second.strides, second
    else:
        return None
    groups = first.groups if first.groups == second.groups else 1
    channels = first.kernel.shape[-2] * first.groups // groups
    if convolution_operations(result, (*kept.size, channels)) >= most:
        return None
    kernel = _composed_kernels(first, second, groups)
    if not all_finite(kernel):
        return None
    return replace(kept, kernel=kernel, strides=strides, groups=groups)


def _composed_kernels(first: Convolution, second: Convolution, groups: int) -> Constants:
    """(*size, channels of a group, filters): sums over the channels between the two."""
    own = [_split(layer, groups) for layer in (first, second)]
    products = np.stack([a @ b for a, b in zip(*own, strict=True)], axis=-2)
    return products.reshape(*products.shape[:-2], -1)


def _split(layer: Convolution, groups: int) -> list[Constants]:
    """Kernels of the groups; of one that reads all channels, for fewer groups than its own."""
    kernel = double(layer.kernel)
    parts = np.split(kernel, layer.groups, axis=-1)
    if groups == layer.groups:
        return parts
    channels, filters = parts[0].shape[-2:]
    whole = np.zeros((*layer.size, channels * layer.groups, filters * layer.groups))
    for place, part in enumerate(parts):
        rows = slice(place * channels, (place + 1) * channels)
        whole[..., rows, place * filters : (place + 1) * filters] = part
    return [whole]


def _composed_pools(first: Pool, second: Pool) -> Pool | None:
    """Where windows lie side by side and none hangs over the edge, they form larger ones."""
    padded = any(map(any, (*first.padding, *second.padding)))
    if padded or first.strides != first.size:
        return None
    size = _products(first.size, second.size)
    return replace(first, size=size, strides=_products(first.strides, second.strides))


def _products(first: Extents, second: Extents) -> Extents:
    return tuple(a * b for a, b in zip(first, second, strict=True))
