"""Expressions: precedence, kinds, functions, and every refusal with its place."""

from __future__ import annotations

import pytest

from annconv.errors import EquationError
from annconv.neurons.expressions import (
    FUNCTIONS,
    Binary,
    Call,
    Cast,
    Choice,
    Draw,
    Function,
    Name,
    Negate,
    Not,
    Number,
    Statistic,
    children,
    kind,
)
from annconv.neurons.parser import (
    MAX_DEPTH,
    MAX_DRAWS,
    ExpressionParser,
    Scope,
)
from annconv.neurons.tokens import Source, joined

KNOWN = frozenset({"a", "b", "c", "x", "tau", "t", "dt", "pi"})


def parse(text, scope=None):
    functions = {"twice": Function(("y",), Binary("*", Number(2.0), Name("y")))}
    known = {"shared": frozenset({"tau"}), "variables": frozenset({"x"}), "functions": functions}
    scope = scope or Scope(KNOWN, **known)
    source = Source("Test", "equations", text)
    parser = ExpressionParser(source, joined(source), scope)
    expression = parser.value()
    parser.finish()
    return expression


def spelled(expression):
    """The tree with every operator in parentheses."""
    match expression:
        case Number(value):
            return f"{value:g}"
        case Name(name):
            return name
        case Negate(operand):
            return f"(-{spelled(operand)})"
        case Not(operand):
            return f"(not {spelled(operand)})"
        case Binary(operator, left, right):
            return f"({spelled(left)} {operator} {spelled(right)})"
        case Cast(to, operand):
            return f"{to}[{spelled(operand)}]"
        case Choice():
            return "ite({}, {}, {})".format(*map(spelled, children(expression)))
        case Call(function, arguments):
            return f"{function}({', '.join(map(spelled, arguments))})"
        case Draw(distribution, arguments, index):
            return f"{distribution}{index}({', '.join(map(spelled, arguments))})"
    raise AssertionError(expression)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", "(a + (b * c))"),
        ("a - b - c", "((a - b) - c)"),
        ("a - (b - c)", "(a - (b - c))"),
        ("a / b * c", "((a / b) * c)"),
        ("a / (b * c)", "(a / (b * c))"),
        ("-a * b", "((-a) * b)"),
        ("a * -b", "(a * (-b))"),
        ("a - -b", "(a - (-b))"),
        ("--a", "(-(-a))"),
        ("+a", "a"),
        ("-a^b", "(-pow(a, b))"),
        ("a^b^c", "pow(a, pow(b, c))"),
        ("a ** b", "pow(a, b)"),
        ("2^-a*b", "(pow(2, (-a)) * b)"),
        ("2^-a^b", "pow(2, (-pow(a, b)))"),
        ("(a + b)^c", "pow((a + b), c)"),
        ("a < b + c", "(a < (b + c))"),
        ("not a < b", "(not (a < b))"),
        ("a < b and b < c or x > 1", "(((a < b) and (b < c)) or (x > 1))"),
        ("a < b or b < c and x > 1", "((a < b) or ((b < c) and (x > 1)))"),
        ("a is b", "(a == b)"),
        ("a is not b", "(a != b)"),
        ("1/2", "(1 / 2)"),
        ("0.02*(0.2*a - b)", "(0.02 * ((0.2 * a) - b))"),
    ],
)
def test_precedence(text, expected):
    assert spelled(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x^2", "(x * x)"),
        ("x**3", "((x * x) * x)"),
        ("x^2.0", "(x * x)"),
        ("pow(x, 2)", "(x * x)"),
        ("power(x, 3)", "((x * x) * x)"),
        ("0.04*x^2", "(0.04 * (x * x))"),
        ("-x^2", "(-(x * x))"),
        ("x^4", "pow(x, 4)"),
        ("x^2.5", "pow(x, 2.5)"),
        ("x^-2", "pow(x, (-2))"),
        ("(a + b)^2", "pow((a + b), 2)"),
        ("2^3", "pow(2, 3)"),
    ],
)
def test_squares_and_cubes_of_names_are_products(text, expected):
    assert spelled(parse(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(a > b) + 1", "(real[(a > b)] + 1)"),
        ("-(a > b)", "(-real[(a > b)])"),
        ("exp(a > b)", "exp(real[(a > b)])"),
        ("(a > b) == (b > c)", "(real[(a > b)] == real[(b > c)])"),
        ("a and b > c", "(bool[a] and (b > c))"),
        ("not a", "(not bool[a])"),
        ("True", "1"),
        ("False or a > b", "(bool[0] or (a > b))"),
        ("ite(a, b > c, 1)", "ite(bool[a], real[(b > c)], 1)"),
        ("(a > b)^2", "pow(real[(a > b)], 2)"),
    ],
)
def test_casts_stand_wherever_kinds_change(text, expected):
    assert spelled(parse(text)) == expected


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("ln(a)", "log(a)"),
        ("fabs(a)", "abs(a)"),
        ("pos(a)", "positive(a)"),
        ("neg(a)", "negative(a)"),
        ("modulo(t - 1, a)", "modulo((t - 1), a)"),
        ("2*modulo(t, 3)", "(2 * modulo(t, 3))"),
        ("clip(a, b, c)", "clip(a, b, c)"),
        *((f"{name}(a)", f"{name}(a)") for name in sorted(FUNCTIONS) if FUNCTIONS[name] == 1),
    ],
)
def test_functions(spelling, expected):
    assert spelled(parse(spelling)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("if a > b: 1 else: 2", "ite((a > b), 1, 2)"),
        ("if a: b else: c", "ite(bool[a], b, c)"),
        ("if a > b: 1 else: if b > c: 2 else: 3", "ite((a > b), 1, ite((b > c), 2, 3))"),
        ("if a > b: if b > c: 2 else: 3 else: 1", "ite((a > b), ite((b > c), 2, 3), 1)"),
        ("if a > b:\n 1\nelse:\n b > c", "ite((a > b), 1, real[(b > c)])"),
    ],
)
def test_choices(text, expected):
    assert spelled(parse(text)) == expected


