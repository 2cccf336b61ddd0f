"""Numerical methods against closed solutions, their orders, and NumPy's solver."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annconv.neurons.equations import parse_neuron
from annconv.neurons.neuron import Neuron
from annconv.reference.expressions import no_draws
from annconv.reference.integration import growth, increments, solve


def integrated(equations, start, dt, duration):
    """The variables after a time, by repeated steps."""
    (block,) = parse_neuron(Neuron(equations=equations)).update
    scope = {name: np.asarray(value) for name, value in {**start, "dt": dt, "t": 0.0}.items()}
    for _ in range(round(duration / dt)):
        changes = increments(block, scope, no_draws)
        scope |= {name: np.asarray(scope[name] + change) for name, change in changes.items()}
    return [float(scope[name]) for name in start]


def test_exponential_is_exact_for_one_linear_equation():
    (value,) = integrated("dx/dt = (3 - x)/4 : exponential", {"x": 1.0}, 2.0, 10.0)
    assert value == pytest.approx(3.0 - 2.0 * math.exp(-2.5), rel=1e-14)
    (constant,) = integrated("dx/dt = 2 : exponential", {"x": 1.0}, 0.5, 3.0)
    assert constant == 7.0


@pytest.mark.parametrize(
    ("method", "order"),
    [("explicit", 1), ("semiimplicit", 1), ("implicit", 1), ("midpoint", 2), ("rk4", 4)],
)
def test_halving_the_step_shows_the_order_of_a_method(method, order):
    equations = f"dx/dt = -y : {method} ; dy/dt = x : {method}"
    expected = (math.cos(1.0), math.sin(1.0))
    errors = [
        math.dist(integrated(equations, {"x": 1.0, "y": 0.0}, dt, 1.0), expected)
        for dt in (0.05, 0.025)
    ]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.1)


def test_implicit_solves_the_equations_of_the_new_values():
    equations = "dx/dt = 2*y - x + 1 : implicit ; dy/dt = -3*x - y : implicit"
    x, y = integrated(equations, {"x": 0.5, "y": -1.0}, 0.25, 0.25)
    assert x == pytest.approx(0.5 + 0.25 * (2 * y - x + 1), rel=1e-14)
    assert y == pytest.approx(-1.0 + 0.25 * (-3 * x - y), rel=1e-14)


def test_semiimplicit_takes_each_equation_by_itself():
    equations = "dx/dt = y - 3*x : semiimplicit ; dy/dt = x : semiimplicit"
    x, y = integrated(equations, {"x": 2.0, "y": 1.0}, 0.5, 0.5)
    assert x == 2.0 + 0.5 * (1.0 - 3 * 2.0) / (1.0 + 1.5)
    assert y == 1.0 + 0.5 * 2.0


def test_neighbours_of_other_methods_stand_still():
    x, y = integrated("dx/dt = y : rk4 ; dy/dt = x", {"x": 1.0, "y": 2.0}, 0.5, 0.5)
    assert (x, y) == (2.0, 2.5)


def test_growth_near_0():
    assert growth(np.array([0.0, 1e-300, -1e-9])).tolist() == [1.0, 1.0, pytest.approx(1.0)]
    assert growth(np.array(1e4)) == math.inf


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_systems_are_solved_as_numpy_solves_them(count):
    rng = np.random.default_rng(count)
    matrices, right = rng.normal(size=(40, count, count)), rng.normal(size=(40, count))
    matrices[0, 0, 0] = 0.0 if count > 1 else 2.0
    rows = [[*matrices[:, row, :].T, right[:, row]] for row in range(count)]
    received = np.stack(solve(rows), axis=1)
    expected = np.linalg.solve(matrices, right[..., None])[..., 0]
    np.testing.assert_allclose(received, expected, rtol=1e-9)
