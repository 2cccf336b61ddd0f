"""Helper functions: what they may look like, and every refusal with its place."""

from __future__ import annotations

import pytest

from annconv.errors import EquationError
from annconv.neurons.equations import parse_neuron
from annconv.neurons.neuron import Neuron

FUNCTIONS = "sig(x) = 1/(1 + exp(-x))\nlarger(x, y) = if x > y: x else: sig(y)"


def test_a_call_is_its_body_with_the_arguments():
    by_hand = "v = 1/(1 + exp(-(t - 1))) ; u = ite(v > t, v, 1/(1 + exp(-t)))"
    called = parse_neuron(
        Neuron(functions=FUNCTIONS, equations="v = sig(t - 1) ; u = larger(v, t)")
    )
    assert called.update == parse_neuron(Neuron(equations=by_hand)).update
    as_list = Neuron(functions=FUNCTIONS.split("\n"), equations="v = sig(t - 1) ; u = larger(v, t)")
    assert parse_neuron(as_list) == called


def test_an_argument_is_not_a_variable_of_the_same_name():
    model = parse_neuron(Neuron(functions="twice(v) = 2*v", equations="v = t ; u = twice(v + 1)"))
    assert model.update[1] == parse_neuron(Neuron(equations="v = t ; u = 2*(v + 1)")).update[1]


@pytest.mark.parametrize(
    ("text", "what", "marked"),
    [
        ("f = 2", "this defines no function", "f"),
        ("f(x)", "this defines no function", "f"),
        ("2(x) = x", "this defines no function", "2"),
        ("f(x = x", "the arguments of a function are names in parentheses", "("),
        ("f(x y) = x", "the arguments of a function are names in parentheses", "("),
        ("f() = 1", "the arguments of a function are names in parentheses", "("),
        ("f(2) = 1", "the arguments of a function are names in parentheses", "("),
        ("f(x, x) = x", "two arguments have the same name", "("),
        ("f(t) = t", "the name 't' is reserved", "t"),
        ("exp(x) = x", "the name 'exp' is reserved", "exp"),
        ("_f(x) = x", "the name '_f' is reserved", "_f"),
        ("f(x) = 1\nf(y) = 2", "the function 'f' stands twice", "f"),
        ("f(x) = x + q", "unknown name 'q'", "q"),
        ("f(x) = g(x)\ng(x) = x", "unknown function 'g'", "g"),
        ("f(x) = f(x)", "unknown function 'f'", "f"),
        ("f(x) = Uniform(0, 1)", "random numbers have no place here", "Uniform"),
        ("f(x) = x : init = 1", "':' is not expected here", ":"),
        ("a(x) = x", "'a' is a parameter or variable as well", "a"),
        ("v(x) = x", "'v' is a parameter or variable as well", "v"),
    ],
)
def test_refused(text, what, marked):
    with pytest.raises(EquationError) as caught:
        parse_neuron(Neuron(parameters="a = 1", equations="v = a", functions=text))
    error = caught.value
    assert error.part == "functions"
    assert what in error.what
    assert error.source[error.column : error.column + error.length] == marked
