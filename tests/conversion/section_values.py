"""What sections say that a network computes, in NumPy: the sum of linear chains at every point."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from annconv.conversion.sections import Entry, Junction, Section, Sections
from annconv.ir.activations import Activation
from annconv.ir.graph import Graph, Layer
from annconv.ir.joins import Maximum, Minimum, Multiply
from annconv.ir.maps import Map
from annconv.reference.activations import apply_activation
from annconv.reference.maps import apply_map
from annconv.reference.operators import apply_operator

JOINED = {Maximum: np.maximum, Minimum: np.minimum, Multiply: np.multiply}


def section_values(sections: Sections, samples: dict[str, Any]) -> dict[str, Any]:
    """The value of every point, by its node's name; samples by the names of the inputs."""
    values: dict[str, Any] = {}
    for point in sections.points:
        name = point.node.name
        if isinstance(point, Entry):
            values[name] = np.asarray(samples[name], dtype=np.float64)
            continue
        arriving = [arrival(section, values[section.source.name]) for section in point.arrivals]
        if isinstance(point, Junction):
            values[name] = reduce(np.add, arriving)
        else:
            values[name] = nonlinear(point.node.layer, arriving)
    return values


def arrival(section: Section, values: Any) -> Any:
    """What a section makes of its source's values: the linear part, then the constant."""
    for operator in section.operators:
        apply = apply_map if isinstance(operator, Map) else apply_operator
        values = apply(operator, values)
    constant = section.constant()
    return values if constant is None else values + constant


def nonlinear(layer: Layer, arriving: list[Any]) -> Any:
    """What a layer that is not linear makes of what arrives."""
    if isinstance(layer, Activation):
        return apply_activation(layer, *arriving)
    if type(layer) in JOINED:
        rank = max(values.ndim for values in arriving)
        shapes = [
            (len(values), *(1,) * (rank - values.ndim), *values.shape[1:]) for values in arriving
        ]
        aligned = [values.reshape(shape) for values, shape in zip(arriving, shapes, strict=True)]
        return reduce(JOINED[type(layer)], aligned)
    apply = apply_map if isinstance(layer, Map) else apply_operator
    return apply(layer, *arriving)


def pruned(graph: Graph, outputs: tuple[str, ...]) -> Graph:
    """The part of a Graph that some of its nodes need: these are its outputs."""
    needed = set(outputs)
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed |= set(node.inputs)
    nodes = tuple(node for node in graph.nodes if node.name in needed)
    return Graph(graph.name, nodes, outputs, graph.layers)
