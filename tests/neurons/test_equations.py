"""A neuron's text to its model: every form, and every refusal with its place."""

from __future__ import annotations

import pytest

from annconv.neurons.equations import parse_neuron
from annconv.neurons.expressions import (
    Binary,
    Cast,
    Choice,
    Draw,
    Name,
    Negate,
    Not,
    Number,
    Statistic,
)
from annconv.neurons.library import ENCODINGS
from annconv.neurons.model import Assign, Ode, OdeSystem, Parameter, StateVariable
from annconv.neurons.neuron import Neuron

V, U = Name("v"), Name("u")


def parse(**parts):
    return parse_neuron(Neuron(**parts))


def plus(left, right):
    return Binary("+", left, right)


def test_parameters():
    model = parse(
        parameters="""
            a = 1/2.0 : population   # a comment
            b = -(3 - 1)*2^3 ; c = 4 : int
            d = True ; e = 0 : bool, population
            f = 1e-3
        """
    )
    assert model.parameters == (
        Parameter("a", 0.5, local=False),
        Parameter("b", -16.0, local=True),
        Parameter("c", 4.0, local=True, type="int"),
        Parameter("d", 1.0, local=True, type="bool"),
        Parameter("e", 0.0, local=False, type="bool"),
        Parameter("f", 0.001, local=True),
    )
    assert model.parameter("f").value == 0.001
    assert model.parameter("g") is None


def test_neighbouring_odes_form_a_block():
    model = parse(
        equations="""
            dv/dt = u
            du/dt = v
            x = v + u
            dw/dt = x : explicit
        """
    )
    assert model.update == (
        OdeSystem((Ode("v", U), Ode("u", V))),
        Assign("x", plus(V, U)),
        OdeSystem((Ode("w", Name("x")),)),
    )
    assert [entry.name for entry in model.variables] == ["v", "u", "x", "w"]


def test_every_ode_has_a_method():
    model = parse(equations="dv/dt = u : rk4 ; du/dt = -u : min = 0, exponential ; dw/dt = v")
    (block,) = model.update
    assert [entry.method for entry in block.equations] == ["rk4", "exponential", "explicit"]
    assert block.of("rk4") == (Ode("v", U, method="rk4"),)
    assert parse(equations="dv/dt = u*v : implicit ; x = v ; du/dt = v : implicit").update


@pytest.mark.parametrize("operator", ["+", "-", "*", "/"])
def test_augmented_assignments(operator):
    model = parse(equations=f"v {operator}= 2*t + 1")
    value = plus(Binary("*", Number(2.0), Name("t")), Number(1.0))
    assert model.update == (Assign("v", Binary(operator, V, value)),)


def test_flags_of_equations():
    model = parse(
        parameters="low = -1.0 ; high = 3.0 : population ; start = 0.5 ; n = 2 : int",
        equations="""
            dv/dt = g_exc : init = start, min = low, max = 2.5
            k = v : int, init = n, min = -3, max = 7
            on = v > 1 : bool, init = True
            phase = t/10 : population, init = -2.0, max = high
        """,
    )
    v, k, on, phase = model.variables
    assert v == StateVariable("v", Name("start"))
    assert k == StateVariable("k", Name("n"), type="int")
    assert on == StateVariable("on", Number(1.0), type="bool")
    assert phase == StateVariable("phase", Number(-2.0), local=False)
    block, cut, truth, clock = model.update
    assert block == OdeSystem((Ode("v", Name("g_exc"), Name("low"), Number(2.5)),))
    assert cut == Assign("k", Cast("int", V), Number(-3.0), Number(7.0))
    assert truth == Assign("on", Cast("real", Binary(">", V, Number(1.0))))
    assert clock == Assign("phase", Binary("/", Name("t"), Number(10.0)), None, Name("high"))
    assert model.conductances == ("exc",)


def test_a_line_without_an_assignment_continues_the_equation():
    model = parse(equations="dv/dt = t\n  + 1\n  : init = 2.0,\n  min = -1.0\nu = v")
    assert model.update[0] == OdeSystem((Ode("v", plus(Name("t"), Number(1.0)), Number(-1.0)),))
    assert model.variables[0].initial == Number(2.0)


