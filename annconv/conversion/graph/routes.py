"""Where a Scale or Bias can go: along nodes that nothing else reads, up to one that takes it.

A factor ends in weights or in another factor, an offset in another offset. An offset may also stop
behind weights or a factor where it is added to no more values than before: weights, then offset is
the normal order.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from annconv.conversion.graph.absorbing import scaled_input, scaled_result
from annconv.conversion.graph.constants import Constants, all_finite, double, per_channel
from annconv.conversion.graph.editing import (
    Edit,
    View,
    chained,
    joint_origin,
    rewrite_all,
)
from annconv.conversion.graph.passing import (
    bias_before,
    bias_behind,
    scale_before,
    scale_behind,
)
from annconv.ir.activations import Bias
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Graph, Layer, Node
from annconv.ir.operators import Convolution, Dense, Scale

MayPass = Callable[[Layer], bool]
"""Which layers a factor or an offset may change places with."""


def rerouted(graph: Graph, may_pass: MayPass) -> Graph:
    """Let every Scale and Bias go where it can.

    Factors first, as they find the weights that they stand behind; then both, as an offset may
    stand between a factor and the weights that it stands before. Towards the input first: what is
    found there are the weights of the same layer.

    Args:
        graph: Of a model.
        may_pass: Which layers may lie on the way.
    """

    def factor(view: View, node: Node) -> Edit | None:
        return either(view, node) if isinstance(node.layer, Scale) else None

    def either(view: View, node: Node) -> Edit | None:
        if not isinstance(node.layer, Scale | Bias):
            return None
        return _towards_input(view, node, may_pass) or _towards_outputs(view, node, may_pass)

    return rewrite_all(rewrite_all(graph, factor), either)


def _towards_input(view: View, node: Node, may_pass: MayPass) -> Edit | None:
    """The end of the way takes in the node; the last node on the way has its name."""
    scales = isinstance(node.layer, Scale)
    constants, behind = _constants(node), node
    way: list[Node] = []
    while (current := view.only_source(behind)) is not None:
        if scales:
            taken = scaled_result(current.layer, constants, current.shape)
        else:
            taken = _added(current, constants, current.shape)
        if taken is not None:
            end = _mixed(current, taken, node)
            nodes = chained(view, current.inputs, [end, *reversed(way)], node.name)
            nodes[-1] = replace(nodes[-1], origin=joint_origin(nodes[-1], node))
            replaced = zip([current, *reversed(way)], nodes, strict=True)
            return Edit({node.name: (), **{old.name: (new,) for old, new in replaced}})
        if len(current.inputs) != 1 or not may_pass(current.layer):
            return None
        given = view.sources(current)[0].shape
        before = scale_before if scales else bias_before
        passed = before(current.layer, constants, given, current.shape)
        if passed is None:
            return None
        changed = passed.layer is not current.layer
        way.append(_mixed(current, passed.layer, node) if changed else current)
        constants, behind = passed.constants, current
    return None


def _towards_outputs(view: View, node: Node, may_pass: MayPass) -> Edit | None:
    """The end of the way takes in the node and keeps its values, and so its name."""
    scales = isinstance(node.layer, Scale)
    constants, before = _constants(node), node
    way: list[Node] = []
    stop: Edit | None = None
    while (current := view.only_reader(before)) is not None:
        if scales:
            taken = scaled_input(current.layer, constants, before.shape)
        else:
            taken = _added(current, constants, before.shape)
        if taken is not None:
            end = replace(current, layer=taken, origin=joint_origin(node, current))
            nodes = chained(view, node.inputs, [*way, end], current.name)
            replaced = zip([*way, current], nodes, strict=True)
            return Edit({node.name: (), **{old.name: (new,) for old, new in replaced}})
        if len(current.inputs) != 1 or not may_pass(current.layer):
            return stop
        behind = scale_behind if scales else bias_behind
        passed = behind(current.layer, constants, before.shape, current.shape)
        if passed is None:
            return stop
        changed = passed.layer is not current.layer
        way.append(_mixed(current, passed.layer, node) if changed else current)
        constants, before = passed.constants, current
        if not scales:
            stop = _stop(view, node, way, constants) or stop
    return stop


def _stop(view: View, node: Node, way: list[Node], offsets: Constants) -> Edit | None:
    """Let an offset stand behind the last node of its way, if that is its place."""
    last = way[-1]
    own = per_channel(offsets, last.shape)
    proper = isinstance(last.layer, Convolution | Dense | Scale)
    if own is None or not proper or math.prod(last.shape) > math.prod(node.shape):
        return None
    moved = Node(last.name, Bias(own), (), last.shape, joint_origin(node, last))
    *nodes, bias = chained(view, node.inputs, [*way, moved], last.name)
    replaced = {old.name: (new,) for old, new in zip(way[:-1], nodes[:-1], strict=True)}
    return Edit({node.name: (), **replaced, last.name: (nodes[-1], bias)})


def _constants(node: Node) -> Constants:
    match node.layer:
        case Scale(factors=constants) | Bias(values=constants):
            return double(constants)
        case _:
            raise TypeError(f"{node.name!r} neither multiplies nor adds constants")


def _added(node: Node, offsets: Constants, geometry: Geometry) -> Bias | None:
    """An offset that adds others of values of this shape, too; None where there is none."""
    own = per_channel(offsets, geometry)
    if own is None or not isinstance(node.layer, Bias):
        return None
    with np.errstate(over="ignore"):
        total = double(node.layer.values) + own
    return Bias(total) if all_finite(total) else None


def _mixed(node: Node, layer: Layer, source: Node) -> Node:
    """The node with other numbers, which came from both."""
    return replace(node, layer=layer, origin=joint_origin(node, source))
