"""Affine forms against the expressions they stand for."""

from __future__ import annotations

import pytest

from annconv.neurons.affine import Affine, affine_form
from annconv.neurons.parser import parse_expression

VALUES = {"tau": 20.0, "c": 3.0}


def form(text: str) -> Affine | None:
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
def test_affine(text: str, slope: float, offset: float) -> None:
    received = form(text)
    assert received is not None
    assert received.slope == pytest.approx(slope)
    assert received.offset == pytest.approx(offset)


@pytest.mark.parametrize("text", ["x*x", "1/x", "x/0", "y", "x + y", "exp(x)", "ite(x > 1, x, x)"])
def test_not_affine(text: str) -> None:
    assert form(text) is None
