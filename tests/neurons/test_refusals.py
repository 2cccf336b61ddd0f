"""Every refusal of a neuron's text, with its place."""

from __future__ import annotations

import pytest

from annconv.errors import EquationError
from annconv.neurons.equations import parse_neuron
from annconv.neurons.neuron import Neuron


def parse(**parts):
    return parse_neuron(Neuron(**parts))


RESERVED_NAMES = (
    *("t", "dt", "pi", "t_pre", "t_post", "t_last", "last_spike", "rk_pre", "rk_post"),
    *("i", "j", "active", "refractory", "size", "r", "spike", "spikes", "count"),
    *("exp", "pos", "ite", "Uniform", "Normal", "mean", "max", "and", "if", "True", "nan"),
)

PARAMETERS_REFUSED = [
    ("a = 1 ; a = 2", "the parameter 'a' stands twice", "a"),
    ("a", "this assigns nothing", "a"),
    ("a =", "nothing stands after '='", "="),
    ("a = : int", "nothing stands after '='", "="),
    ("= 1", "nothing stands before '='", "="),
    ("a += 1", "a parameter is written name = number", "a"),
    ("da/dt = 1", "a parameter is written name = number", "a"),
    ("a = 1 ; b = a", "the parameter 'b' must be a number, not 'a'", "a"),
    ("a = 1/0", "the parameter 'a' is not a finite number", "1"),
    ("a = nan", "the parameter 'a' must be a number, not 'nan'", "nan"),
    (
        "a = 2*Uniform(0, 1)",
        "the parameter 'a' must be a number: only a parameter as a whole",
        "Un",
    ),
    ("a = Normal(0, 1) + 1", "a random parameter is one distribution and nothing else", "Normal"),
    ("a = Normal(0, b)", "unknown name 'b'", "b"),
    ("a = Gamma(0, 1)", "alpha of Gamma must be above 0, not 0", "Gamma"),
    ("a = Uniform(0, 1) : int", "Uniform gives no numbers of type int", "Uniform"),
    ("a = Binomial(1, 0.5) : bool", "Binomial gives no numbers of type bool", "Binomial"),
    ("a = 1 2", "'2' is not expected here", "2"),
    ("a = (1", "'(' is never closed", "("),
    ("a = 1 = 2", "'=' assigns, and stands once in an equation", "="),
    ("a = 2.5 : int", "2.5 is not a whole number, as the flag 'int' says", "2.5"),
    ("a = 2 : bool", "2.0 is not True or False, as the flag 'bool' says", "2"),
    ("a = 1 : int, bool", "a value is either int or bool", "bool"),
    ("a = 1 : init = 2", "a parameter has no flag 'init'", "init"),
    ("a = 1 : explicit", "a parameter has no flag 'explicit'", "explicit"),
    ("a = 1 : popluation", "unknown flag 'popluation'. Nearest: 'population'", "popluation"),
    ("a = 1 : int, int", "the flag 'int' stands twice", "int"),
    ("a = 1 : int = 2", "the flag 'int' has no value", "="),
    ("a = 1 :", "a flag is missing", ":"),
    ("a = 1 : int : bool", "the flag 'int' has no value", ":"),
    ("a = 1 : : int", "a second ':'", ":"),
    ("a = 1 : projection", "the flag 'projection' belongs to synapses", "projection"),
    ("a = 1 : postsynaptic", "the flag 'postsynaptic' belongs to synapses", "postsynaptic"),
    ("g_exc = 1", "g_exc is what arrives, so it cannot be a parameter", "g_exc"),
    ("_a = 1", "the name '_a' does not start with a letter, or holds '__'", "_a"),
    ("a__b = 1", "the name 'a__b' does not start with a letter, or holds '__'", "a__b"),
    *((f"{name} = 1", f"the name '{name}' is reserved", name) for name in RESERVED_NAMES),
]

