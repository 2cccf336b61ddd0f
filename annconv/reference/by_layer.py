"""A network without delays, population after population, each through all steps of all samples.

What `Simulation` computes, in another order: as no step of a population waits for a later
population, one can be run again with other parameters before any that reads it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from annconv.ir.network import Network
from annconv.ir.operators import Increase
from annconv.ir.population import RATES, Population
from annconv.ir.projection import SPIKES, Projection
from annconv.reference.expressions import Value, no_draws
from annconv.reference.operators import Values, apply_increase, apply_operator
from annconv.reference.population import PopulationState

Series = Sequence[Values]
"""(N, *geometry) for each step; a single one where all steps have the same."""


class LayerByLayer:
    """Populations of a network, run in their order.

    Attributes:
        network: Of delay 0, without random numbers, all its projections without traces.
        steps: Of every sample.
    """

    def __init__(self, network: Network, rates: Values, steps: int) -> None:
        """Nothing has run yet.

        Args:
            network: As the attribute.
            rates: (N, *geometry) of the input population.
            steps: As the attribute.
        """
        self.network, self.steps = network, steps
        self._rates = rates
        self._kept: dict[tuple[str, str], Series] = {}
        self._ended: set[str] = set()

    def arriving(self, population: Population) -> dict[str, Series]:
        """What arrives at a population whose sources have been kept: target -> series."""
        sums: dict[str, Series] = {}
        for entry in self.network.arriving(population.name):
            delivered = self._delivered(entry)
            before = sums.get(entry.target)
            sums[entry.target] = delivered if before is None else _added(before, delivered)
        return sums

    def run(self, population: Population, arriving: Mapping[str, Series]) -> dict[str, Series]:
        """Run neurons, or a junction, through all steps.

        Args:
            population: As it stands in the network, or with other parameters.
            arriving: As `arriving` gives it.
        Returns:
            What projections read of it, by name, and SPIKES.
        """
        if population.neuron is None:
            zeros = np.zeros((len(self._rates), *population.geometry))
            return {SPIKES: arriving.get("exc", (zeros,))}
        read = {e.transmits for e in self.network.projections if e.pre == population.name}
        state = PopulationState(population, len(self._rates))
        series: dict[str, list[Values]] = {name: [] for name in (*read, SPIKES)}
        for step in range(self.steps):
            inputs: dict[str, Value] = {
                "t": np.asarray(step * self.network.dt),
                "dt": np.asarray(self.network.dt),
                "pi": np.asarray(math.pi),
                RATES: self._rates,
            }
            for target in state.model.conductances:
                inputs[f"g_{target}"] = at(arriving.get(target, (np.zeros(()),)), step)
            state.step(inputs, no_draws)
            for name, values in series.items():
                whole = name == SPIKES and state.model.emit is None
                found = state.full(name)
                values.append(found.astype(np.int8) if whole else np.array(found))
            if population.role == "input":
                break  # the same in all steps
        return {name: tuple(values) for name, values in series.items()}

    def keep(self, population: Population, series: Mapping[str, Series]) -> None:
        """Take what a population sends, for those that read it; drop what nobody reads any more."""
        for name, values in series.items():
            self._kept[population.name, name] = values
        self._ended.add(population.name)
        waiting = [entry for entry in self.network.projections if entry.post not in self._ended]
        wanted = {(entry.pre, entry.transmits) for entry in waiting}
        self._kept = {key: value for key, value in self._kept.items() if key in wanted}

    def _delivered(self, projection: Projection) -> Series:
        """What a projection delivers in each step."""
        sent = self._kept[projection.pre, projection.transmits]
        if len(sent) == 1 and any(isinstance(entry, Increase) for entry in projection.operators):
            sent = tuple(sent) * self.steps
        passed: dict[int, Values] = {}
        series: list[Values] = []
        for values in map(np.asarray, sent):
            reached = values
            for place, operator in enumerate(projection.operators):
                if isinstance(operator, Increase):
                    before = passed.get(place, np.zeros(reached.shape))
                    reached, passed[place] = apply_increase(reached, before)
                else:
                    reached = apply_operator(operator, reached)
            series.append(np.asarray(reached, dtype=np.float64))
        return tuple(series)


def at(series: Series, step: int) -> Values:
    """The values of a step."""
    return series[0 if len(series) == 1 else step]


def _added(first: Series, second: Series) -> Series:
    """The sums of two series, step by step."""
    count = max(len(first), len(second))
    return tuple(at(first, step) + at(second, step) for step in range(count))
