"""Which differences between spike trains are found, and which of them are rounding ties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import IaF
from annconv.neurons.neuron import Neuron
from annconv.readouts import READOUTS
from annconv.reference.compare import Sides, differences, first_difference
from annconv.reference.network import run_network

EMITTER = Neuron(
    name="Emitter", parameters="rates = 0.0", equations="x = rates", spike="x > 0.05", emit="x"
)
SAMPLES = np.array([[0.13, 0.4], [0.3, 0.9]])
STEPS = 20


def network(weights, neuron=IaF):
    populations = (
        Population("in", (2,), EMITTER, role="input"),
        Population("hidden", (2,), neuron),
        Population("out", (2,), neuron, role="output"),
    )
    projections = (
        Projection("a", "in", "hidden", (Dense(weights),)),
        Projection("b", "hidden", "out", (Dense(np.eye(2) * 0.7),)),
    )
    return Network("test", populations, projections, READOUTS["spike_count"])


def spikes(subject):
    return run_network(subject, SAMPLES, steps=STEPS, record=subject.names).spikes


def changed(trains, population, sample, edit):
    """The same trains with one of them edited."""
    edited = [train.copy() for train in trains[population]]
    edited[sample] = edit(edited[sample])
    return {**trains, population: edited}


@pytest.fixture
def subject():
    return network(np.array([[1.0, 0.0], [0.0, 1.0]]))


def test_equal_trains_have_no_difference(subject):
    assert first_difference(subject, SAMPLES, spikes(subject), spikes(subject)) is None


def test_a_missing_spike_away_from_the_threshold_is_a_fault(subject):
    expected = spikes(subject)
    step, rank = expected["hidden"][1][2]
    received = changed(expected, "hidden", 1, lambda train: np.delete(train, 2, axis=0))
    found = first_difference(subject, SAMPLES, expected, received)
    assert (found.sample, found.population, found.step) == (1, "hidden", step)
    assert [(n.rank, n.expected, n.received) for n in found.neurons] == [(rank, 1, 0)]
    assert not found.is_rounding_tie
    (side,) = found.neurons[0].sides
    assert (side.operator, side.right) == (">", 1.0)
    assert side.left > 1.0
    assert found.explain() == (
        f"sample 1, population 'hidden', step {step}: fault\n"
        f"  neuron {rank}: expected +1, received +0; {side.left!r} > 1.0 "
        f"(apart by {side.left - 1.0:.3g})"
    )


def test_the_earliest_step_counts_and_then_the_order_of_populations(subject):
    expected = spikes(subject)
    late = changed(expected, "in", 0, lambda train: train[:-1])
    both = changed(late, "out", 0, lambda train: np.insert(train, 0, [4, 0], axis=0))
    found = first_difference(subject, SAMPLES, expected, both)
    assert (found.population, found.step) == ("out", 4)
    assert [(n.rank, n.expected, n.received) for n in found.neurons] == [(0, 0, 1)]
    level = changed(late, "out", 0, lambda train: np.append(train, [[STEPS - 1, 0]], axis=0))
    found = first_difference(subject, SAMPLES, expected, level)
    assert (found.population, found.step) == ("in", STEPS - 1)


def test_each_sample_ends_at_its_own_first_difference(subject):
    expected = spikes(subject)
    received = expected
    for sample in (0, 1):
        received = changed(received, "hidden", sample, lambda train: train[1:])
    found = list(differences(subject, SAMPLES, expected, received))
    assert [entry.sample for entry in found] == [0, 1]


@pytest.mark.parametrize(("nudge", "is_tie"), [(1e-13, True), (1e-7, False)])
def test_a_potential_that_rounding_puts_on_either_side_of_the_threshold(nudge, is_tie):
    # 10 steps of 0.4 * 0.25 reach the threshold of 1 but for what is added
    below, above = (network(np.diag([1.0, 0.25 * (1 + sign * nudge)])) for sign in (-1, 1))
    found = first_difference(below, SAMPLES, spikes(below), spikes(above))
    assert found is not None
    assert found.population == "hidden"
    assert found.is_rounding_tie is is_tie
    assert ("rounding tie" in found.explain()) is is_tie


def test_every_neuron_that_differs_in_the_step_must_be_a_tie():
    below, above = (network(np.diag([1.0, 0.25 * (1 + nudge)])) for nudge in (-1e-13, 1e-13))
    expected, received = spikes(below), spikes(above)
    tie = first_difference(below, SAMPLES, expected, received)
    assert tie.is_rounding_tie
    assert [neuron.rank for neuron in tie.neurons] == [1]
    received = changed(
        received, "hidden", tie.sample, lambda train: np.append(train, [[tie.step, 0]], axis=0)
    )
    found = first_difference(below, SAMPLES, expected, received)
    assert (found.sample, found.step) == (tie.sample, tie.step)
    assert [neuron.rank for neuron in found.neurons] == [0, 1]
    assert not found.is_rounding_tie


def test_signs_and_the_condition_of_minus_one_are_compared():
    signed = replace(IaF, unspike="v < -0.5", unreset="v = vr")
    subject = network(-np.eye(2), signed)
    expected = spikes(subject)
    assert expected["hidden"][0].shape[1] == 3

    def flip(train):
        train[0, 2] = 1
        return train

    received = changed(expected, "hidden", 0, flip)
    found = first_difference(subject, SAMPLES, expected, received)
    assert [(n.expected, n.received) for n in found.neurons] == [(-1, 1)]
    assert [side.right for side in found.neurons[0].sides] == [1.0, -0.5]


def test_only_populations_in_both_are_compared(subject):
    expected = spikes(subject)
    received = changed({"out": expected["out"]}, "out", 0, lambda train: train)
    assert first_difference(subject, SAMPLES, expected, received) is None
    with pytest.raises(ValueError, match="no population in both"):
        first_difference(subject, SAMPLES, {"in": expected["in"]}, {"out": expected["out"]})


def test_both_runs_must_have_the_same_samples(subject):
    expected = spikes(subject)
    received = {name: trains[:1] for name, trains in expected.items()}
    with pytest.raises(ValueError, match=r"different numbers of samples: \[1, 2\]"):
        first_difference(subject, SAMPLES, expected, received)


@pytest.mark.parametrize(
    ("left", "right", "is_tie"),
    [(1.0, 1.0 + 9e-11, True), (1.0, 1.0 + 2e-10, False), (30.0, 30.0 + 2.9e-9, True),
     (30.0, 30.0 + 3.1e-9, False), (0.0, 9e-11, True), (-5.0, -5.0 - 4e-10, True)],
)  # fmt: skip
def test_ties_are_relative_to_the_threshold_but_not_below_one(left, right, is_tie):
    assert Sides(left, ">", right).is_tie is is_tie


def test_comparisons_that_rounding_cannot_turn_are_no_ties():
    timed = replace(IaF, spike="v > vt and t >= 4*dt and vt <= 1.0")
    subject = network(np.eye(2), timed)
    expected = spikes(subject)
    received = changed(
        expected, "hidden", 0, lambda train: np.insert(train[train[:, 0] > 4], 0, [4, 0], axis=0)
    )
    found = first_difference(subject, SAMPLES, expected, received)
    assert found.step == 4
    assert not found.is_rounding_tie
    assert {side.right for neuron in found.neurons for side in neuron.sides} == {1.0}
