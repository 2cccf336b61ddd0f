"""Every form of a neuron becomes text that says the same; what has no form is refused."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from annconv.errors import EquationError
from annconv.neurons.equations import parse_neuron
from annconv.neurons.neuron import Neuron


class Uniform:
    """As ANNarchy's."""

    min, max = -1.0, 2


class Normal:
    """As ANNarchy's."""

    mu, sigma, min, max = 0.5, 2.0, None, None


class Clipped(Normal):
    """One with a limit."""

    min = 0.0


Clipped.__name__ = "Normal"


class Exponential:
    """As ANNarchy's."""

    Lambda, min, max = 4, None, None


def parameter(value: object, **others: object) -> SimpleNamespace:
    return SimpleNamespace(**{"value": value, "locality": "global", "type": "float", **others})


def variable(equation: object, **others: object) -> SimpleNamespace:
    unset = dict.fromkeys(("init", "min", "max", "method"))
    return SimpleNamespace(
        **{"equation": equation, **unset, "locality": "local", "type": "float", **others}
    )


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (10, "a = 10 : population"),
        (-0.1, "a = -0.1 : population"),
        (True, "a = 1 : population"),
        (np.float32(0.5), "a = 0.5 : population"),
        (np.int64(3), "a = 3 : population"),
        (Fraction(1, 4), "a = 0.25 : population"),
        (parameter(3), "a = 3 : population"),
        (parameter(3, type=int), "a = 3 : population, int"),
        (parameter(True, type="bool", locality="local"), "a = 1 : bool"),
        (parameter(0.5, locality="local"), "a = 0.5"),
        (parameter(Uniform(), locality="local"), "a = Uniform(-1.0, 2)"),
        (parameter(Normal(), locality="local"), "a = Normal(0.5, 2.0)"),
        (parameter(Exponential(), locality="local"), "a = Exponential(4)"),
    ],
)
def test_parameters_of_a_dict_belong_to_the_population(value, line):
    assert Neuron(parameters={"a": value}).parameters == line


def test_a_dict_keeps_its_order():
    assert (
        Neuron(parameters={"b": 1, "a": 2}).parameters == "b = 1 : population\na = 2 : population"
    )


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (variable("dv/dt = 1"), "dv/dt = 1"),
        (variable("dv/dt = 1", init=1, min=-2.5, max="top"),
         "dv/dt = 1 : init = 1, min = -2.5, max = top"),
        (variable("v = 1", type=int), "v = 1 : int"),
        (variable("v = 1", type="bool", locality="global"), "v = 1 : population, bool"),
        (variable("dv/dt = 1", method="explicit"), "dv/dt = 1 : explicit"),
    ],
)  # fmt: skip
def test_variables_are_local(entry, line):
    assert Neuron(equations=entry).equations == line
    assert Neuron(equations=["x = 2", entry]).equations == f"x = 2\n{line}"
    assert Neuron(equations=(entry, "x = 2"), reset=["v = 0", "x = 1"]).reset == "v = 0\nx = 1"


def test_all_forms_give_the_same_model():
    text = Neuron(
        parameters="tau = 10.0 : population ; a = 0.5 ; vt = 1 : population",
        equations="dv/dt = (a - v)/tau : init = 0.25, min = -1.0 ; x = v*2",
        spike="v > vt", reset="v = 0 ; x = 1", refractory="2.5",
    )  # fmt: skip
    objects = Neuron(
        parameters={"tau": 10.0, "a": parameter(0.5, locality="local"), "vt": 1},
        equations=[variable("dv/dt = (a - v)/tau", init=0.25, min=-1.0), "x = v*2"],
        spike="v > vt", reset=["v = 0", "x = 1"], refractory=2.5,
    )  # fmt: skip
    assert parse_neuron(objects) == parse_neuron(text)


def test_constants_that_are_read_become_parameters_of_the_population():
    neuron = Neuron(
        parameters={"a": 1},
        equations="v = a*c + n",
        spike="v > top",
        extra_values={
            "c": SimpleNamespace(name="c", value=0.5), "n": 3, "top": 2.0, "unread": "x",
        },
    )  # fmt: skip
    assert neuron.parameters == (
        "a = 1 : population\nc = 0.5 : population\nn = 3 : population\ntop = 2.0 : population"
    )


@pytest.mark.parametrize(
    ("part", "arguments", "what"),
    [
        ("parameters", {"parameters": 3}, "expected text or a dict, received 3"),
        ("parameters", {"parameters": {3: 1}}, "expected names that are text, received 3"),
        ("parameters", {"parameters": {"a": "b"}}, "expected a number for a, received 'b'"),
        ("parameters", {"parameters": {"a": np.ones(2)}}, "expected a number for a, received nda"),
        ("parameters", {"parameters": {"a": parameter(1, locality="semiglobal")}},
         "expected locality 'local' or 'global' of a, received 'semiglobal'"),
        ("parameters", {"parameters": {"a": parameter(1, type="double")}},
         "expected type float, int or bool of a, received 'double'"),
        ("parameters", {"parameters": {"a": parameter(Clipped())}},
         "the distribution of 'a' has a min, which is not supported"),
        ("equations", {"equations": None}, "expected text, a Variable or a list of them, received"),
        ("equations", {"equations": [["v = 1"]]}, "expected text or a Variable, received list"),
        ("equations", {"equations": variable(3)},
         "expected the equation of a Variable as text, received 3"),
        ("equations", {"equations": variable("v = 1", init=Uniform())},
         "expected a number for init of the Variable 'v', received Uniform"),
        ("equations", {"equations": variable("v = 1", locality="semiglobal")},
         "expected locality 'local' or 'global' of the Variable 'v', received 'semiglobal'"),
        ("spike", {"spike": ["v > 1"]}, "expected text, received list"),
        ("reset", {"spike": "v > 1", "reset": 3}, "expected text, a Variable or a list of them"),
        ("refractory", {"refractory": [2]}, "expected a number for the refractory period"),
        ("extra_values", {"extra_values": 3}, "expected a dict of numbers, received 3"),
        ("extra_values", {"equations": "v = c", "extra_values": {"c": "x"}},
         "expected a number for c, received 'x'"),
        ("name", {"name": 3}, "expected text, received 3"),
    ],
)  # fmt: skip
def test_what_has_no_form(part, arguments, what):
    with pytest.raises(EquationError) as caught:
        Neuron(**{"equations": "v = 1", **arguments})
    assert what in str(caught.value)
    assert caught.value.part == part
