"""Random start values: their own for every population and parameter, and always the same."""

from __future__ import annotations

import numpy as np

from annconv.ir.population import Population
from annconv.ir.start_values import random_start
from annconv.neurons.expressions import Draw, Number
from annconv.neurons.neuron import Neuron

NEURON = Neuron(
    parameters="a = Uniform(2, 3) ; b = Uniform(2, 3) ; c = Normal(0, 1) : population ; d = 1",
    equations="v = a + b + c + d",
)


def values(name: str, **given: object):
    arrays = {key: np.asarray(value) for key, value in given.items()}
    return Population(name, (20, 30), NEURON, arrays).parameter_values()


def test_each_neuron_has_its_own_value():
    drawn = values("p")
    assert drawn["a"].shape == (20, 30)
    assert len(np.unique(drawn["a"])) == 600
    assert 2.0 < drawn["a"].min() < 2.01
    assert 2.99 < drawn["a"].max() < 3.0
    assert drawn["c"].shape == drawn["d"].shape == ()


def test_values_depend_on_population_and_parameter_alone():
    first, again, other = values("p"), values("p"), values("q")
    np.testing.assert_array_equal(first["a"], again["a"])
    assert (first["a"] != first["b"]).all()
    assert (first["a"] != other["a"]).all()
    assert first["c"] != other["c"]


def test_given_values_come_first():
    assert values("p", a=5.0)["a"] == 5.0


def test_a_gamma_draw_uses_several_counters():
    gamma = Draw("Gamma", (Number(4.0), Number(1.0)), 0)
    drawn = random_start(gamma, "p", 0, (1000,))
    assert 3.7 < drawn.mean() < 4.3
    assert not drawn.flags.writeable
