"""What numerical methods ask of an equation, and the expressions they make of it."""

from __future__ import annotations

import pytest

from annconv.neurons.equations import parse_neuron
from annconv.neurons.expressions import Binary, Name, Negate, Number
from annconv.neurons.methods import implicit_matrix, slope_of
from annconv.neurons.model import Ode
from annconv.neurons.neuron import Neuron

V = Name("v")


def test_the_slope_of_a_gradient():
    block = parse_neuron(
        Neuron(parameters="tau = 2", equations="tau*dv/dt + v = t : exponential")
    ).update[0]
    assert slope_of(block.equations[0]) == Binary("/", Negate(Number(1.0)), Name("tau"))


def test_a_slope_needs_a_linear_gradient():
    with pytest.raises(ValueError, match="the gradient of v is not linear in it"):
        slope_of(Ode("v", Binary("*", V, V)))


def test_the_matrix_of_implicit_equations():
    odes = (Ode("v", Binary("*", Name("a"), Name("u"))), Ode("u", V))
    matrix = implicit_matrix(odes)
    one, dt = Number(1.0), Name("dt")
    own = Binary("-", one, Binary("*", dt, Number(0.0)))
    assert matrix == [
        [own, Negate(Binary("*", dt, Name("a")))],
        [Negate(Binary("*", dt, one)), own],
    ]
    assert implicit_matrix((Ode("v", Binary("*", V, Name("u"))), Ode("u", V))) is None
