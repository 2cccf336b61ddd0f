"""A network stepped by hand has the oracle's variables, sums and spikes after every step.

As in `test_compiled_equals_oracle.py`, weights on a grid admit nothing but equal spikes where all
sums are exact; elsewhere a rounding tie ends the comparison of a draw, at most one in a hundred.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_kinds import KINDS, kinds
from numpy.typing import NDArray
from random_networks import STEPS, Structure, draw_structure

from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.reference.compare import differences
from annconv.reference.simulation import Simulation
from annconv.runtime.state import SpikeRecording, State, ValueRecording, open_state

QUICK = (6_000_019, 6_000_143, 6_000_147, 6_000_196, 6_000_230, 6_000_335, 6_000_435)
"""Few, as each costs a module of its own; together they have all that can be drawn."""
LONG = range(6_000_000, 6_000_054)
DRAWS = 12
OPTIONS = CompileOptions(
    precision="double", strict_warnings=True, compiler_level=1, vector_bits=256
)
"""Vectors of that length, as most tests ask for: the binding is compiled for all of them."""

Values = dict[tuple[str, str], NDArray[np.float64]]
Trains = dict[str, list[NDArray[np.int32]]]


@dataclass
class Ties:
    draws: int = 0
    tied: int = 0


@pytest.fixture(scope="module")
def ties() -> Iterator[Ties]:
    counted = Ties()
    yield counted
    assert counted.tied <= max(1, counted.draws / 100), counted


def oracle_run(network: Network, samples: NDArray[np.float64], seed: int) -> tuple[Values, Trains]:
    """Every variable and sum after every step, (steps, neurons), and the spikes of one sample."""
    rates = samples * network.input_scale
    simulation = Simulation(network, rates, seed=seed, samples=np.array([0]))
    rows: dict[tuple[str, str], list[NDArray[np.float64]]] = {}
    spikes: dict[str, list[tuple[int, int]]] = {name: [] for name in simulation.states}
    for step in range(STEPS):
        simulation.advance()
        for name, state in simulation.states.items():
            kept = [entry.name for entry in state.model.variables]
            targets = {entry.target for entry in network.arriving(name)}
            kept += [f"g_{target}" for target in state.model.conductances if target in targets]
            for key in dict.fromkeys(kept):
                rows.setdefault((name, key), []).append(state.full(key).ravel())
            spikes[name] += [(step, rank) for rank in np.flatnonzero(state.spikes.ravel() > 0)]
    return (
        {key: np.array(listed) for key, listed in rows.items()},
        {n: [np.array(listed, np.int32).reshape(-1, 2)] for n, listed in spikes.items()},
    )


def state_run(
    state: State, samples: NDArray[np.float64], seed: int, pieces: list[int]
) -> tuple[Values, Trains]:
    """The same out of a State, advanced by so many steps at a time."""
    network = state.network
    rates = np.ascontiguousarray(samples.ravel() * network.input_scale)
    buffers: dict[tuple[str, str], str] = {}
    names = [entry.name for entry in network.populations if entry.neuron is not None]
    for name in names:
        kernel = state.update_of(name)
        buffers |= {(name, f"g_{target}"): buffer for target, buffer in kernel.conductances}
        # a conductance with an equation of its own is a variable, to which what arrives is added
        buffers |= {(name, entry.name): entry.buffer for entry in kernel.variables}
    values: dict[tuple[str, str], list[NDArray[np.float64]]] = {key: [] for key in buffers}
    trains: dict[str, list[NDArray[np.int32]]] = {name: [] for name in names}
    index = 0
    for steps in pieces:
        recordings = [
            ValueRecording(
                state.position(buffer), None, 1, 0, np.empty((steps, state.buffers[buffer].size))
            )
            for buffer in buffers.values()
        ]
        followed = [SpikeRecording(network.names.index(name), None) for name in names]
        advance = state.advance(
            steps, rates, seed=seed, index=index, values=recordings, spikes=followed
        )
        assert (advance.steps, advance.error) == (steps, None)
        for key, recording in zip(buffers, recordings, strict=True):
            values[key].append(recording.rows)
        for name, train in zip(names, advance.spikes, strict=True):
            trains[name].append(train)
        index += steps
    return (
        {key: np.concatenate(listed) for key, listed in values.items()},
        {name: [np.concatenate(listed)] for name, listed in trains.items()},
    )


def compare_draw(structure: Structure, draw: int, ties: Ties) -> None:
    rng = np.random.default_rng([structure.seed, draw])
    on_grid = draw % 2 == 0
    network = structure.with_data(rng, on_grid=on_grid)
    samples = structure.samples(rng, 1)
    cut = int(rng.integers(1, STEPS))
    expected, spikes = oracle_run(network, samples, draw)
    state = open_state(network, OPTIONS)
    received, trains = state_run(state, samples, draw, [cut, STEPS - cut])
    tie_allowed = not (on_grid and structure.exact)
    ties.draws += tie_allowed
    until = STEPS
    for found in differences(network, samples, spikes, trains, seed=draw):
        assert tie_allowed, found.explain()
        assert found.is_rounding_tie, found.explain()
        ties.tied += 1
        until = found.step
    assert received.keys() == expected.keys()
    close = partial(np.testing.assert_allclose, rtol=1e-9, atol=1e-9)
    for key, rows in expected.items():
        check = np.testing.assert_array_equal if not tie_allowed and key[1] != "g_exc" else close
        check(received[key][:until], rows[:until], err_msg=str(key))


@pytest.mark.compiles
@pytest.mark.parametrize("seed", QUICK)
@settings(max_examples=DRAWS)
@given(draw=st.integers(0, 2**32 - 1))
def test_random_structures_step_by_step(seed: int, draw: int, ties: Ties) -> None:
    compare_draw(draw_structure(seed), draw, ties)


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("seed", LONG)
@settings(max_examples=DRAWS)
@given(draw=st.integers(0, 2**32 - 1))
def test_many_structures_step_by_step(seed: int, draw: int, ties: Ties) -> None:
    compare_draw(draw_structure(seed), draw, ties)


def test_the_structures_have_all_that_can_be_drawn() -> None:
    assert frozenset().union(*(kinds(draw_structure(seed)) for seed in QUICK)) == KINDS


def test_nothing_else_is_drawn() -> None:
    assert all(kinds(draw_structure(seed)) <= KINDS for seed in LONG)