def test_draws_are_numbered_in_the_order_written():
    scope = Scope(KNOWN, shared=frozenset({"tau"}))
    first = parse("Uniform(0, 1) + Uniform(-1, tau)", scope)
    second = parse("Uniform(1/2, 2^3)", scope)
    assert spelled(first) == "(Uniform0(0, 1) + Uniform1(-1, tau))"
    assert spelled(second) == "Uniform2(0.5, 8)"
    assert scope.draws == 3


def test_a_gamma_draw_takes_several_counters():
    scope = Scope(KNOWN)
    assert spelled(parse("Gamma(1, 2) + Normal(0, 1)", scope)) == "(Gamma0(1, 2) + Normal8(0, 1))"
    assert scope.draws == 9


def test_a_neuron_draws_only_so_many_numbers():
    scope = Scope(KNOWN, draws=MAX_DRAWS - 1)
    assert isinstance(parse("Uniform(0, 1)", scope), Draw)
    with pytest.raises(EquationError, match="a neuron draws more than 65536 numbers a step"):
        parse("Uniform(0, 1)", scope)


def test_population_wide_functions():
    assert parse("norm2(x)") == Statistic("norm2", "x")


def test_own_functions_are_written_out():
    assert spelled(parse("1 + twice(a - b)")) == "(1 + (2 * (a - b)))"
    assert spelled(parse("twice(twice(a > b))")) == "(2 * (2 * real[(a > b)]))"


def test_functions_may_not_grow_without_end():
    square = Function(("y",), Binary("*", Name("y"), Name("y")))
    scope = Scope(KNOWN, functions={"square": square})
    assert kind(parse("square(" * 5 + "a" + ")" * 5, scope)) == "real"
    with pytest.raises(EquationError, match="the expression has over 10000 parts"):
        parse("square(" * 40 + "a" + ")" * 40, scope)


def test_conductances_are_noted_once_in_order():
    scope = Scope(KNOWN)
    assert parse("g_inh - g_exc + g_inh", scope) == Binary(
        "+", Binary("-", Name("g_inh"), Name("g_exc")), Name("g_inh")
    )
    assert scope.conductances == ["inh", "exc"]


