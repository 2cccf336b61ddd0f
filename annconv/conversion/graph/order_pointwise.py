"""Let pointwise (1x1) convolutions run where a map has the fewest cells."""

from __future__ import annotations

from dataclasses import replace

from annconv.conversion.graph.compose_linear import is_pointwise
from annconv.conversion.graph.editing import Edit, View, chained, joint_origin, rewrite_all
from annconv.conversion.graph.operations import layer_operations
from annconv.ir.graph import Graph, Layer, Node, result_shape
from annconv.ir.maps import Crop
from annconv.ir.operators import Convolution, MeanPool, Upsample


def order_pointwise(graph: Graph) -> Graph:
    """Swap a pointwise convolution with its neighbour where that saves operations.

    Behind it a mean over windows or a cropping, in front of it a repetition: each treats all
    channels alike, so the two can be exchanged.
    """
    return rewrite_all(graph, _swap)


def _swap(view: View, second: Node) -> Edit | None:
    first = view.only_source(second)
    if first is None or len(first.inputs) != 1 or not _commute(first.layer, second.layer):
        return None
    given = view.sources(first)[0].shape
    between = result_shape(second.layer, [given])
    if between is None:
        return None
    before = layer_operations(first.layer, [given], first.shape)
    before += layer_operations(second.layer, [first.shape], second.shape)
    after = layer_operations(second.layer, [given], between)
    after += layer_operations(first.layer, [between], second.shape)
    if after >= before:
        return None
    last = replace(second, layer=first.layer, origin=joint_origin(first, second))
    nodes = chained(view, first.inputs, [replace(second, shape=between), last], second.name)
    return Edit({first.name: (), second.name: tuple(nodes)})


def _commute(first: Layer, second: Layer) -> bool:
    match first, second:
        case Convolution(), MeanPool() | Crop():
            mixing = first
        case Upsample(), Convolution():
            mixing = second
        case _:
            return False
    return is_pointwise(mixing) and set(mixing.strides) == {1}
