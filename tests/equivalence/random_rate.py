"""Random networks of preset `rate`, made of random Graphs."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from random_graphs import random_graph

from annconv.conversion.graph import simplify
from annconv.conversion.presets import convert_graph
from annconv.conversion.rate.refusals import refusals
from annconv.ir.arrays import FloatArray
from annconv.ir.graph import Graph, Node
from annconv.ir.network import Network
from annconv.ir.operators import Reshape
from annconv.options import RateOptions
from annconv.reference.graph import run_graph


class Drawn(NamedTuple):
    """A network with the samples that calibrated it, and what its outputs become."""

    network: Network
    samples: FloatArray
    expected: FloatArray


def with_one_vector(model: Graph) -> Graph:
    """The Graph with its last output alone, as a vector."""
    last = model[model.outputs[-1]]
    nodes = model.nodes
    if len(last.shape) > 1:
        size = (math.prod(last.shape),)
        last = Node("flat", Reshape(size), (last.name,), size, last.origin)
        nodes = (*nodes, last)
    return replace(model, nodes=nodes, outputs=(last.name,))


def random_rate(seed: int, steps: int = 64) -> Drawn | None:
    """A network whose samples none of its thresholds cut; None where the Graph is refused.

    Args:
        seed: Of everything drawn.
        steps: For which it is calibrated.
    """
    model = with_one_vector(random_graph(seed))
    if refusals(simplify(model)):
        return None
    samples = np.random.default_rng(seed).uniform(-1, 1, (3, *model.nodes[0].shape))
    options = RateOptions(calibration=samples, steps=steps, thresholds="maximum")
    network = convert_graph(model, options)
    return Drawn(network, samples, run_graph(model, samples)[model.outputs[0]])
