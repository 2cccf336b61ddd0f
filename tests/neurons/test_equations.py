"""A neuron's text to its model: every form, and every refusal with its place."""

from __future__ import annotations

import pytest

from annconv.errors import EquationError
from annconv.neurons.equations import parse_neuron
from annconv.neurons.expressions import Binary, Cast, Choice, Draw, Name, Negate, Not, Number
from annconv.neurons.model import Assign, Ode, OdeBlock, Parameter, StateVariable
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
        OdeBlock((Ode("v", U), Ode("u", V))),
        Assign("x", plus(V, U)),
        OdeBlock((Ode("w", Name("x")),)),
    )
    assert [entry.name for entry in model.variables] == ["v", "u", "x", "w"]


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
    assert block == OdeBlock((Ode("v", Name("g_exc"), Name("low"), Number(2.5)),))
    assert cut == Assign("k", Cast("int", V), Number(-3.0), Number(7.0))
    assert truth == Assign("on", Cast("real", Binary(">", V, Number(1.0))))
    assert clock == Assign("phase", Binary("/", Name("t"), Number(10.0)), None, Name("high"))
    assert model.conductances == ("exc",)


def test_a_line_without_an_assignment_continues_the_equation():
    model = parse(equations="dv/dt = t\n  + 1\n  : init = 2.0,\n  min = -1.0\nu = v")
    assert model.update[0] == OdeBlock((Ode("v", plus(Name("t"), Number(1.0)), Number(-1.0)),))
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


def test_a_refractory_period_does_not_go_with_emissions_of_minus_1():
    parts = {"equations": "v = 1", "spike": "v > 1", "unspike": "v < 0", "refractory": 2.0}
    check("refractory", "refractory does not say what an emission of -1 does", "", **parts)


def test_given_names():
    assert parse(equations="v = t + dt*pi").reads() == {"t", "dt", "pi"}


def test_parsing_twice_gives_the_same_model():
    neuron = Neuron(equations="dv/dt = g_exc", spike="v > 1", reset="v = 0")
    assert parse_neuron(neuron) is parse_neuron(neuron)


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
    ("a = Uniform(0, 1)", "the parameter 'a' must be a number: random start values", "Uniform"),
    ("a = Normal(0, 1)", "the parameter 'a' must be a number: random start values", "Normal"),
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
    ("tau*dx/dt + x = 1", "ODEs that are not solved for dx/dt are not supported yet", "dx"),
    ("dx/dt + x = 1", "ODEs that are not solved for dx/dt are not supported yet", "dx"),
    ("tau*dx/dt = 1 - x", "ODEs that are not solved for dx/dt are not supported yet", "dx"),
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
    ("v = 1 : init = Uniform(0, 1)", "init must be a number: random start values", "Uniform"),
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
        "w = Uniform(0, 1) : population",
        "'w' belongs to the population, so it cannot be random",
        "Un",
    ),
    ("w = 1 : population, min = a", "'w' belongs to the population, so its min cannot be", "a"),
    ("v = a ; w = v : population", "'w' belongs to the population, so it cannot read 'v'", "v"),
    *(
        (f"dv/dt = 1 : {name}", f"the numerical method '{name}' is not supported yet", name)
        for name in ("exponential", "semiimplicit", "implicit", "midpoint", "rk4")
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
    parameters = "a = 1 ; low = 0 : population ; tau = 2 ; g_leak = 1"
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
