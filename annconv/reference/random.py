"""The random numbers of neurons: counter-based, so they depend on nothing but their counter."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from annconv.distributions import NUMBERS_PER_COUNTER
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
    number: int = 0,
) -> NDArray[np.float64]:
    """One draw of every neuron of a population in one step.

    Args:
        seed: 0 to 2^64 - 1.
        samples: (N,) indices of the samples in the whole input.
        geometry: Of the population; ranks run through it in C order.
        step: Of the simulation, from 0.
        population: Position of the population in the network.
        draw: First of the generator's values that the draw takes, from 0 in the order written.
        number: Which uniform number of the draw; a value of the generator gives four.
    Returns:
        (N, *geometry) float64 in (0, 1).
    """
    ranks = np.arange(math.prod(geometry)).reshape(1, *geometry)
    column = samples.reshape(-1, *(1 for _ in geometry))
    later, word = divmod(number, NUMBERS_PER_COUNTER)
    return uniform(seed, ranks, step, population << 16 | (draw + later), column, word)
