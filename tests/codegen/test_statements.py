"""C++ text of expressions and statements: its form, and what it computes once compiled."""

from __future__ import annotations

import math
import os
import random
import subprocess
from pathlib import Path

import pytest

from annconv.build.toolchain import locate_compiler
from annconv.codegen.emission import emission_lines
from annconv.codegen.statements import (
    condition_text,
    expression_text,
    real_literal,
)
from annconv.codegen.updates import update_lines
from annconv.neurons.equations import parse_neuron
from annconv.neurons.expressions import (
    Binary,
    Call,
    Cast,
    Choice,
    Draw,
    Name,
    Negate,
    Not,
    Number,
    Statistic,
    kind,
)
from annconv.neurons.library import HIDDEN
from annconv.neurons.lone_expressions import parse_condition, parse_expression
from annconv.neurons.model import OdeSystem
from annconv.neurons.neuron import Neuron
from annconv.resources import resource_folder

KNOWN = ("a", "b", "c", "double")


def printed(text):
    return expression_text(parse_expression(text, KNOWN, owner="test", part="score"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + b * c", "a + b * c"),
        ("(a + b) * c", "(a + b) * c"),
        ("a + (b + c)", "a + (b + c)"),
        ("(a + b) + c", "a + b + c"),
        ("a * (b * c)", "a * (b * c)"),
        ("a - (b - c)", "a - (b - c)"),
        ("a / (b / c)", "a / (b / c)"),
        ("a / b / c", "a / b / c"),
        ("a - -b", "a - (-b)"),
        ("--a", "-(-a)"),
        ("-(a + b)", "-(a + b)"),
        ("-a * b", "-a * b"),
        ("-(a * b)", "-(a * b)"),
        ("1/2", "real(1.0) / real(2.0)"),
        ("0.04*a^2", "real(0.04) * (a * a)"),
        ("a^4", "annconv::pow(a, real(4.0))"),
        ("double + 1", "double_ + real(1.0)"),
        ("2*modulo(a, b)", "real(2.0) * annconv::modulo(a, b)"),
        ("positive(a) + negative(b)", "annconv::positive(a) + annconv::negative(b)"),
        ("clip(a, 0, 1)", "annconv::clip(a, real(0.0), real(1.0))"),
        ("ln(a) + fabs(b)", "annconv::log(a) + annconv::abs(b)"),
        ("ite(a > b, 1, 2)", "a > b ? real(1.0) : real(2.0)"),
        ("ite(a > b, 1, 2) + 1", "(a > b ? real(1.0) : real(2.0)) + real(1.0)"),
        (
            "ite(ite(a, b, c), 1, 2)",
            "(a != real(0.0) ? b : c) != real(0.0) ? real(1.0) : real(2.0)",
        ),
        ("(a > b) + 1", "real(a > b) + real(1.0)"),
    ],
)
def test_expressions(text, expected):
    assert printed(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > b and b < c", "a > b && b < c"),
        ("a > b or b < c and c > 1", "a > b || (b < c && c > real(1.0))"),
        ("a > b and b < c or c > 1", "(a > b && b < c) || c > real(1.0)"),
        ("(a > b or b < c) and c > 1", "(a > b || b < c) && c > real(1.0)"),
        ("a or (b or c)", "a != real(0.0) || (b != real(0.0) || c != real(0.0))"),
        ("not a", "!(a != real(0.0))"),
        ("not (a > b)", "!(a > b)"),
        ("(a > b) == (b > c)", "real(a > b) == real(b > c)"),
        ("a is not b", "a != b"),
    ],
)
def test_conditions(text, expected):
    assert condition_text(parse_condition(text, KNOWN, owner="test", part="stop")) == expected


def test_a_number_is_no_condition():
    with pytest.raises(ValueError, match="is not a condition"):
        condition_text(Name("a"))


def test_draws():
    unit = Draw("Uniform", (Number(0.0), Number(1.0)), 2)
    assert expression_text(unit) == "uniform(2)"
    assert expression_text(Draw("Uniform", (Name("a"), Number(1.0)), 0)) == (
        "a + (real(1.0) - a) * uniform(0)"
    )
    assert expression_text(Draw("Gamma", (Name("a"), Number(2.0)), 3)) == (
        "real(draws.gamma(3, a, real(2.0)))"
    )
    assert expression_text(Statistic("mean", "class")) == "_mean_class"
    scaled = Binary("*", Draw("Uniform", (Number(-1.0), Name("b")), 1), Name("a"))
    assert expression_text(scaled) == "(real(-1.0) + (b - real(-1.0)) * uniform(1)) * a"


