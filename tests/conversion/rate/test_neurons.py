"""Neurons of preset `rate`, step by step and by hand."""

import numpy as np

from annconv.conversion.rate.neurons import RECTIFIER, joining_neuron, neuron_of, target_of
from annconv.ir.activations import Function, Relu
from annconv.ir.joins import Maximum, Minimum, Multiply
from annconv.ir.population import Population
from annconv.reference.expressions import no_draws
from annconv.reference.population import PopulationState


def emitted(neuron, inputs, **parameters):
    """What one neuron emits, step by step; inputs: name of a target -> its sums."""
    values = {name: np.asarray(value) for name, value in parameters.items()}
    state = PopulationState(Population("p", (1,), neuron, values), 1)
    count = len(next(iter(inputs.values())))
    spikes = []
    for step in range(count):
        state.step({f"g_{name}": np.asarray(v[step]) for name, v in inputs.items()}, no_draws)
        spikes.append(int(state.spikes.item()))
    return spikes


def test_a_rectifier_rounds_and_takes_back():
    # v: .9, .3, .9, .9, -1.5 after the fifth input, and -.5 once a spike is taken back
    inputs = {"exc": [0.4, 0.4, 0.6, 1.0, -2.4, 0.0]}
    assert emitted(RECTIFIER, inputs, theta=1.0, start=0.5) == [0, 1, 0, 1, -1, -1]


def test_a_rectifier_owes_nothing_below_zero():
    assert emitted(RECTIFIER, {"exc": [-3.0, -1.0, 3.0, 2.0]}, start=0.5) == [0, 0, 0, 1]


def test_bounded_and_plain_rectifiers_are_one_neuron():
    assert neuron_of(Relu()) is RECTIFIER
    assert neuron_of(Relu(maximum=6.0)) is RECTIFIER
    assert neuron_of(Relu(slope=0.1)) is not RECTIFIER


def test_a_follower_counts_in_both_directions():
    tanh = neuron_of(Function("tanh"))
    spikes = emitted(tanh, {"exc": [-5.0] * 4 + [5.0] * 12}, theta=0.5)
    # it owes 2 spikes of -.5 a step and can emit one, then counts up again
    assert spikes[:4] == [-1] * 4
    assert set(spikes[8:]) == {1}


def test_joins_follow_their_values():
    inputs = {target_of(0): [0.5] * 64, target_of(1): [-0.25] * 64}
    expected = {Multiply(): -0.125, Maximum(): 0.5, Minimum(): -0.25}
    for layer, value in expected.items():
        total = sum(emitted(joining_neuron(layer, 2), inputs, theta=0.5))
        assert total == round(64 * value / 0.5)