EQUATIONS_REFUSED = [
    ("a + 1", "this assigns nothing", "a"),
    ("v = 1 ; u", "this assigns nothing", "u"),
    ("v =", "nothing stands after '='", "="),
    ("v = : init = 1", "nothing stands after '='", "="),
    ("= v", "nothing stands before '='", "="),
    ("v + u = 1", "the left-hand side must be one name, or dname/dt", "v"),
    ("2 = v", "the left-hand side must be one name, or dname/dt", "2"),
    ("tau/dx/dt = 1", "this cannot be solved for dx/dt, which must be multiplied", "dx/dt"),
    ("dx/dt*dx/dt = 1", "unknown name 'dx'", "dx"),
    ("0*dx/dt = 1 - x", "this cannot be solved for dx/dt", "dx/dt"),
    ("exp(dx/dt) = 1", "this cannot be solved for dx/dt", "dx/dt"),
    ("dx/dt + dv/dt = 1", "unknown name 'dv'", "dv"),
    ("dx/dt + x += 1", "an ODE is written with '=', not '+='", "+="),
    ("v = dv/dt", "unknown name 'dv'", "dv"),
    ("ran = 1", "'ran' is a random parameter, so it cannot be written", "ran"),
    ("v = mean(2*v)", "mean() is taken of one variable of the population", "mean"),
    ("v = norm2(a)", "unknown variable 'a'", "a"),
    ("v = Binomial(low, 2)", "p of Binomial must be between 0 and 1, not 2", "Binomial"),
    ("dv/dt += 1", "an ODE is written with '=', not '+='", "+="),
    ("dt/dt = 1", "the name 't' is reserved", "t"),
    ("v = 1 ; v = 2", "'v' has two equations", "v"),
    ("v = 1 ; dv/dt = 2", "'v' has two equations", "v"),
    ("da/dt = 1", "'a' is a parameter, so it cannot have an ODE", "a"),
    ("v = a = 1", "'=' assigns, and stands once in an equation", "="),
    ("v = q", "unknown name 'q'", "q"),
    ("v = (1", "'(' is never closed", "("),
    ("v = 1)", "')' without '('", ")"),
    ("v = 1 : min", "the flag 'min' needs a value", "min"),
    ("v = 1 : min =", "the flag 'min' needs a value", "min"),
    ("v = 1 : min = 2, max = 1", "min is above max", "min"),
    ("v = 1 : min = t", "min must be a number or a parameter, not 't'", "t"),
    ("v = 1 : init = v", "init must be a number or a parameter, not 'v'", "v"),
    ("v = 1 : min = lwo", "unknown parameter 'lwo'. Nearest: 'low'", "lwo"),
    ("v = 1 : min = 2*low", "min must be a number, not 'low'", "low"),
    ("v = 1 : init = Uniform(0, 1)", "init must be a number: only a parameter as a whole", "Uni"),
    ("v = 1 : init = 1/0", "init is not a finite number", "1"),
    ("v = 1 : init = 1 2", "'2' is not expected here", "2"),
    ("v = 1 : init = 2, init = 3", "the flag 'init' stands twice", "init"),
    ("v = 1 : init = 2,", "a flag is missing", ""),
    ("v = 1 : int, init = 0.5", "0.5 is not a whole number, as the flag 'int' says", "0.5"),
    ("v = 1 : bool, init = 2", "2.0 is not True or False, as the flag 'bool' says", "2"),
    ("v = 1 : int, min = low", "'v' is of type int, 'low' of type float", "low"),
    ("dv/dt = 1 : int", "'v' has an ODE, so it cannot be of type int", "v"),
    ("dv/dt = 1 : bool", "'v' has an ODE, so it cannot be of type bool", "v"),
    ("v = 1 : explicit", "an assignment has no flag 'explicit'", "explicit"),
    ("dv/dt = 1 : event-driven", "the flag 'event-driven' belongs to synapses", "event"),
    ("dv/dt = 1 : unless_refractory", "the flag 'unless_refractory' is not needed", "unless_r"),
    ("v = 1 : fast", "unknown flag 'fast'", "fast"),
    ("a = 1 : init = 2", "'a' is a parameter and starts with its value", "init"),
    ("a = 1 : int", "the flags differ from those of the parameter 'a'", "a"),
    ("a = 1 : population", "the flags differ from those of the parameter 'a'", "a"),
    ("g_exc = 1 : int", "'g_exc' takes up what arrives at each neuron, so it cannot be 'int'", "g"),
    ("g_inh = 1 : population", "'g_inh' takes up what arrives at each neuron, so it cannot", "g_"),
    ("g_leak = 1", "'g_leak' is a parameter, so it cannot take up what arrives", "g_leak"),
    ("t_last = 1", "the name 't_last' is reserved", "t_last"),
    ("w = a : population", "'w' belongs to the population, so it cannot read 'a'", "a"),
    ("w = g_exc : population", "'w' belongs to the population, so it cannot read 'g_exc'", "g_exc"),
    (
        "w = Gamma(1, 1) : population",
        "'w' belongs to the population, so it cannot be random",
        "Gamma",
    ),
    ("w = 1 : population, min = a", "'w' belongs to the population, so its min cannot be", "a"),
    ("v = a ; w = v : population", "'w' belongs to the population, so it cannot read 'v'", "v"),
    ("v = 1 : rk4", "an assignment has no flag 'rk4'", "rk4"),
    ("dv/dt = 1 : rk4, midpoint", "an ODE has one method", "midpoint"),
    (
        "dv/dt = v^2 : exponential",
        "the method 'exponential' needs an equation that is linear",
        "exp",
    ),
    (
        "dv/dt = exp(v) : semiimplicit",
        "the method 'semiimplicit' needs an equation that is",
        "semi",
    ),
    (
        "dv/dt = 1/v : implicit",
        "the method 'implicit' needs equations that are linear in v",
        "impl",
    ),
    (
        "dv/dt = u*v : implicit ; du/dt = 1 : implicit",
        "the method 'implicit' needs equations that are linear in v, u",
        "implicit",
    ),
    (
        "dv/dt = 1 : implicit ; x = 2 ; du/dt = 1 : midpoint",
        "the methods 'implicit' and 'midpoint' cannot be mixed in one neuron",
        "midpoint",
    ),
    (
        "dv/dt = 1 : rk4 ; du/dt = 1 : exponential ; dw/dt = 1 : midpoint",
        "the methods 'rk4' and 'midpoint' cannot be mixed in one neuron",
        "midpoint",
    ),
]

