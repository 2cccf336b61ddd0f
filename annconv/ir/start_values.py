"""Values of parameters that a neuron declares as random."""

from __future__ import annotations

import math
import zlib

import numpy as np
from numpy.typing import NDArray

from annconv.distributions import DISTRIBUTIONS, NUMBERS_PER_COUNTER
from annconv.ir.arrays import FloatArray, Geometry, freeze
from annconv.neurons.expressions import Draw, Number
from annconv.philox import uniform

_KEY = 1 << 63
"""Sets these numbers apart from those of a run, whose seed is seldom so large."""


def random_start(draw: Draw, population: str, position: int, shape: Geometry) -> FloatArray:
    """Numbers of a distribution that depend on nothing but whose they are.

    Args:
        draw: The distribution, with numbers as arguments.
        population: Name of the population; two populations get different values.
        position: Of the parameter in its neuron.
        shape: Of the result: the population's geometry, () for one number.
    """
    arguments = [entry.value for entry in draw.arguments if isinstance(entry, Number)]
    ranks = np.arange(math.prod(shape)).reshape(shape)
    seed = _KEY + zlib.crc32(population.encode())

    def numbers(number: int) -> NDArray[np.float64]:
        counter, word = divmod(number, NUMBERS_PER_COUNTER)
        return uniform(seed, ranks, position, counter, 0, word)

    return freeze(DISTRIBUTIONS[draw.distribution].sample(arguments, numbers))
