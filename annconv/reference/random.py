"""The random numbers of neurons: counter-based, so they depend on nothing but their counter."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from annconv.ir.arrays import Geometry
from annconv.philox import uniform


def neuron_uniforms(
    seed: int,
    samples: NDArray[np.int64],
    geometry: Geometry,
    *,
    step: int,
    population: int,
    draw: int,
) -> NDArray[np.float64]:
    """One draw of every neuron of a population in one step.

    Args:
        seed: 0 to 2^64 - 1.
        samples: (N,) indices of the samples in the whole input.
        geometry: Of the population; ranks run through it in C order.
        step: Of the simulation, from 0.
        population: Position of the population in the network.
        draw: Which draw of the neuron, from 0 in the order written.
    Returns:
        (N, *geometry) float64 in (0, 1).
    """
    ranks = np.arange(math.prod(geometry)).reshape(1, *geometry)
    column = samples.reshape(-1, *(1 for _ in geometry))
    return uniform(seed, ranks, step, population << 16 | draw, column)