@pytest.mark.parametrize("value", [0.1, 1.0, -2.0, 1e16, 5e-324, 1.7976931348623157e308, 1 / 3])
def test_literals_read_back(value):
    text = real_literal(value)
    assert float(text.removeprefix("real(").removesuffix(")")) == value
    assert "." in text or "e" in text


def test_update_and_emission_lines():
    model = parse_neuron(HIDDEN["IaF"])
    assert update_lines(model) == [
        "const real dv_dt = g_exc;",
        "const real dmask_dt = -mask / mask_tau;",
        "v += dt * dv_dt;",
        "if (v < real(-2.0)) v = real(-2.0);",
        "mask += dt * dmask_dt;",
    ]
    assert emission_lines(model) == [
        "const bool spiked = v > vt;",
        "const real v_spiked = vr;",
        "const real mask_spiked = mask + real(1.0) / mask_tau;",
        "v = spiked ? v_spiked : v;",
        "mask = spiked ? mask_spiked : mask;",
    ]


def test_names_never_collide():
    model = parse_neuron(
        Neuron(
            parameters="dv_dt = 1 ; new = 2 : int",
            equations="dv/dt = dv_dt + new ; n = v : int, max = new",
        )
    )
    assert update_lines(model) == [
        "const real dv_dt_ = dv_dt + new_;",
        "v += dt * dv_dt_;",
        "n = annconv::trunc(v);",
        "if (n > new_) n = new_;",
    ]


# What the text computes ------------------------------------------------------------------------


def whole(function, x):
    """A rounding function of Python on floats, the sign of zero kept as C keeps it."""
    return math.copysign(float(function(x)), x) if math.isfinite(x) else x


def away(x):
    """Round with halves away from zero."""
    inner = whole(math.trunc, x)
    return inner + math.copysign(1.0, x) if abs(x - inner) >= 0.5 else inner


def remainder(a, b):
    """C's fmod of the integer parts."""
    if not math.isfinite(a) or math.isnan(b) or abs(b) < 1:
        return math.nan
    return math.fmod(whole(math.trunc, a), whole(math.trunc, b))


def clip(x, low, high):
    """As the comparisons of C++ decide, also for NaN."""
    return low if x < low else min(x, high)


SCALARS = {
    "exp": math.exp,
    "log": lambda x: math.log(x) if x > 0 else (-math.inf if x == 0 else math.nan),
    "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
    "tanh": math.tanh,
    "erf": math.erf,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": math.asin,
    "acos": math.acos,
    "atan": math.atan,
    "sinh": math.sinh,
    "cosh": math.cosh,
    "pow": math.pow,
    "abs": abs,
    "floor": lambda x: whole(math.floor, x),
    "ceil": lambda x: whole(math.ceil, x),
    "round": away,
    "modulo": remainder,
    "positive": lambda x: x if x > 0 else 0.0,
    "negative": lambda x: x if x < 0 else 0.0,
    "clip": clip,
}


def quotient(a, b):
    if b == 0:
        return (
            math.nan
            if a == 0 or math.isnan(a)
            else math.copysign(math.inf, a) * (math.copysign(1.0, b))
        )
    return a / b


BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": quotient,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
}


def value(expression, values):
    """The expression's value by Python's own arithmetic."""
    match expression:
        case Number(number):
            return number
        case Name(name):
            return values[name]
        case Negate(operand):
            return -value(operand, values)
        case Not(operand):
            return not value(operand, values)
        case Binary(operator, left, right):
            return BINARY[operator](value(left, values), value(right, values))
        case Call(function, arguments):
            return SCALARS[function](*(value(argument, values) for argument in arguments))
        case Choice(condition, then, otherwise):
            return value(then if value(condition, values) else otherwise, values)
        case Cast("real", operand):
            return float(value(operand, values))
        case Cast("bool", operand):
            return value(operand, values) != 0
        case Cast(_, operand):
            return whole(math.trunc, value(operand, values))
        case Draw(_, (low, high), index):
            bottom, top = value(low, values), value(high, values)
            return bottom + (top - bottom) * UNIFORM[index]
    raise AssertionError(expression)


UNIFORM = (0.25, 0.71828, 0.0009765625)
INPUTS = [
    {"a": 0.3, "b": -1.7, "c": 2.5, "double": 0.1},
    {"a": -0.5, "b": 0.0, "c": 1e-3, "double": 3.0},
    {"a": 7.25, "b": -3.0, "c": 0.7, "double": -1e6},
]
EXACT = ("abs", "floor", "ceil", "round", "positive", "negative", "modulo", "clip")
"""Functions whose values every C library agrees on to the last bit."""


