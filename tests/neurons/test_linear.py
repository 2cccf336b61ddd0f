"""Slope and offset of expressions, against the expression itself at several points."""

from __future__ import annotations

import pytest

from annconv.neurons.expressions import Number, names
from annconv.neurons.linear import difference, linear_form, quotient
from annconv.neurons.parser import parse_expression
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