def test_conditionals():
    model = parse(
        parameters="a = 1",
        equations="""
            v = if t > 5: a else: if t > 2: 2*a else: 0 : init = 1.0
            du/dt = if v > 1:
                        a
                    else:
                        -a
        """,
    )
    assert model.variables[0].initial == Number(1.0)
    assert isinstance(model.update[0].value, Choice)
    assert model.update[1].equations[0].gradient == Choice(
        Binary(">", V, Number(1.0)), Name("a"), Negate(Name("a"))
    )


def test_bool_variables_hold_0_or_1():
    model = parse(equations="on = t ; off = not on : bool ; x = on : bool")
    assert model.update[1].value == Cast("real", Not(Cast("bool", Name("on"))))
    assert model.update[2].value == Cast("real", Cast("bool", Name("on")))


def test_conditions_and_resets():
    model = parse(
        parameters="vt = 1 : population",
        equations="dv/dt = g_exc ; x = v",
        spike="v > vt and\n not x",
        reset="v -= vt\n x = 0",
        unspike="v < -vt",
        unreset="v += vt",
        emit="x",
        name="Signed",
    )
    assert model.name == "Signed"
    assert model.spike == Binary(
        "and",
        Binary(">", V, Name("vt")),
        parse(equations="x = 0", spike="not x").spike,
    )
    assert model.reset == (Assign("v", Binary("-", V, Name("vt"))), Assign("x", Number(0.0)))
    assert model.unspike == Binary("<", V, Negate(Name("vt")))
    assert model.unreset == (Assign("v", plus(V, Name("vt"))),)
    assert model.emit == "x"


def test_a_number_as_condition_is_cast():
    assert parse(equations="x = 1", spike="x").spike == Cast("bool", Name("x"))


def test_a_neuron_without_spikes():
    model = parse(equations="v = 1")
    assert (model.spike, model.unspike, model.reset, model.emit) == (None, None, (), None)


def test_a_parameter_that_a_reset_writes_is_a_variable():
    model = parse(
        parameters="sc = 3 : int ; k = 2",
        equations="v = t",
        spike="v > k",
        reset="sc += 1",
    )
    assert model.parameters == (Parameter("k", 2.0, local=True),)
    assert model.variables == (
        StateVariable("v", Number(0.0)),
        StateVariable("sc", Number(3.0), type="int"),
    )
    assert model.reset == (Assign("sc", Cast("int", plus(Name("sc"), Number(1.0)))),)


def test_a_parameter_that_an_equation_writes_is_a_variable():
    model = parse(parameters="n = 4 : population ; m = 5", equations="n = n + 1 ; m = n : min = 0")
    assert model.parameters == ()
    assert model.variables == (
        StateVariable("n", Number(4.0), local=False),
        StateVariable("m", Number(5.0)),
    )


def test_draws_are_counted_over_the_whole_neuron():
    model = parse(
        parameters="top = 2 : population",
        equations="p = Uniform(0, 1) ; q = Uniform(-1, top)",
        spike="Uniform(0, 1) < p",
        reset="p = Uniform(0, 1)",
    )
    assert model.draws == 4
    assert model.update[1].value == Draw("Uniform", (Number(-1.0), Name("top")), 1)
    assert model.spike.left.index == 2
    assert model.reset[0].value.index == 3


def test_conductances_in_order_of_appearance():
    model = parse(equations="dv/dt = g_inh + g_exc", spike="g_mod > 1")
    assert model.conductances == ("inh", "exc", "mod")
    lasting = parse(equations="dg_exc/dt = -g_exc ; v = g_inh")
    assert lasting.conductances == ("inh", "exc")
    assert lasting.variable("g_exc") == StateVariable("g_exc", Number(0.0))


def test_a_parameter_may_look_like_a_conductance():
    assert parse(parameters="g_leak = 0.1", equations="dv/dt = g_leak*v").conductances == ()