def random_tree(rng, depth, wanted="real"):
    """A well-formed expression of the wanted kind."""
    if wanted == "bool":
        choice = rng.randrange(5) if depth > 0 else 0
        if choice == 1:
            return Not(random_tree(rng, depth - 1, "bool"))
        if choice in (2, 3):
            sides = [random_tree(rng, depth - 1, "bool") for _ in range(2)]
            return Binary(rng.choice(("and", "or")), *sides)
        if choice == 4:
            return Cast("bool", random_tree(rng, depth - 1))
        sides = [random_tree(rng, depth - 1) for _ in range(2)]
        return Binary(rng.choice(("<", "<=", ">", ">=", "==", "!=")), *sides)
    choice = rng.randrange(10) if depth > 0 else rng.randrange(2)
    if choice == 0:
        return Number(rng.choice((0.0, 1.0, 2.0, -3.0, 0.04, 1e-7, rng.uniform(-9, 9))))
    if choice == 1:
        return Name(rng.choice(KNOWN))
    if choice == 2:
        return Negate(random_tree(rng, depth - 1))
    if choice == 3:
        function = rng.choice(EXACT)
        count = {"modulo": 2, "clip": 3}.get(function, 1)
        return Call(function, tuple(random_tree(rng, depth - 1) for _ in range(count)))
    if choice == 4:
        parts = [random_tree(rng, depth - 1) for _ in range(2)]
        return Choice(random_tree(rng, depth - 1, "bool"), *parts)
    if choice == 5:
        to = rng.choice(("real", "int"))
        return Cast(to, random_tree(rng, depth - 1, "bool" if to == "real" else "real"))
    if choice == 6:
        limits = tuple(
            rng.choice((Number(0.0), Number(1.0), Number(-2.5), Name("a"))) for _ in "ab"
        )
        return Draw("Uniform", limits, rng.randrange(len(UNIFORM)))
    return Binary(rng.choice("+-*/"), *(random_tree(rng, depth - 1) for _ in range(2)))


