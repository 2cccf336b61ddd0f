"""Potential correction: a channel's mean error goes into the membrane potential at the start.

So it is gone after as many steps as it was measured over, and its trace fades as 1/t where a
network runs for longer. Source: Li et al., "A free lunch from ANN: towards efficient, accurate
spiking neural networks calibration", ICML 2021 (potential calibration).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.population import Population
from annconv.ir.projection import SPIKES
from annconv.reference.by_layer import LayerByLayer, Series
from annconv.reference.operators import Values

ROUNDS = 4
"""How often the error that is left is added; more changes little."""

Told = Callable[[int], None]
"""Receives how many populations are done."""


def correct_potentials(
    network: Network,
    rates: Values,
    steps: int,
    means: Mapping[str, FloatArray],
    *,
    worth: str,
    start: str,
    told: Told,
) -> Network:
    """A network whose values have the means that they should have.

    Population after population is run, with what those before it send after their own correction;
    the mean error of each channel, times the steps, is added to its membrane potential at the
    start, and it is run again.

    Args:
        network: Of delay 0, without random numbers.
        rates: (N, *geometry) of the input population.
        steps: Over which a value is the number of spikes times their worth, divided by steps.
        means: Name of a population -> (channels,) the mean value that each channel should have.
            Others stay as they are.
        worth: The parameter with the worth of a spike.
        start: The parameter with the membrane potential at the start.
        told: Called after each population.
    """
    layers = LayerByLayer(network, rates, steps)
    corrected: list[Population] = []
    for given in network.populations:
        population, arriving = given, layers.arriving(given)
        series = layers.run(population, arriving)
        for _ in range(ROUNDS if given.name in means else 0):
            error = means[given.name] - _means(population, series, steps, worth)
            values = population.parameter_values()[start] + error * steps
            population = replace(population, parameters={**population.parameters, start: values})
            series = layers.run(population, arriving)
        layers.keep(population, series)
        corrected.append(population)
        told(1)
    return replace(network, populations=tuple(corrected))


def _means(population: Population, series: Mapping[str, Series], steps: int, worth: str) -> Values:
    """(channels,) mean values of a population's channels."""
    count = sum(spikes.astype(np.int64) for spikes in series[SPIKES])
    values = np.asarray(count) * (population.parameter_values()[worth] / steps)
    return np.asarray(values.reshape(-1, population.geometry[-1]).mean(axis=0))
