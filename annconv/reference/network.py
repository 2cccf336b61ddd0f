"""The oracle: what a Network does, step by step, in NumPy, in double precision or single.

Every compiled network is checked against it. It follows the definition as plainly as it can: in
each step every projection reads what its pre-population sent in the previous step (delay 1) or in
this one (delay 0), then the population updates its variables, spikes and resets. All samples of a
batch run side by side along axis 0; one whose read-out is finished leaves the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annconv.errors import OptionError, nearest
from annconv.ir.network import Network
from annconv.ir.samples import input_rates, prepare_samples
from annconv.neurons.expressions import Expression
from annconv.options import RunOptions
from annconv.readouts import parse_readout
from annconv.readouts.labels import draw_labels
from annconv.reference.expressions import Real, Value, evaluate
from annconv.reference.simulation import Simulation
from annconv.reference.statistics import statistics_of

COUNT = "count"
"""What a read-out calls the number of spikes of an output neuron so far."""


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceResult:
    """What a network did with N samples.

    Attributes:
        labels: (N,) int64, the class of each sample.
        counts: (N, outputs) int64, spikes of each output neuron; a negative one takes one off.
        outputs: (N, outputs) float64, the read-out's scores.
        stopped_at: (N,) int64, steps executed.
        spikes: For each recorded population a list of one (S, 2) int32 array per sample, rows of
            (step, rank) in that order; (S, 3) with the sign where the neuron has `unspike`.
        variables: Every variable of the output neuron at the sample's end, (N, outputs) float64.
    """

    labels: NDArray[np.int64]
    counts: NDArray[np.int64]
    outputs: NDArray[np.float64]
    stopped_at: NDArray[np.int64]
    spikes: Mapping[str, Sequence[NDArray[np.int32]]]
    variables: Mapping[str, NDArray[np.float64]]


def run_network(
    network: Network,
    samples: object,
    *,
    steps: int,
    seed: int = 0,
    first_sample: int = 0,
    frames: bool = False,
    record: Sequence[str] = (),
    real: Real = np.float64,
) -> ReferenceResult:
    """Present samples to a network.

    Args:
        network: Any network.
        samples: (N, ...) with as many values per sample as the input has neurons; with `frames`
            (N, steps, ...).
        steps: Steps per sample; fewer where the read-out stops.
        seed: Of random encodings and of the draw between tied classes, 0 to 2^64 - 1.
        first_sample: Index of the first sample in the whole input.
        frames: Whether every step has input of its own.
        record: Names of the populations whose spikes are kept.
        real: The type of state and sums. With np.float32 a network of whole weights, whose sums are
            exact, does what its compiled counterpart does to the last spike.
    Raises:
        InputError: The samples do not fit the network.
        OptionError: An option is out of range, or `record` names no population.
        SimulationError: A score is not a number.
    """
    options = RunOptions(
        steps=steps, seed=seed, first_sample=first_sample, frames=frames, record=tuple(record)
    )
    _check_record(network, options.record)
    prepared = prepare_samples(samples, network.input.geometry, frames=frames, steps=steps)
    rates = input_rates(prepared, network.input_scale, real)
    indices = first_sample + np.arange(len(rates), dtype=np.int64)
    simulation = Simulation(network, rates, seed=seed, samples=indices, frames=frames, real=real)
    reader = _Reader(network, len(rates), first_sample, real)
    recorder = _Recorder(network, len(rates), first_sample, options.record)
    for step in range(steps):
        if not len(simulation.samples):
            break
        simulation.advance()
        recorder.keep(simulation, step)
        finished = reader.read(simulation, step + 1 == steps)
        simulation.retire(finished)
    return ReferenceResult(
        labels=draw_labels(reader.outputs, seed, first_sample),
        counts=reader.counts,
        outputs=reader.outputs,
        stopped_at=reader.stopped_at,
        spikes=recorder.spikes(),
        variables=reader.variables,
    )


def _check_record(network: Network, record: Sequence[str]) -> None:
    """Every name is a population that can spike."""
    spiking = [entry.name for entry in network.populations if entry.role != "linear"]
    faults = [
        f"record: no population {name!r} that spikes. {nearest(name, spiking)}."
        for name in record
        if name not in spiking
    ]
    if faults:
        raise OptionError(faults)


class _Reader:
    """Follows the output population until the read-out stops each sample."""

    def __init__(self, network: Network, count: int, first_sample: int, real: Real) -> None:
        output = network.output
        self._real = real
        self._name, self._size, self._first = output.name, output.size, first_sample
        self._readout = network.readout
        self._parameters = dict(network.readout.parameters)
        self._parsed = parse_readout(network.readout)
        shape = (count, output.size)
        self.counts = np.zeros(shape, dtype=np.int64)
        self.outputs = np.zeros(shape)
        self.stopped_at = np.zeros(count, dtype=np.int64)
        names = [entry.name for entry in output.model().variables]
        self.variables = {name: np.zeros(shape) for name in names}

    def read(self, simulation: Simulation, last: bool) -> NDArray[np.bool_]:
        """Take in one step; says which samples of the batch are finished after it."""
        rows = simulation.samples - self._first
        state = simulation.states[self._name]
        shape = (len(rows), self._size)
        self.counts[rows] += state.spikes.reshape(shape).astype(np.int64)
        self.stopped_at[rows] += 1
        observed: dict[str, Value] = {
            name: self.counts[rows].astype(np.float64)
            if name == COUNT
            else state.full(name).reshape(shape)
            for name in self._readout.observes
        }
        finished = np.full(len(rows), last)
        if self._parsed.stop is not None:
            holds = np.broadcast_to(self._value(self._parsed.stop, observed), shape)
            finished |= holds.any(axis=1)
        if finished.any():
            done = rows[finished]
            scores = np.broadcast_to(self._value(self._parsed.score, observed), shape)
            self.outputs[done] = scores[finished]
            for name, values in self.variables.items():
                values[done] = state.full(name).reshape(shape)[finished]
        return finished

    def _value(self, expression: Expression, observed: dict[str, Value]) -> Value:
        across = statistics_of(expression, observed)
        return evaluate(expression, {**self._parameters, **observed, **across}, real=self._real)


class _Recorder:
    """Collects the spikes of some populations."""

    def __init__(
        self, network: Network, count: int, first_sample: int, record: Sequence[str]
    ) -> None:
        self._count, self._first = count, first_sample
        self._signed = {name: network[name].model().unspike is not None for name in record}
        self._rows: dict[str, list[NDArray[np.int32]]] = {name: [] for name in record}

    def keep(self, simulation: Simulation, step: int) -> None:
        """Add one step: rows of sample, step, rank, sign."""
        for name, rows in self._rows.items():
            spikes = simulation.states[name].spikes.reshape(len(simulation.samples), -1)
            sample, rank = np.nonzero(spikes)
            sign = spikes[sample, rank]
            where = simulation.samples[sample] - self._first
            columns = (where, np.full(len(rank), step), rank, sign)
            rows.append(np.stack(columns, axis=1).astype(np.int32))

    def spikes(self) -> dict[str, list[NDArray[np.int32]]]:
        """For each population one array per sample, sorted by step, then rank."""
        result: dict[str, list[NDArray[np.int32]]] = {}
        for name, rows in self._rows.items():
            table = np.concatenate([np.zeros((0, 4), dtype=np.int32), *rows])
            table = table[np.argsort(table[:, 0], kind="stable")]  # steps and ranks are in order
            ends = np.searchsorted(table[:, 0], np.arange(1, self._count))
            columns = table[:, 1:] if self._signed[name] else table[:, 1:3]
            parts = np.split(np.ascontiguousarray(columns), ends) if self._count else []
            result[name] = parts
        return result
