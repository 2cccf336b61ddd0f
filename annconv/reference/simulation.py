"""The state of a network and one step of it, for a batch of samples."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from annconv.ir.network import Network
from annconv.ir.operators import Increase, Reshape, Scale
from annconv.ir.population import RATES, Population
from annconv.ir.projection import Projection
from annconv.neurons.expressions import Draw
from annconv.reference.expressions import DrawSource, Real, Value
from annconv.reference.fused import fused_multiply_add
from annconv.reference.operators import Values, apply_increase, apply_operator
from annconv.reference.population import PopulationState
from annconv.reference.random import neuron_uniforms

Inspect = Callable[[str, PopulationState, DrawSource], None]
"""Called with a population's name and state between its updates and its spikes."""


class Simulation:
    """A network in the course of a run.

    Attributes:
        network: What runs.
        samples: (N,) int64, indices in the whole input of the samples still in the batch.
        states: State of every population that has neurons.
        sums: (N, *geometry) value of every junction.
    """

    def __init__(
        self,
        network: Network,
        rates: Values,
        *,
        seed: int,
        samples: NDArray[np.int64],
        frames: bool = False,
        real: Real = np.float64,
    ) -> None:
        """Every population in its initial state.

        Args:
            network: A network.
            rates: (N, *geometry) of the input population; (N, steps, *geometry) with `frames`.
            seed: Of random encodings.
            samples: (N,) indices of the samples in the whole input.
            frames: Whether every step has rates of its own.
            real: The type of numbers.
        """
        self.network, self.samples = network, samples
        self._rates, self._frames, self._seed = rates, frames, seed
        self._step, self._real = 0, real
        count = len(samples)
        self.states = {
            entry.name: PopulationState(entry, count, real)
            for entry in network.populations
            if entry.neuron is not None
        }
        self.sums: dict[str, Values] = {
            entry.name: np.zeros((count, *entry.geometry), dtype=real)
            for entry in network.populations
            if entry.neuron is None
        }
        self._passed: dict[tuple[str, int], Values] = {}
        self._traces: dict[str, Values] = {}

    def advance(self, inspect: Inspect | None = None) -> None:
        """One step: projections deliver, then populations update, spike and reset, in order."""
        delivered = {
            entry.name: self._deliver(entry) for entry in self.network.projections if entry.delay
        }
        for position, population in enumerate(self.network.populations):
            arriving = self.network.arriving(population.name)
            for entry in arriving:
                if not entry.delay:
                    delivered[entry.name] = self._deliver(entry)
            if population.neuron is None:
                zeros = np.zeros((len(self.samples), *population.geometry), dtype=self._real)
                self.sums[population.name] = sum((delivered[e.name] for e in arriving), zeros)
            else:
                self._update(position, population, arriving, delivered, inspect)
        self._step += 1

    def retire(self, going: NDArray[np.bool_]) -> None:
        """Drop samples from the batch: (N,) True for those that go."""
        if not going.any():
            return
        self.samples, self._rates = self.samples[~going], self._rates[~going]
        for state in self.states.values():
            state.retire(going)
        self.sums = {name: value[~going] for name, value in self.sums.items()}
        self._passed = {key: value[~going] for key, value in self._passed.items()}
        self._traces = {name: value[~going] for name, value in self._traces.items()}

    def _update(
        self,
        position: int,
        population: Population,
        arriving: tuple[Projection, ...],
        delivered: dict[str, Values],
        inspect: Inspect | None,
    ) -> None:
        """One population's step."""
        name, state = population.name, self.states[population.name]
        real, dt = self._real, np.asarray(self.network.dt, dtype=self._real)
        inputs: dict[str, Value] = {
            "t": np.asarray(np.multiply(self._step, dt, dtype=real)),
            "dt": dt,
            "pi": np.asarray(math.pi, dtype=real),
        }
        for target in state.model.conductances:
            values = (delivered[e.name] for e in arriving if e.target == target)
            inputs[f"g_{target}"] = sum(values, np.zeros(state.spikes.shape, dtype=real))
        if population.role == "input":
            inputs[RATES] = self._rates[:, self._step] if self._frames else self._rates

        def draws(draw: Draw, number: int) -> Value:
            return neuron_uniforms(
                self._seed,
                self.samples,
                population.geometry,
                step=self._step,
                population=position,
                draw=draw.index,
                number=number,
            )

        state.step(inputs, draws, None if inspect is None else lambda s, d: inspect(name, s, d))

    def _deliver(self, projection: Projection) -> Values:
        """What a projection makes of the present state of its pre-population."""
        if projection.pre in self.states:
            values = self.states[projection.pre].full(projection.transmits)
        else:
            values = self.sums[projection.pre]
        factors: Values | None = None
        for position, operator in enumerate(projection.operators):
            if isinstance(operator, Scale) and self._rounds_with_trace(projection, position):
                factors = np.broadcast_to(operator.factors.astype(self._real), values.shape)
            elif isinstance(operator, Increase):
                key = (projection.name, position)
                passed = self._passed.get(key, np.zeros(values.shape, dtype=self._real))
                values, self._passed[key] = apply_increase(values, passed)
            else:
                values = apply_operator(operator, values)
        if projection.trace_decay is not None:
            zeros = np.zeros(values.shape, dtype=self._real)
            before = self._traces.get(projection.name, zeros)
            decayed = self._real(projection.trace_decay) * before
            if factors is None:
                values = decayed + values
            else:
                values = fused_multiply_add(values, factors.reshape(values.shape), decayed)
            self._traces[projection.name] = values
        return values

    def _rounds_with_trace(self, projection: Projection, position: int) -> bool:
        """Whether what an operator multiplies is added to a trace with one rounding for both.

        In single precision, that of integers, the last Scale in front of a trace is.
        """
        last = all(isinstance(entry, Reshape) for entry in projection.operators[position + 1 :])
        return last and projection.trace_decay is not None and self._real is np.float32
