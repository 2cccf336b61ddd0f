"""Expressions of read-outs: the same parser, with less to read."""

from __future__ import annotations

import pytest

from annconv.errors import EquationError
from annconv.neurons.expressions import Binary, Cast, Name
from annconv.neurons.lone_expressions import parse_condition, parse_expression


def test_a_kind_is_made_of_the_other() -> None:
    known = ("count", "k")
    assert parse_expression("count", known, owner="first", part="score") == Name("count")
    assert parse_expression("count > k", known, owner="first", part="score") == Cast(
        "real", Binary(">", Name("count"), Name("k"))
    )
    assert parse_condition("count", known, owner="first", part="stop") == Cast(
        "bool", Name("count")
    )


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("g_exc", "unknown name 'g_exc'"),
        ("Uniform(0, 1)", "random numbers have no place here"),
        ("mean(count)", "mean() has no place here"),
        ("v", "unknown name 'v'"),
        ("", "the text is empty"),
        ("count count", "'count' is not expected here"),
    ],
)
def test_read_outs_know_less(text: str, what: str) -> None:
    with pytest.raises(EquationError) as caught:
        parse_expression(text, ("count",), owner="spike_count", part="score")
    assert str(caught.value).startswith(f"read-out 'spike_count', score, line 1: {what}")
