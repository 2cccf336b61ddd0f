"""Are these the same spikes? Two runs compared in time order, up to the first difference.

Sums over synapses may be rounded differently, so a potential that lands on the threshold may fall
on either side of it. Such a difference is a rounding tie and accepted; anything else is a fault.
What follows the first difference of a sample is not compared, as a tie may change all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annconv.ir.network import Network
from annconv.ir.samples import input_rates, prepare_samples
from annconv.neurons.expressions import COMPARISONS, Binary, Expression, children
from annconv.neurons.expressions import names as names_in
from annconv.neurons.grammar import GIVEN_NAMES
from annconv.reference.expressions import DrawSource, evaluate
from annconv.reference.population import PopulationState
from annconv.reference.simulation import Simulation

TIE = 1e-10
"""Largest distance of a rounding tie, times max(1, |threshold|)."""

Trains = Mapping[str, Sequence[NDArray[np.integer]]]
"""Spikes as a result holds them: population -> one (S, 2) or (S, 3) array per sample."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The two sides of one comparison in a spike condition, as the oracle computed them."""

    left: float
    operator: str
    right: float

    @property
    def is_tie(self) -> bool:
        """Whether they are equal but for rounding."""
        return abs(self.left - self.right) <= TIE * max(1.0, abs(self.right))

    def __str__(self) -> str:
        apart = abs(self.left - self.right)
        return f"{self.left!r} {self.operator} {self.right!r} (apart by {apart:.3g})"


