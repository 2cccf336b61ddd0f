"""Values of expressions, against Python's own arithmetic and against C++."""

from __future__ import annotations

import math
import shutil
import subprocess

import numpy as np
import pytest

from annconv.neurons.expressions import (
    FUNCTIONS,
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
)
from annconv.reference.expressions import bounded, evaluate

X, Y = Name("x"), Name("y")
SPECIAL = [0.0, -0.0, 0.5, -0.5, 0.49999999999999994, 1.0, -1.0, 1.5, -2.5, 3.0, 8.0, -8.0, 700.0,
           -700.0, 1e308, -1e308, 5e-324, math.inf, -math.inf, math.nan]  # fmt: skip


def value(expression, **names):
    return evaluate(expression, names)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (Binary("+", X, Y), 5.0),
        (Binary("-", X, Y), -1.0),
        (Binary("*", X, Y), 6.0),
        (Binary("/", X, Y), 2 / 3),
        (Negate(X), -2.0),
        (Binary("<", X, Y), True),
        (Binary("<=", X, X), True),
        (Binary(">", X, Y), False),
        (Binary(">=", X, Y), False),
        (Binary("==", X, Y), False),
        (Binary("!=", X, Y), True),
        (Not(Binary("<", X, Y)), False),
        (Binary("and", Binary("<", X, Y), Binary(">", X, Y)), False),
        (Binary("or", Binary("<", X, Y), Binary(">", X, Y)), True),
        (Choice(Binary("<", X, Y), X, Y), 2.0),
        (Cast("real", Binary("<", X, Y)), 1.0),
        (Cast("bool", X), True),
        (Cast("int", Number(-2.7)), -2.0),
        (Call("clip", (Number(7.0), X, Y)), 3.0),
        (Call("clip", (Number(1.0), X, Y)), 2.0),
        (Call("clip", (Number(2.5), X, Y)), 2.5),
        (Call("positive", (Negate(X),)), 0.0),
        (Call("negative", (Negate(X),)), -2.0),
    ],
)
def test_each_kind_of_node(expression, expected):
    received = value(expression, x=2.0, y=3.0)
    assert received == expected
    assert received.dtype == (np.bool_ if isinstance(expected, bool) else np.float64)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(0.5, 1.0), (-0.5, -1.0), (2.5, 3.0), (0.49999999999999994, 0.0), (-1.4, -1.0), (4e15, 4e15)],
)
def test_round_takes_halves_away_from_zero(number, expected):
    assert value(Call("round", (X,)), x=number) == expected


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [(-1.0, 8.0, -1.0), (9.9, 4.5, 1.0), (-9.0, 4.0, -1.0), (7.0, -4.0, 3.0)],
)
def test_modulo_is_the_remainder_of_the_whole_parts(a, b, expected):
    assert value(Call("modulo", (X, Y)), x=a, y=b) == expected


def test_operations_keep_their_order():
    left = Binary("+", Binary("+", X, Y), Name("z"))
    right = Binary("+", X, Binary("+", Y, Name("z")))
    names = {"x": 1e16, "y": 1.0, "z": 1.0}
    assert value(left, **names) == 1e16
    assert value(right, **names) == 1e16 + 2.0


def test_the_depth_of_a_tree_does_not_matter():
    expression = X
    for _ in range(5000):
        expression = Binary("+", expression, Number(1.0))
    assert value(expression, x=0.0) == 5000.0


def test_what_all_share_stays_one_number():
    shared = Call("pow", (Number(2.0), X))
    assert value(shared, x=np.float64(3.0)).shape == ()
    assert value(Binary("*", shared, Y), x=np.float64(3.0), y=np.ones((2, 4))).shape == (2, 4)


def test_a_draw_lies_between_its_limits():
    draw = Draw("Uniform", (X, Number(5.0)), 0)
    received = evaluate(draw, {"x": 1.0}, lambda _draw, _number: np.array([0.25, 0.75]))
    assert received.tolist() == [2.0, 4.0]


def test_a_draw_of_several_numbers_asks_for_each():
    asked = []

    def numbers(_draw, number):
        asked.append(number)
        return np.array([0.5])

    received = evaluate(Draw("Normal", (X, Number(2.0)), 0), {"x": 1.0}, numbers)
    radius = math.sqrt(-2.0 * math.log(0.5))
    assert received == 1.0 + 2.0 * (radius * math.cos(math.pi))
    assert asked == [0, 1]


def test_a_statistic_is_looked_up():
    assert value(Statistic("mean", "v"), **{"mean(v)": 3.0}) == 3.0


def test_a_draw_needs_random_numbers():
    with pytest.raises(ValueError, match="Uniform is not allowed here"):
        evaluate(Draw("Uniform", (Number(0.0), Number(1.0)), 0), {})


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(None, None, [-3, 0, 3]), (-1, None, [-1, 0, 3]), (None, 2, [-3, 0, 2]), (-1, 2, [-1, 0, 2])],
)
def test_bounds(low, high, expected):
    limits = [None if limit is None else np.float64(limit) for limit in (low, high)]
    assert bounded(np.array([-3.0, 0.0, 3.0]), *limits).tolist() == expected


C_NAMES = {
    "abs": "std::fabs", "positive": "positive", "negative": "negative", "clip": "clip",
    "modulo": "modulo",
}  # fmt: skip

PROGRAM = r"""
#include <cmath>
#include <cstdio>
static double positive(double x) { return x > 0.0 ? x : 0.0; }
static double negative(double x) { return x < 0.0 ? x : 0.0; }
static double clip(double x, double low, double high) {
    return x < low ? low : x > high ? high : x;
}
static double modulo(double a, double b) { return std::fmod(std::trunc(a), std::trunc(b)); }
int main() {
    volatile double a, b, c;
    double x, y, z;
    while (std::scanf("%la %la %la", &x, &y, &z) == 3) {
        a = x; b = y; c = z;
        std::printf("CALLS\n");
    }
}
"""


@pytest.mark.compiles
def test_every_function_is_bit_equal_to_cpp(tmp_path):
    rng = np.random.default_rng(0)
    rows = [(x, y, 1.0) for x in SPECIAL for y in SPECIAL]
    rows += [tuple(row) for row in rng.normal(scale=3.0, size=(300, 3))]
    arguments = np.array(rows)
    calls = {
        name: f"{C_NAMES.get(name, 'std::' + name)}({', '.join('abc'[:count])})"
        for name, count in FUNCTIONS.items()
    }
    printf = " ".join(["%la"] * len(calls)) + r'\n", ' + ", ".join(calls.values()) + ");"
    source = tmp_path / "functions.cpp"
    source.write_text(PROGRAM.replace(r'CALLS\n");', printf))
    program = tmp_path / "functions"
    compiler = shutil.which("c++") or "g++"
    subprocess.run(
        [compiler, "-std=c++17", "-O2", "-ffp-contract=off", source, "-o", program], check=True
    )
    given = "\n".join(" ".join(float(x).hex() for x in row) for row in rows)
    lines = subprocess.run(
        [program], input=given, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    expected = np.array([[float.fromhex(word) for word in line.split()] for line in lines])
    assert expected.shape == (len(rows), len(calls))
    names = {name: arguments[:, column] for column, name in enumerate("abc")}
    for column, (function, count) in enumerate(FUNCTIONS.items()):
        tree = Call(function, tuple(Name(name) for name in "abc"[:count]))
        received = evaluate(tree, names)
        np.testing.assert_array_equal(received, expected[:, column], err_msg=function)
