"""Tokens and statements: places, separators, continued lines."""

from __future__ import annotations

import pytest

from annconv.errors import EquationError
from annconv.neurons.tokens import Source, joined, statements, tokenize


def texts(tokens):
    return [token.text for token in tokens if token.kind != "end"]


def source(text):
    return Source("Test", "equations", text)


def test_tokens_know_their_place():
    tokens = tokenize(source("v = 1\n  u+=2.5e-3"))
    places = [(token.text, token.line, token.column) for token in tokens]
    assert places == [
        ("v", 1, 0),
        ("=", 1, 2),
        ("1", 1, 4),
        ("\n", 1, 5),
        ("u", 2, 2),
        ("+=", 2, 3),
        ("2.5e-3", 2, 5),
        ("", 2, 11),
    ]


@pytest.mark.parametrize("number", ["1", "1.", ".5", "1.5", "1e3", "1E+3", ".5e-3", "007"])
def test_numbers(number):
    assert texts(tokenize(source(number))) == [number]
    assert tokenize(source(number))[0].kind == "number"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a**b^c", ["a", "**", "b", "^", "c"]),
        ("a<=b==c!=d>=e", ["a", "<=", "b", "==", "c", "!=", "d", ">=", "e"]),
        ("x*=-1", ["x", "*=", "-", "1"]),
        ("x=-1", ["x", "=", "-", "1"]),
        ("x # = 2 ; y", ["x"]),
    ],
)
def test_symbols(text, expected):
    assert texts(tokenize(source(text))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1 ; b = 2", ["a=1", "b=2"]),
        ("a = 1\n\n# nothing\nb = 2\n", ["a=1", "b=2"]),
        ("a = 1 +\n  2\nb = 3", ["a=1+2", "b=3"]),
        ("a = 1\n + 2", ["a=1+2"]),
        ("a = if c:\n 1\nelse:\n 2", ["a=ifc:1else:2"]),
        ("a = 1\n : init = 2", ["a=1:init=2"]),
        ("a = 1 : init = 2,\n min = 3", ["a=1:init=2,min=3"]),
        ("a = 1 : init = 2, # note\n min = 3", ["a=1:init=2,min=3"]),
        ("a = b == c\nd = 1", ["a=b==c", "d=1"]),
        ("a = 1 ; -2", ["a=1", "-2"]),
        ("a = 1 ;\n-2", ["a=1", "-2"]),
        ("a = 1 ;", ["a=1"]),
        ("", []),
        (" ;\n; # x", []),
    ],
)
def test_statements(text, expected):
    assert ["".join(texts(statement)) for statement in statements(source(text))] == expected


def test_a_condition_may_take_several_lines():
    assert texts(joined(source("v > 1\n  and u < 2"))) == ["v", ">", "1", "and", "u", "<", "2"]


@pytest.mark.parametrize(
    ("text", "what", "marked", "hint"),
    [
        ("v = u && w", "'&&' is not part of an equation", "&&", "write 'and'"),
        ("v = u & w", "'&' is not part of an equation", "&", "write 'and'"),
        ("v = u || w", "'||' is not part of an equation", "||", "write 'or'"),
        ("v = u | w", "'|' is not part of an equation", "|", "write 'or'"),
        ("v = !u", "'!' is not part of an equation", "!", "write 'not'"),
        ("v = t % 8", "'%' is not part of an equation", "%", "write modulo(a, b)"),
        ("v = 7 // 2", "'//' is not part of an equation", "//", "write floor(a / b)"),
        ("v = pre.mask", "'.' is not part of an equation", ".", "belong to synapses"),
        ("v = [1]", "'[' is not part of an equation", "[", ""),
        ("v = µ", "'µ' is not part of an equation", "µ", ""),
        ("v = 2x", "'2' and 'x' run together", "2", "write '*'"),
        ("v = 1.0f", "'1.0' and 'f' run together", "1.0", "numbers have no suffix"),
        ("v = 1.2.3", "'1.2' and '.' run together", "1.2", ""),
        ("v = 1e400", "1e400 is too large for a number", "1e400", ""),
    ],
)
def test_what_is_no_token(text, what, marked, hint):
    with pytest.raises(EquationError) as caught:
        tokenize(source(text))
    error = caught.value
    assert error.what == what
    assert error.source[error.column : error.column + error.length] == marked
    assert hint in str(error)


def test_the_caret_stands_below_the_place_also_behind_a_tab():
    with pytest.raises(EquationError) as caught:
        tokenize(source("v = 1\n\tu = a % b"))
    lines = str(caught.value).split("\n")
    assert lines[0].startswith("neuron 'Test', equations, line 2:")
    assert lines[1][lines[2].index("^")] == "%"


def test_conditions_are_one_and_not_empty():
    with pytest.raises(EquationError, match="one condition or expression is expected here"):
        joined(source("v > 1 ; u > 2"))
    with pytest.raises(EquationError, match="the text is empty: leave the argument out"):
        joined(source("  # nothing"))