@dataclass(frozen=True, slots=True)
class NeuronDifference:
    """One neuron that emitted something else.

    Attributes:
        rank: Of the neuron.
        expected: What it should have emitted: 0, 1 or -1.
        received: What it emitted.
        sides: Every comparison of its spike conditions that rounding can turn.
    """

    rank: int
    expected: int
    received: int
    sides: tuple[Sides, ...]

    @property
    def is_rounding_tie(self) -> bool:
        """Whether a comparison of its spike conditions could have gone either way."""
        return any(side.is_tie for side in self.sides)


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference in a sample: a population and a step.

    Attributes:
        sample: Position of the sample in the batch.
        population: Name of the population.
        step: Of the simulation, from 0.
        neurons: All its neurons that differ in that step.
    """

    sample: int
    population: str
    step: int
    neurons: tuple[NeuronDifference, ...]

    @property
    def is_rounding_tie(self) -> bool:
        """Whether every neuron that differs in that step is a rounding tie."""
        return all(neuron.is_rounding_tie for neuron in self.neurons)

    def explain(self) -> str:
        """Population, neuron, step and both sides of the spike condition, a line per neuron."""
        kind = "rounding tie" if self.is_rounding_tie else "fault"
        lines = [f"sample {self.sample}, population {self.population!r}, step {self.step}: {kind}"]
        for neuron in self.neurons:
            sides = ", ".join(map(str, neuron.sides)) or "no condition"
            lines.append(
                f"  neuron {neuron.rank}: expected {neuron.expected:+d}, "
                f"received {neuron.received:+d}; {sides}"
            )
        return "\n".join(lines)


def differences(
    network: Network,
    samples: object,
    expected: Trains,
    received: Trains,
    *,
    seed: int = 0,
    first_sample: int = 0,
    frames: bool = False,
) -> Iterator[Difference]:
    """The first difference of every sample that has one, in the order of the samples.

    Args:
        network: What both runs ran.
        samples: What they were given; as many as there are spike trains, or more.
        expected: Spikes by population; only populations in both are compared.
        received: Spikes by population.
        seed: Of both runs.
        first_sample: Of both runs.
        frames: Of both runs.
    Yields:
        At most one difference per sample.
    Raises:
        ValueError: The two have no population in common, or different numbers of samples.
    """
    names = [name for name in network.names if name in expected and name in received]
    if not names:
        raise ValueError(f"no population in both {sorted(expected)} and {sorted(received)}")
    counts = {len(trains[name]) for trains in (expected, received) for name in names}
    if len(counts) != 1:
        raise ValueError(f"different numbers of samples: {sorted(counts)}")
    prepared = prepare_samples(samples, network.input.geometry, frames=frames)
    for sample in range(counts.pop()):
        found = [
            (*first, position)
            for position, name in enumerate(names)
            if (first := _first_step(expected[name][sample], received[name][sample])) is not None
        ]
        if not found:
            continue
        step, emitted, position = min(found, key=lambda entry: (entry[0], entry[2]))
        rates = input_rates(prepared[sample : sample + 1], network.input_scale)
        simulation = Simulation(
            network,
            rates.astype(np.float64),
            seed=seed,
            samples=np.array([first_sample + sample]),
            frames=frames,
        )
        sides = _condition_sides(simulation, names[position], step, sorted(emitted))
        neurons = tuple(
            NeuronDifference(rank, *emitted[rank], sides[rank]) for rank in sorted(emitted)
        )
        yield Difference(sample, names[position], step, neurons)


def first_difference(
    network: Network,
    samples: object,
    expected: Trains,
    received: Trains,
    *,
    seed: int = 0,
    first_sample: int = 0,
    frames: bool = False,
) -> Difference | None:
    """The first of `differences`, None where there is none; arguments as there."""
    found = differences(
        network,
        samples,
        expected,
        received,
        seed=seed,
        first_sample=first_sample,
        frames=frames,
    )
    return next(found, None)


Signs = Mapping[int, tuple[int, int]]
"""Rank -> sign of its spike in the expected and in the received run, 0 for none."""


def _signed(train: NDArray[np.integer]) -> set[tuple[int, int, int]]:
    """Spikes as (step, rank, sign)."""
    rows = np.asarray(train).tolist()
    return {(row[0], row[1], row[2] if len(row) > 2 else 1) for row in rows}


def _first_step(
    expected: NDArray[np.integer], received: NDArray[np.integer]
) -> tuple[int, Signs] | None:
    """The first step in which two spike trains differ, and all neurons that differ in it."""
    if np.array_equal(expected, received):
        return None
    wanted, found = _signed(expected), _signed(received)
    apart = wanted ^ found
    if not apart:
        return None
    step = min(apart)[0]
    emitted: dict[int, list[int]] = {}
    for column, spikes in enumerate((wanted & apart, found & apart)):
        for when, rank, sign in spikes:
            if when == step:
                emitted.setdefault(rank, [0, 0])[column] = sign
    return step, {rank: (pair[0], pair[1]) for rank, pair in emitted.items()}


def _comparisons(condition: Expression | None, exact: frozenset[str]) -> list[Binary]:
    """All comparisons in a condition that read more than the `exact` names.

    Those are the same to the last bit in every run: of `t >= dt` both sides are equal in the
    second step, which is no tie.
    """
    found: list[Binary] = []
    pending = [] if condition is None else [condition]
    while pending:
        node = pending.pop()
        if (
            isinstance(node, Binary)
            and node.operator in COMPARISONS
            and not names_in(node) <= exact
        ):
            found.append(node)
        pending.extend(reversed(children(node)))
    return found


def _condition_sides(
    simulation: Simulation, population: str, step: int, ranks: Sequence[int]
) -> dict[int, tuple[Sides, ...]]:
    """Both sides of the spike conditions of some neurons, by rank, in one step of a fresh run."""
    sides: dict[int, list[Sides]] = {rank: [] for rank in ranks}

    def inspect(name: str, state: PopulationState, draws: DrawSource) -> None:
        if name != population:
            return
        exact = frozenset((*GIVEN_NAMES, *(entry.name for entry in state.model.parameters)))
        for condition in (state.model.spike, state.model.unspike):
            for leaf in _comparisons(condition, exact):
                left, right = (
                    np.broadcast_to(evaluate(side, state.scope, draws), state.spikes.shape).ravel()
                    for side in (leaf.left, leaf.right)
                )
                for rank in ranks:
                    sides[rank].append(Sides(float(left[rank]), leaf.operator, float(right[rank])))

    for _ in range(step):
        simulation.advance()
    simulation.advance(inspect)
    return {rank: tuple(found) for rank, found in sides.items()}
