"""Make one node of two neighbours of which one only moves values."""

from __future__ import annotations

from dataclasses import replace

from annconv.conversion.graph.editing import Edit, View, joined, joint_origin, rewrite_all
from annconv.conversion.graph.ranges import Range, windows_hold_cells
from annconv.ir.activations import Relu
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Graph, Layer, Node
from annconv.ir.joins import Concatenate
from annconv.ir.maps import Crop, Permute, TransposedConvolution
from annconv.ir.operators import Convolution, MaxPool, Pad, Padding, Reshape, Upsample


def join_moves(graph: Graph) -> Graph:
    """Join neighbours exactly: no value is rounded otherwise than before.

    Reshapes, permutations, paddings, croppings and repetitions in a row; ReLUs in a row; padding
    into the convolution behind it, and in front of max pooling where the zeros cannot win; cropping
    into the transposed convolution before it; a concatenation into another one along the same axis.
    """
    return rewrite_all(graph, _join)


def _join(view: View, second: Node) -> Edit | None:
    if isinstance(second.layer, Concatenate):
        return _join_concatenations(view, second)
    first = view.only_source(second)
    if first is None or len(first.inputs) != 1:
        return None
    given = view.sources(first)[0]
    layer = _joint_layer(first.layer, second.layer)
    if layer is None and isinstance(first.layer, Pad) and isinstance(second.layer, MaxPool):
        layer = _padded_pool(first.layer, second.layer, given.shape, view.range_of(given))
    return None if layer is None else joined(first, second, layer)


def _joint_layer(first: Layer, second: Layer) -> Layer | None:
    """The one layer that computes what two in a row do, None if there is none."""
    match first, second:
        case Reshape(), Reshape():
            return second
        case Permute(), Permute():
            return Permute(tuple(first.axes[axis] for axis in second.axes))
        case Pad(), Pad():
            return Pad(_sums(first.padding, second.padding))
        case Crop(), Crop():
            return Crop(_sums(first.cut, second.cut))
        case Pad(), Crop():
            return _padded_or_cut(first, second)
        case Upsample(), Upsample():
            pairs = zip(first.repeats, second.repeats, strict=True)
            return Upsample(tuple(a * b for a, b in pairs))
        case Relu(), Relu():
            return _joint_relu(first, second)
        case Pad(), Convolution():
            return replace(second, padding=_sums(first.padding, second.padding))
        case TransposedConvolution(), Crop():
            return _cut_transposed(first, second)
        case _:
            return None


def _sums(first: Padding, second: Padding) -> Padding:
    return tuple((a[0] + b[0], a[1] + b[1]) for a, b in zip(first, second, strict=True))


def _padded_or_cut(pad: Pad, crop: Crop) -> Layer | None:
    """What is left where zeros are added and cells cut off again."""
    pairs = zip(pad.padding, crop.cut, strict=True)
    left = tuple((p[0] - c[0], p[1] - c[1]) for p, c in pairs)
    if all(min(pair) >= 0 for pair in left):
        return Pad(left)
    if all(max(pair) <= 0 for pair in left):
        return Crop(tuple((-before, -after) for before, after in left))
    return None


def _joint_relu(first: Relu, second: Relu) -> Relu | None:
    """The second one never meets a value below 0, so its slope has no effect."""
    ceilings = [relu.maximum for relu in (first, second) if relu.maximum is not None]
    if first.slope or first.threshold or second.threshold or min(ceilings, default=0.0) < 0:
        return None
    return Relu(min(ceilings, default=None))


def _cut_transposed(first: TransposedConvolution, crop: Crop) -> TransposedConvolution:
    cells = zip(first.cut, first.extents, crop.cut, strict=True)
    cut, extents = zip(*((c + b, e - b - a) for c, e, (b, a) in cells), strict=True)
    return replace(first, cut=cut, extents=extents)


def _padded_pool(pad: Pad, pool: MaxPool, geometry: Geometry, read: Range) -> MaxPool | None:
    """Max pooling that pads by itself: zeros are no larger than what each window holds anyway."""
    joint = replace(pool, padding=_sums(pad.padding, pool.padding))
    fits = read.low >= 0 and windows_hold_cells(joint, geometry)
    return joint if fits else None


def _join_concatenations(view: View, outer: Node) -> Edit | None:
    """The inputs of a concatenation in place of itself."""
    for inner in view.sources(outer):
        if inner.layer == outer.layer and view.only_reader(inner) is outer:
            place = outer.inputs.index(inner.name)
            inputs = (*outer.inputs[:place], *inner.inputs, *outer.inputs[place + 1 :])
            node = replace(outer, inputs=inputs, origin=joint_origin(inner, outer))
            return Edit({inner.name: (), outer.name: (node,)})
    return None