RESETS_REFUSED = [
    ("w = 1", "unknown variable 'w'", "w"),
    ("dv/dt = 1", "an ODE cannot stand in a reset", "v"),
    ("v", "this assigns nothing", "v"),
    ("v = 1 : min = 2", "an assignment at a spike has no flag 'min'", "min"),
    ("low = 1", "a spike of one neuron cannot write 'low', a parameter of the population", "low"),
    ("s = 1", "a spike of one neuron cannot write 's', a variable of the population", "s"),
    ("g_exc = 0", "g_exc is empty after every step anyway", "g_exc"),
    ("v = 1 : unless_refractory", "the flag 'unless_refractory' is not needed", "unless_r"),
]


def check(part, what, marked, **parts):
    with pytest.raises(EquationError) as caught:
        parse(**parts)
    error = caught.value
    assert error.part == part
    assert what in error.what
    found = error.source[error.column : error.column + error.length]
    assert found.startswith(marked) if marked else found == ""


@pytest.mark.parametrize(("text", "what", "marked"), PARAMETERS_REFUSED)
def test_refused_parameters(text, what, marked):
    check("parameters", what, marked, parameters=text)


@pytest.mark.parametrize(("text", "what", "marked"), EQUATIONS_REFUSED)
def test_refused_equations(text, what, marked):
    parameters = "a = 1 ; low = 0 : population ; tau = 2 ; g_leak = 1 ; ran = Normal(0, 1)"
    check("equations", what, marked, parameters=parameters, equations=text)