@pytest.mark.parametrize(
    ("text", "gradient"),
    [
        ("tau*dx/dt + x = a", "(a - x)/tau"),
        ("tau*dx/dt = a - x", "(a - x)/tau"),
        ("dx/dt + x/tau = a", "a - x/tau"),
        ("dx/dt - x = a", "a - (-x)"),
        ("x + dx/dt*tau*2 = a", "(a - x)/(tau*2)"),
        ("(tau*dx/dt + x)/a = 1", "(1 - x/a)/(tau/a)"),
        ("tau*(x + dx/dt) = 1", "(1 - tau*x)/tau"),
    ],
)
def test_odes_are_solved_for_their_slope(text, gradient):
    received, expected = (
        parse(parameters="tau = 2 ; a = 1", equations=equation).update
        for equation in (text, f"dx/dt = {gradient}")
    )
    assert received == expected


def test_a_negative_slope_divides():
    block = parse(equations="-dx/dt = t").update[0]
    assert block.equations[0].gradient == Binary("/", Name("t"), Negate(Number(1.0)))


def test_random_parameters_are_drawn_by_the_population():
    model = parse(
        parameters="a = Uniform(-1, 2) ; n = Binomial(5, 0.5) : int, population",
        equations="v = a + n : init = a",
    )
    a, n = model.parameters
    assert a.start == Draw("Uniform", (Number(-1.0), Number(2.0)), 0)
    assert (n.start.distribution, n.local, n.type) == ("Binomial", False, "int")
    assert model.draws == 0
    assert model.variables[0].initial == Name("a")


def test_population_wide_numbers_may_be_read_by_variables_of_the_population():
    model = parse(equations="v = t ; m = mean(v) : population ; u = max(v) - max(v)")
    assert model.statistics() == (Statistic("mean", "v"), Statistic("max", "v"))
    assert model.reads() == {"t", "v"}


PLAIN = {
    "parameters": "n = 2 : int ; vt = Uniform(0, 1)",
    "equations": "dv/dt = g_exc + Uniform(0, 1)*n : min = 0 ; s = t : population",
    "spike": "v > vt", "unspike": "v < -1", "reset": "v = ite(v > 2, 1, 0)", "emit": "s",
}  # fmt: skip


def test_what_is_plain():
    assert parse(**PLAIN).is_plain
    assert all(parse_neuron(neuron).is_plain for neuron in ENCODINGS.values())


@pytest.mark.parametrize(
    "parts",
    [
        {"equations": "dv/dt = g_exc ; s = t : int"},
        {"equations": "v = Normal(0, 1) ; s = 1"},
        {"equations": "v = mean(s) ; s = t"},
        {"equations": "dv/dt = 1 : midpoint ; s = 1"},
        {"equations": "v = t_last ; s = 1"},
        {"equations": "v = 1 ; s = 1", "refractory": 2.0, "unspike": None},
        {"equations": "v = 1 ; s = 1 ; dg_exc/dt = -g_exc"},
    ],
)
def test_what_is_not_plain(parts):
    assert not parse(**{**PLAIN, **parts}).is_plain


def test_the_last_spike_is_a_variable_that_a_spike_sets():
    model = parse(equations="v = t - t_last", spike="v > 1", reset="v = 0")
    assert model.variables[1] == StateVariable("t_last", Number(-10000.0))
    assert model.reset == (Assign("v", Number(0.0)), Assign("t_last", Name("t")))
    assert parse(equations="v = t_last").reset == ()


def test_a_neuron_that_waits_keeps_everything_but_conductances():
    model = parse(
        equations="v = 1 ; dg_exc/dt = -g_exc ; du/dt = v",
        spike="u > 1",
        refractory=2.5,
    )
    waits = Binary(">", Name("_refractory"), Number(0.0))
    block = model.update[1]
    assert model.update[0] == Assign("v", Choice(waits, V, Number(1.0)))
    assert block.equations[0] == Ode("g_exc", Negate(Name("g_exc")))
    assert block.equations[1] == Ode("u", Choice(waits, Number(0.0), V))
    assert model.update[2].variable == model.reset[0].variable == "_refractory"
    assert model.parameter("refractory") == Parameter("refractory", 2.5, local=True)
    assert model.conductances == ("exc",)


def test_given_names():
    assert parse(equations="v = t + dt*pi").reads() == {"t", "dt", "pi"}


def test_parsing_twice_gives_the_same_model():
    neuron = Neuron(equations="dv/dt = g_exc", spike="v > 1", reset="v = 0")
    assert parse_neuron(neuron) is parse_neuron(neuron)