def compile_and_run(folder: Path, body: str) -> list[str]:
    """Compile `body` (functions) and its `void run()`; what it prints, line by line."""
    text = (
        "#include <cmath>\n#include <cstdint>\n#include <cstdio>\n"
        '#include "annconv/functions.hpp"\n'
        "using real = REAL;\n"
        "[[maybe_unused]] static real uniform(std::uint32_t draw) {\n"
        f"    const real numbers[] = {{{', '.join(map(real_literal, UNIFORM))}}};\n"
        "    return numbers[draw];\n}\n" + body + "\nint main() { run(); }\n"
    )
    source, program = folder / "test.cpp", folder / "test"
    source.write_text(text, encoding="utf-8")
    compiler = locate_compiler(None, os.environ)
    assert compiler is not None
    command = [
        str(compiler),
        "-std=c++17",
        "-Wall",
        "-Wextra",
        "-Wconversion",
        "-Werror",
        "-ffp-contract=off",
        f"-I{resource_folder('cpp') / 'include'}",
        str(source),
    ]
    for extra in (["-DREAL=float", "-fsyntax-only"], ["-DREAL=double", "-O1", "-o", str(program)]):
        done = subprocess.run([*command, *extra], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    shown = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    return shown.stdout.splitlines()


def expression_program(expressions):
    """Functions f0, f1, … of the inputs, and a `run` that prints all of them for every input."""
    arguments = ", ".join(f"[[maybe_unused]] real {n}" for n in ("a", "b", "c", "double_"))
    functions = [
        f"static real f{index}({arguments}) {{ return "
        + (f"real({expression_text(tree)})" if kind(tree) == "bool" else expression_text(tree))
        + "; }"
        for index, tree in enumerate(expressions)
    ]
    table = ",\n".join(
        "{" + ", ".join(real_literal(row[name]) for name in KNOWN) + "}" for row in INPUTS
    )
    calls = "\n".join(
        f'std::printf("%a\\n", double(f{index}(x[0], x[1], x[2], x[3])));'
        for index in range(len(expressions))
    )
    run = (
        f"void run() {{\n    static volatile real inputs[][4] = {{{table}}};\n"
        f"    for (auto& x : inputs) {{\n{calls}\n    }}\n}}"
    )
    return "\n".join((*functions, run))


def same(received, expected):
    return received == expected or (math.isnan(received) and math.isnan(expected))


@pytest.mark.compiles
def test_random_expressions_compute_what_python_computes(tmp_path):
    rng = random.Random(20260101)  # noqa: S311
    trees = [random_tree(rng, 4, rng.choice(("real", "bool"))) for _ in range(250)]
    lines = compile_and_run(tmp_path, expression_program(trees))
    received = [float.fromhex(line) for line in lines]
    expected = [float(value(tree, row)) for row in INPUTS for tree in trees]
    assert len(received) == len(expected)
    for index, (got, wanted) in enumerate(zip(received, expected, strict=True)):
        tree = trees[index % len(trees)]
        assert same(got, wanted), f"{expression_text(tree)}: {got!r} instead of {wanted!r}"


@pytest.mark.compiles
def test_functions_compute_what_python_computes(tmp_path):
    unit = (
        "exp",
        "sin",
        "cos",
        "tan",
        "asin",
        "acos",
        "atan",
        "sinh",
        "cosh",
        "tanh",
        "erf",
        "log",
        "sqrt",
    )
    texts = [f"{name}(abs(c)/3)" for name in unit]
    texts += [f"{name}(a)" for name in ("floor", "ceil", "round", "abs", "pos", "neg")]
    texts += ["modulo(b, 2)", "modulo(a*3, b)", "clip(b, -1, a)", "pow(c, a)", "c^4", "2^-a"]
    texts += ["a^2", "b^3", "round(2.5) + round(-2.5) + round(0.49999999999999994)"]
    trees = [parse_expression(text, KNOWN, owner="test", part="score") for text in texts]
    lines = compile_and_run(tmp_path, expression_program(trees))
    received = [float.fromhex(line) for line in lines]
    expected = [float(value(tree, row)) for row in INPUTS for tree in trees]
    for index, (got, wanted) in enumerate(zip(received, expected, strict=True)):
        text = texts[index % len(texts)]
        # The C library behind Python's may be another one than the compiler's constant folding.
        close = math.isclose(got, wanted, rel_tol=1e-15, abs_tol=0.0)
        assert close or same(got, wanted), f"{text}: {got!r} instead of {wanted!r}"


NEURON = Neuron(
    parameters="tau = 7.5 ; low = -0.3 ; new = 2 : int ; seen = 0",
    equations="""
        dv/dt = (g_exc - v)/tau + 0.1*u : min = low, max = 1.5
        du/dt = -u/tau + v*v : init = 0.25
        class = v*10 : int, min = -2, max = new
        on = v > u or class >= 1 : bool
        w += if on: v else: -u/2
    """,
    spike="v > 0.2 and not (class == 0)",
    reset="v -= 0.5 ; seen += 1 ; class = 0.9",
)


def python_steps(model, inputs):
    """The neuron's variables after each step, by Python's own arithmetic."""
    values = {entry.name: entry.value for entry in model.parameters}
    values |= {entry.name: value(entry.initial, values) for entry in model.variables}
    values["dt"] = 0.5

    def keep(entry, new):
        for bound, below in ((entry.minimum, True), (entry.maximum, False)):
            if bound is not None:
                limit = value(bound, values)
                new = limit if (new < limit if below else new > limit) else new
        values[entry.variable] = new

    for g_exc in inputs:
        values["g_exc"] = g_exc
        for statement in model.update:
            if isinstance(statement, OdeSystem):
                slopes = [value(entry.gradient, values) for entry in statement.equations]
                for entry, slope in zip(statement.equations, slopes, strict=True):
                    keep(entry, values[entry.variable] + values["dt"] * slope)
            else:
                keep(statement, value(statement.value, values))
        if value(model.spike, values):
            for entry in model.reset:
                keep(entry, value(entry.value, values))
        yield [values[entry.name] for entry in model.variables]


@pytest.mark.compiles
def test_a_neurons_steps_are_bit_equal(tmp_path):
    model = parse_neuron(NEURON)
    inputs = [3.0 * math.sin(step * step) * (step % 7 > 1) for step in range(60)]
    state = [
        f"real {name} = {real_literal(start)};"
        for name, start in [
            *(
                (f"{entry.name}_" if entry.name == "new" else entry.name, entry.value)
                for entry in model.parameters
            ),
            *(
                (f"{entry.name}_" if entry.name == "class" else entry.name, entry.initial.value)
                for entry in model.variables
            ),
        ]
    ]
    shown = "".join(
        f'std::printf("%a ", double({name}));' for name in ("v", "u", "class_", "on", "w", "seen")
    )
    body = "\n".join(
        [
            "void run() {",
            "const real dt = real(0.5);",
            *state,
            f"const real arriving[] = {{{', '.join(map(real_literal, inputs))}}};",
            "for (const real g_exc : arriving) {",
            *update_lines(model),
            *emission_lines(model),
            f'{shown}\nstd::printf("\\n");\n}}\n}}',
        ]
    )
    received = [
        [float.fromhex(word) for word in line.split()] for line in compile_and_run(tmp_path, body)
    ]
    assert [entry.name for entry in model.variables] == ["v", "u", "class", "on", "w", "seen"]
    assert received == list(python_steps(model, inputs))
    assert received[-1][-1] > 1  # it spiked