REFUSED = [
    ("a + tua", "unknown name 'tua'. Nearest: 'tau'", "tua", "known: a, b, c, dt, g_exc, pi"),
    ("a + qqq", "unknown name 'qqq'", "qqq", "known: a"),
    ("epx(a)", "unknown function 'epx'. Nearest: 'exp'", "epx", "known: Binomial, DiscreteUniform"),
    ("a(b)", "'a' is not a function", "a", "write '*' to multiply"),
    ("exp + 1", "'exp' is a function", "exp", "write exp(…)"),
    ("mean + 1", "'mean' is a function", "mean", "write mean(…)"),
    ("exp(a, b)", "exp() takes 1 argument, received 2", "exp", ""),
    ("pow(a)", "pow() takes 2 arguments, received 1", "pow", ""),
    ("ite(a, b)", "ite() takes 3 arguments, received 2", "ite", ""),
    ("clip()", "clip() takes 3 arguments, received 0", "clip", ""),
    ("Uniform(1)", "Uniform() takes 2 arguments, received 1", "Uniform", ""),
    ("Uniform(0, a)", "the arguments of Uniform are numbers or parameters", "Uniform", "scale"),
    ("Uniform(0, 1/0)", "the arguments of Uniform are numbers or parameters", "Uniform", ""),
    ("Normal(0, a)", "the arguments of Normal are numbers or parameters with", "Normal", "scale"),
    ("Gamma(a, 1)", "the arguments of Gamma are numbers or parameters with", "Gamma", ""),
    ("Gamma(1)", "Gamma() takes 2 arguments, received 1", "Gamma", ""),
    ("Exponential(1, 2)", "Exponential() takes 1 argument, received 2", "Exponential", ""),
    ("Normal(0, -1)", "sigma of Normal must be 0 or more, not -1", "Normal", ""),
    ("LogNormal(0, -1)", "sigma of LogNormal must be 0 or more, not -1", "LogNormal", ""),
    ("Exponential(0)", "rate of Exponential must be above 0, not 0", "Exponential", ""),
    ("Gamma(1, 0)", "beta of Gamma must be above 0, not 0", "Gamma", ""),
    ("Binomial(2.5, 0)", "n of Binomial must be a whole number of 0 or more", "Binomial", ""),
    ("DiscreteUniform(0, 1.5)", "high of DiscreteUniform must be a whole", "DiscreteUniform", ""),
    ("DiscreteUniform(2, 1)", "low of DiscreteUniform is above high: 2", "DiscreteUniform", ""),
    ("mean(a)", "unknown variable 'a'", "a", "known: x"),
    ("norm1(a + 1)", "norm1() is taken of one variable", "norm1", "a variable of its own"),
    ("max(a, b)", "max() is taken of one variable", "max", "ite(a > b, a, b)"),
    ("min(a, b)", "min() is taken of one variable", "min", "ite(a < b, a, b)"),
    ("twice(a, b)", "twice() takes 1 argument, received 2", "twice", ""),
    ("twice + 1", "'twice' is a function", "twice", "write twice(…)"),
    ("last_spike", "last_spike is not supported", "last_spike", "t_last is the time"),
    ("r * 2", "the firing rate r is not supported in equations", "r", "keep a trace"),
    ("refractory", "the refractory period cannot be read", "refractory", "refractory='period'"),
    ("t_pre", "t_pre belongs to synapses, not to neurons", "t_pre", ""),
    ("t_post", "t_post belongs to synapses, not to neurons", "t_post", ""),
    ("nan", "nan is not a number that equations may hold", "nan", ""),
    ("-inf", "inf is not a number that equations may hold", "inf", ""),
    ("g_", "unknown name 'g_'. Nearest: 'g_exc'", "g_", ""),
    ("a < b < c", "comparisons cannot be chained", "<", "write a < b and b < c"),
    ("a = b", "'=' assigns, and stands once in an equation", "=", "'==' compares"),
    ("(a = b)", "'=' assigns, and stands once in an equation", "=", "'==' compares"),
    ("a += b", "'+=' cannot stand within an expression", "+=", ""),
    ("(a + b", "'(' is never closed", "(", ""),
    ("exp(a", "'(' is never closed", "(", ""),
    ("(a b)", "'b' is not expected here", "b", ""),
    ("a + b)", "')' without '('", ")", ""),
    ("a + )", "')' without '('", ")", ""),
    ("a +", "an expression is missing after '+'", "", ""),
    ("a b", "'b' is not expected here", "b", ""),
    ("a * / b", "'/' is not expected here", "/", ""),
    ("a not b", "'not' is not expected here", "not", ""),
    ("a, b", "',' is not expected here", ",", ""),
    ("a + not b", "'not' needs parentheses here", "not", "(not a)"),
    ("1 + if a: b else: c", "'if' must be the whole right-hand side", "if", "ite("),
    ("if a: b", "'if' without 'else'", "if", "if c: a else: b"),
    ("if a b else: c", "':' must follow the condition of 'if'", "if", ""),
    ("if a: b else c", "':' must follow 'else'", "else", ""),
]


@pytest.mark.parametrize(("text", "what", "marked", "hint"), REFUSED)
def test_refused(text, what, marked, hint):
    with pytest.raises(EquationError) as caught:
        parse(text)
    error = caught.value
    assert what in error.what
    assert error.source[error.column : error.column + error.length] == marked
    assert hint in str(error)


def test_the_message_shows_place_and_names():
    with pytest.raises(EquationError) as caught:
        parse("(a*b - c)/tua", Scope(frozenset({"a", "b", "c", "tau"})))
    assert str(caught.value) == (
        "neuron 'Test', equations, line 1: unknown name 'tua'. Nearest: 'tau'.\n"
        "    (a*b - c)/tua\n"
        "              ^^^   known: a, b, c, g_exc, tau"
    )


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000 + "a" + ")" * 5000,
        "-" * 5000 + "a",
        "not " * 5000 + "a",
        "a" + "^a" * 5000,
        "a" + " + a" * 5000,
        "exp(" * 5000 + "a" + ")" * 5000,
        "if a: " * 5000,
        "Uniform(0, 1" + " + 1" * 5000 + ")",
        "if a: 1 else: " * 5000 + "1",
    ],
)
def test_deep_nesting_is_refused_without_exhausting_the_stack(text):
    with pytest.raises(EquationError, match=f"nested more than {MAX_DEPTH} levels deep"):
        parse(text)


def test_sensible_nesting_is_accepted():
    assert parse("(" * 90 + "a" + ")" * 90) == Name("a")
    assert kind(parse("a" + " + a" * 90)) == "real"
