"""Which expressions are numbers, and what they are worth."""

from __future__ import annotations

import pytest

from annconv.neurons.constants import constant
from annconv.neurons.parser import parse_expression


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/2.0", 0.5),
        ("-(3 - 1)*2^3", -16.0),
        ("1000/4 + 1", 251.0),
        ("1/0", None),
        ("10^400", None),
        ("(-8)^0.5", None),
        ("1e300*1e300", None),
        ("a", None),
        ("1 + a", None),
        ("exp(1)", None),
        ("1 < 2", None),
    ],
)
def test_constants(text, expected):
    expression = parse_expression(text, ("a",), owner="mine", part="score")
    assert constant(expression) == expected
