"""Steps of single neurons, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.ir.population import Population
from annconv.neurons.neuron import Neuron
from annconv.reference.expressions import no_draws
from annconv.reference.population import PopulationState


def stepped(neuron: Neuron, drive: list[float], dt: float = 1.0) -> tuple[list[float], list[float]]:
    """Spikes and `v` of the first of two neurons after every step; the second gets nothing."""
    state = PopulationState(Population("cells", (2,), neuron), 1)
    spikes, potentials = [], []
    for step, value in enumerate(drive):
        inputs = {
            "t": np.asarray(step * dt),
            "dt": np.asarray(dt),
            "pi": np.asarray(np.pi),
            "g_exc": np.array([[value, 0.0]]),
        }
        state.step(inputs, no_draws)
        spikes.append(float(state.spikes[0, 0]))
        potentials.append(float(state.full("v")[0, 0]))
    return spikes, potentials


@pytest.mark.parametrize(
    ("period", "dt", "silent"), [(2.0, 1.0, 2), (0.3, 0.1, 3), (0.25, 0.1, 2), (0.0, 1.0, 0)]
)
def test_a_refractory_period_lasts_whole_steps(period: float, dt: float, silent: int) -> None:
    """0.3 / 0.1 is less than 3 in doubles, and yet three steps."""
    neuron = Neuron(equations="v = g_exc", spike="v > 0.5", reset="v = 0", refractory=period)
    spikes, _ = stepped(neuron, [1.0] * 9, dt)
    assert spikes == [1.0 if step % (silent + 1) == 0 else 0.0 for step in range(9)]


def test_a_neuron_that_waits_keeps_its_variables() -> None:
    neuron = Neuron(
        equations="v = v + g_exc : init = 0.0", spike="v > 2.5", reset="v = 0", refractory=2.0
    )
    assert stepped(neuron, [1.0] * 6) == ([0, 0, 1, 0, 0, 0], [1, 2, 0, 0, 0, 1])


def test_a_neuron_that_waits_looks_for_no_spike() -> None:
    """Also where what arrives would make it spike at once, whatever its variables are."""
    neuron = Neuron(
        equations="v = v + g_exc : init = 0.0", spike="g_exc > 0.5", reset="", refractory=2.0
    )
    spikes, _ = stepped(neuron, [1.0] * 7)
    assert spikes == [1.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0]


def test_what_spikes_does_not_unspike() -> None:
    """Both conditions hold in the third step: +1 goes first."""
    neuron = Neuron(
        equations="v = g_exc", spike="v > 1", reset="", unspike="v > 0.5", unreset="v = -v"
    )
    spikes, potentials = stepped(neuron, [0.25, 0.75, 2.0])
    assert spikes == [0.0, -1.0, 1.0]
    assert potentials == [0.25, -0.75, 2.0]


def test_statistics_are_those_of_the_step_before_and_0_in_the_first() -> None:
    """Two neurons from 3: the mean of the start values is read by nobody."""
    neuron = Neuron(equations="v = mean(v) + g_exc : init = 3.0", spike="v > 100", reset="v = 0")
    _, potentials = stepped(neuron, [1.0, 1.0, 0.0])
    assert potentials == [1.0, 1.5, 1.0]
