"""Slope and offset of expressions, against the expression itself at several points."""

from __future__ import annotations

import pytest

from annconv.neurons.expressions import Number, names
from annconv.neurons.linear import Affine, affine_form, difference, linear_form, quotient
from annconv.neurons.lone_expressions import parse_expression
from annconv.reference.expressions import evaluate

KNOWN = ("v", "a", "b")


def tree(text):
    return parse_expression(text, KNOWN, owner="test", part="score")


@pytest.mark.parametrize(
    "text",
    [
        "v", "a", "-v", "-a", "a + v", "v + a", "a - v", "v - a", "v - v", "a*v", "v*a*b",
        "(v + a)*b", "b*(a - v)", "v/a", "(v - a)/b", "(a - v)/(a*b)", "2*v - 3*(v + a*v)/b",
        "ite(a > b, v, a)", "ite(a > b, 2, a - 3*v)", "a*exp(b) - v*sin(a)", "-(-(a*(v - 1)))",
    ],
)  # fmt: skip
def test_slope_and_offset_make_the_expression(text):
    expression = tree(text)
    form = linear_form(expression, "v")
    assert form is not None
    assert "v" not in names(form.slope) | names(form.offset)
    for a, b in ((0.5, 2.0), (4.0, -1.25)):
        for v in (0.0, 1.5, -3.0):
            values = {"v": v, "a": a, "b": b}
            slope, offset = evaluate(form.slope, values), evaluate(form.offset, values)
            assert slope * v + offset == pytest.approx(float(evaluate(expression, values)))


@pytest.mark.parametrize(
    "text", ["v*v", "v^2", "a/v", "exp(v)", "ite(v > a, v, a)", "v > a", "abs(v)", "b*v/(a + v)"]
)
def test_what_is_not_linear(text):
    assert linear_form(tree(text), "v") is None


def test_nothing_is_written_that_changes_nothing():
    a = tree("a")
    assert difference(a, Number(0.0)) == a
    assert quotient(a, Number(1.0)) == a
    assert linear_form(tree("v + a"), "v").slope == Number(1.0)


VALUES = {"tau": 20.0, "c": 3.0}


def affine(text: str) -> Affine | None:
    expression = parse_expression(text, ("x", "y", "tau", "c"), owner="test", part="score")
    return affine_form(expression, "x", VALUES)


@pytest.mark.parametrize(
    ("text", "slope", "offset"),
    [
        ("5", 0.0, 5.0),
        ("x", 1.0, 0.0),
        ("-x/tau", -1 / 20, 0.0),
        ("(c - x)/tau", -1 / 20, 3 / 20),
        ("2*x + x*3 - (x - 1)", 4.0, 1.0),
        ("x + 1.0/tau", 1.0, 1 / 20),
    ],
)
def test_linear_in_numbers(text: str, slope: float, offset: float) -> None:
    received = affine(text)
    assert received is not None
    assert received.slope == pytest.approx(slope)
    assert received.offset == pytest.approx(offset)


@pytest.mark.parametrize(
    "text", ["x*x", "1/x", "x/0", "y", "x + y", "exp(x)", "ite(x > 1, x, x)", "ite(c > 1, x, c)"]
)
def test_not_linear_in_numbers(text: str) -> None:
    assert affine(text) is None
