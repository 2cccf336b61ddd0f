"""The text that ANNarchy's converter prints of a network, for scripts written for it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from annconv.ir.arrays import WeightArray
from annconv.ir.graph import Graph, Input, Node
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool
from annconv.ir.origin import Origin


def describe(graph: Graph) -> str:
    """What `load_keras_model(show_info=True)` prints, including the line end of every line.

    Printed with `print` it is followed by an empty line, as there. Means and deviations are
    taken in the precision of the weights, so they are the reference's numbers to the last digit.

    Args:
        graph: A Graph with one input.
    """
    nodes = {node.name: node for node in graph.nodes}
    begin = next(node for node in graph.nodes if isinstance(node.layer, Input))
    lines = [f"* Input layer: {begin.name}, {begin.shape}"]
    for layer in graph.layers:
        lines += _layer_lines(layer, nodes.get(layer.name))
    return "".join(f"{line}\n" for line in lines)


def _layer_lines(layer: Origin, node: Node | None) -> Iterator[str]:
    computes = None if node is None else node.layer
    if node is None or not isinstance(computes, Dense | Convolution | MaxPool | MeanPool):
        yield f"* {layer.type} skipped."
    elif layer.type == "Dense":
        weights = computes.weights if isinstance(computes, Dense) else _matrix(computes)
        yield f"* Dense layer: {layer.name}, {weights.shape[1]} "
        yield from _weight_lines(weights.T)
    else:
        printed = layer.type.replace("AveragePooling", "MaxPooling")
        yield f"* {printed} layer: {layer.name}, {node.shape} "


def _matrix(layer: Convolution | MaxPool | MeanPool) -> WeightArray:
    """Weights (inputs, outputs) of a Dense layer that acts on the last axis of a map."""
    if not isinstance(layer, Convolution):
        raise TypeError(f"a Dense layer cannot be a {type(layer).__name__}")
    return layer.kernel.reshape(layer.kernel.shape[-2:])


def _weight_lines(weights: WeightArray) -> Iterator[str]:
    """Shape and distribution of weights (outputs, inputs)."""
    yield f"    weights: {weights.shape}"
    yield f"    mean {float(np.mean(weights))}, std {float(np.std(weights))}"
    yield f"    min {float(np.min(weights))}, max {float(np.max(weights))}"
