"""The state of one population, for a batch of samples, and one step of its neurons."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from annconv.ir.population import RATES, Population
from annconv.ir.projection import SPIKES
from annconv.neurons.decays import with_decays
from annconv.neurons.expressions import Expression
from annconv.neurons.model import Assign, OdeSystem
from annconv.neurons.reciprocals import with_reciprocals
from annconv.reference.expressions import (
    DrawSource,
    Real,
    Value,
    bounded,
    evaluate,
    no_draws,
    statistic_name,
)
from annconv.reference.integration import increments
from annconv.reference.operators import Values
from annconv.reference.statistics import overall

Scope = Mapping[str, Value]
"""What the names in a neuron's equations stand for."""


class PopulationState:
    """Neurons with equations.

    Args:
        population: The neurons and their parameters.
        count: Samples of the batch.
        real: The type of numbers.

    Attributes:
        model: The parsed equations.
        scope: Every parameter and variable, the conductances and times of the last step. A value
            has any shape that broadcasts onto (N, *geometry): what all share stays one number.
        spikes: (N, *geometry) numbers, what each neuron emitted in the last step: 0, 1 or -1.
    """

    def __init__(self, population: Population, count: int, real: Real = np.float64) -> None:
        model = population.model()
        if real is not np.float64:  # that of integers, which these are part of
            model = with_decays(with_reciprocals(model, {RATES}), {RATES})
        self.model = model
        self._real = real
        self.scope: dict[str, Value] = {
            name: np.asarray(value, dtype=real)
            for name, value in population.parameter_values().items()
        }
        initial = {e.name: self._value(e.initial) for e in self.model.variables}
        self.scope.update(initial)
        self.spikes: Values = np.zeros((count, *population.geometry), dtype=real)

    def full(self, name: str) -> Values:
        """A variable, or "spikes" for what the neurons send, as (N, *geometry)."""
        if name == SPIKES:
            if self.model.emit is None:
                return self.spikes
            name = self.model.emit
        return np.broadcast_to(self.scope[name], self.spikes.shape)

    def step(
        self,
        inputs: Scope,
        draws: DrawSource,
        inspect: Callable[[PopulationState, DrawSource], None] | None = None,
    ) -> None:
        """Update the variables, then spike and reset.

        Args:
            inputs: Conductances, `t`, `dt`, `pi`, and the rates of an input population.
            draws: Uniform numbers of this step.
            inspect: Sees the state between the updates and the spikes.
        """
        for statistic in self.model.statistics():
            name = statistic_name(statistic.function, statistic.variable)
            values = self.full(statistic.variable)
            first = inputs["t"] == 0
            number = np.zeros(()) if first else overall(statistic.function, values)
            self.scope[name] = np.asarray(number, dtype=self._real)
        self.scope.update(self._with_what_lasts(inputs))
        for statement in self.model.update:
            if isinstance(statement, OdeSystem):
                self._integrate(statement, draws)
            else:
                self._assign(statement, draws)
        if inspect is not None:
            inspect(self, draws)
        fired = self._holds(self.model.spike, draws)
        unfired = self._holds(self.model.unspike, draws) & ~fired
        for emitted, reset in ((fired, self.model.reset), (unfired, self.model.unreset)):
            if emitted.any():
                for assignment in reset:
                    self._assign(assignment, draws, where=emitted)
        self.spikes = np.subtract(fired, unfired, dtype=self._real)

    def _with_what_lasts(self, inputs: Scope) -> Scope:
        """What arrived, on top of what is left where a conductance has an equation of its own."""
        lasting = {entry.name for entry in self.model.variables}
        return {
            name: self.scope[name] + value if name in lasting else value
            for name, value in inputs.items()
        }

    def retire(self, going: NDArray[np.bool_]) -> None:
        """Drop samples from the batch."""
        batched = self.spikes.ndim
        self.spikes = self.spikes[~going]
        for name, value in self.scope.items():
            if value.ndim == batched:
                self.scope[name] = value[~going]

    def _integrate(self, system: OdeSystem, draws: DrawSource) -> None:
        """All changes are made of the old values, then the variables take them up in order."""
        changes = increments(system, self.scope, draws)
        for entry in system.equations:
            with np.errstate(all="ignore"):
                value = np.asarray(self.scope[entry.variable] + changes[entry.variable])
            self.scope[entry.variable] = self._bounded(value, entry.minimum, entry.maximum)

    def _assign(
        self, entry: Assign, draws: DrawSource, where: NDArray[np.bool_] | None = None
    ) -> None:
        """One assignment, for all neurons or those that just spiked."""
        value = self._value(entry.value, draws)
        value = self._bounded(value, entry.minimum, entry.maximum)
        old = self.scope[entry.variable]
        self.scope[entry.variable] = value if where is None else np.where(where, value, old)

    def _bounded(
        self, value: Value, minimum: Expression | None, maximum: Expression | None
    ) -> Value:
        low = None if minimum is None else self._value(minimum)
        high = None if maximum is None else self._value(maximum)
        return bounded(value, low, high)

    def _value(self, expression: Expression, draws: DrawSource = no_draws) -> Value:
        return evaluate(expression, self.scope, draws, self._real)

    def _holds(self, condition: Expression | None, draws: DrawSource) -> NDArray[np.bool_]:
        """Where a condition holds, for every neuron."""
        if condition is None:
            return np.zeros(self.spikes.shape, dtype=np.bool_)
        return np.broadcast_to(self._value(condition, draws), self.spikes.shape)
