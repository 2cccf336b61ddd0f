"""Local parameters written out per neuron, for networks whose parameters may change one by one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annconv.ir.network import Network
from annconv.ir.population import Population


def spread_parameters(network: Network) -> Network:
    """The same network; every local parameter has a value for each neuron.

    A plan packs what is uniform once, so that one neuron's value cannot be set. Parameters of the
    population stay one value, unless they already have more.
    """
    return replace(network, populations=tuple(_spread(entry) for entry in network.populations))


def _spread(population: Population) -> Population:
    if population.neuron is None:
        return population
    values = population.parameter_values()
    local = {
        entry.name: np.broadcast_to(values[entry.name], population.geometry)
        for entry in population.model().parameters
        if entry.local or values[entry.name].size > 1
    }
    return replace(population, parameters={**population.parameters, **local})
