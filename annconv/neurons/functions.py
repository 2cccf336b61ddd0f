"""Helper functions of a neuron, `sig(x) = 1/(1 + exp(-x))`, written out where they are called."""

from __future__ import annotations

from collections.abc import Sequence

from annconv.neurons.expressions import Function
from annconv.neurons.grammar import GIVEN_NAMES, RESERVED
from annconv.neurons.parser import ExpressionParser, Scope
from annconv.neurons.tokens import Source, Token, statements


def read_functions(source: Source) -> dict[str, Function]:
    """Functions by name; each may call those before it.

    Raises:
        EquationError: One cannot be understood.
    """
    found: dict[str, Function] = {}
    for tokens in statements(source):
        head = tokens[0]
        place = next((i for i, token in enumerate(tokens) if token.is_symbol("=")), None)
        if place is None or place < 2 or head.kind != "name":
            raise source.error(
                "this defines no function", head, hint="write name(x) = …, one function a line"
            )
        _check_name(source, head)
        if head.text in found:
            raise source.error(f"the function {head.text!r} stands twice", head)
        arguments = _arguments(source, tokens[1:place])
        scope = Scope(frozenset((*arguments, *GIVEN_NAMES)), spiking=False, functions=found)
        parser = ExpressionParser(source, tokens[place + 1 :], scope)
        body = parser.value()
        parser.finish()
        found[head.text] = Function(arguments, body)
    return found


def _check_name(source: Source, token: Token) -> None:
    if token.text in RESERVED or token.text.startswith("_") or "__" in token.text:
        raise source.error(f"the name {token.text!r} is reserved", token, hint="choose another")


def _arguments(source: Source, tokens: Sequence[Token]) -> tuple[str, ...]:
    """Names in parentheses."""
    inner, commas = tokens[1:-1:2], tokens[2:-1:2]
    well_formed = (
        len(tokens) >= 3
        and tokens[0].is_symbol("(")
        and tokens[-1].is_symbol(")")
        and len(tokens) % 2 == 1
        and all(token.kind == "name" for token in inner)
        and all(token.is_symbol(",") for token in commas)
    )
    if not well_formed:
        raise source.error("the arguments of a function are names in parentheses", tokens[0])
    for token in inner:
        _check_name(source, token)
    names = tuple(token.text for token in inner)
    if len(set(names)) != len(names):
        raise source.error("two arguments have the same name", tokens[0])
    return names