@pytest.mark.parametrize("part", ["reset", "unreset"])
@pytest.mark.parametrize(("text", "what", "marked"), RESETS_REFUSED)
def test_refused_resets(part, text, what, marked):
    parts = {
        "parameters": "low = 0 : population",
        "equations": "v = 1 ; s = t : population",
        "spike": "v > 1",
        "unspike": "v < 1",
    }
    check(part, what, marked, **parts, **{part: text})


@pytest.mark.parametrize(
    ("part", "text", "what", "marked"),
    [
        ("spike", "v = 1", "'=' assigns, and stands once in an equation", "="),
        ("spike", "", "the text is empty: leave the argument out", ""),
        ("spike", "v > 1 ; v > 2", "one condition or expression is expected here", ";"),
        ("spike", "v > q", "unknown name 'q'", "q"),
        ("spike", "v > 1 : population", "':' is not expected here", ":"),
        ("unspike", "v <", "an expression is missing after '<'", ""),
        ("emit", "w", "unknown variable 'w'", "w"),
        ("emit", "v + 1", "emit names one variable", "v"),
        ("emit", "  ", "the text is empty: leave the argument out", ""),
    ],
)
def test_refused_conditions_and_emissions(part, text, what, marked):
    check(part, what, marked, **{"equations": "v = 1", "spike": "v > 1", part: text})


@pytest.mark.parametrize(
    ("part", "parts", "what"),
    [
        ("reset", {"reset": "v = 0"}, "reset without spike: add spike="),
        ("unreset", {"unreset": "v = 0"}, "unreset without unspike: add unspike="),
        ("unspike", {"unspike": "v < 0"}, "unspike without spike: add spike="),
        ("refractory", {"refractory": 2.0}, "refractory without spike: add spike="),
    ],
)
def test_refused_arguments(part, parts, what):
    with pytest.raises(EquationError, match=what) as caught:
        parse(**{"equations": "v = 1", **parts})
    assert caught.value.part == part


def test_the_message_names_neuron_part_and_line():
    neuron = Neuron(
        name="Adaptive",
        parameters="tau = 10 ; a = 1",
        equations="\n    dv/dt = g_exc - w\n    dw/dt = (a*v - w)/tua\n",
    )
    with pytest.raises(EquationError) as caught:
        parse_neuron(neuron)
    assert str(caught.value) == (
        "neuron 'Adaptive', equations, line 3: unknown name 'tua'. Nearest: 'tau'.\n"
        "        dw/dt = (a*v - w)/tua\n"
        "                          ^^^   known: a, dt, g_exc, pi, t, tau, v, w"
    )


@pytest.mark.parametrize("part", ["parameters", "equations"])
def test_endless_sums_are_refused(part):
    with pytest.raises(EquationError, match="nested more than 100 levels deep"):
        parse(**{part: "a = 1" + " + 1" * 5000})


def test_text_is_never_run_as_python():
    with pytest.raises(EquationError):
        parse(equations="v = __import__('os').getcwd()")
    with pytest.raises(EquationError):
        parse(parameters="a = (lambda: 1)()")


@pytest.mark.parametrize(
    ("text", "what", "marked"),
    [
        ("wiat", "unknown parameter 'wiat'. Nearest: 'wait'", "wiat"),
        ("-1", "the refractory period is below 0", "-"),
        ("1 + wait", "the refractory period must be a number, not 'wait'", "wait"),
        ("", "the text is empty: leave the argument out", ""),
    ],
)
def test_refused_refractory_periods(text, what, marked):
    parts = {"parameters": "wait = 1", "equations": "v = 1", "spike": "v > 1"}
    check("refractory", what, marked, refractory=text, **parts)


def test_a_refractory_period_does_not_go_with_negative_spikes():
    parts = {"equations": "v = 1", "spike": "v > 1", "unspike": "v < 0", "refractory": 2.0}
    check("refractory", "refractory does not say what a negative spike does", "", **parts)
