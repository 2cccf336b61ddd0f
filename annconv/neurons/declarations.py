"""Statements of a neuron's text: what is left of the sign, and the flags behind the last colon."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from annconv.distributions import DISTRIBUTIONS
from annconv.errors import EquationError
from annconv.neurons.constants import constant
from annconv.neurons.expressions import Binary, Expression, Name, Number
from annconv.neurons.grammar import (
    CONDUCTANCE,
    FLAGS,
    METHODS,
    REFUSED_FLAGS,
    REFUSED_NAMES,
    RESERVED,
)
from annconv.neurons.linear import ZERO, difference, linear_form, quotient
from annconv.neurons.model import StateVariable
from annconv.neurons.parser import ExpressionParser, Scope, as_real, unknown
from annconv.neurons.tokens import ASSIGNMENTS, Source, Token, statements

TYPES = ("int", "bool")


@dataclass(frozen=True, slots=True)
class Header:
    """A statement whose right-hand side is not read yet.

    Attributes:
        target: The name that is assigned; for `dv/dt` it is `v`.
        ode: Whether it is an ODE.
        operator: "=", "+=", "-=", "*=" or "/=".
        tokens: Right-hand side and flags, ended by an "end" token.
        left: Left-hand side of an ODE that is not solved for its slope, ended by an "end" token;
            the slope is one token in it.
    """

    target: Token
    ode: bool
    operator: str
    tokens: tuple[Token, ...]
    left: tuple[Token, ...] = ()

    @property
    def name(self) -> str:
        """The name that is assigned."""
        return self.target.text


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag, with the tokens behind its `=` where it has a value (ended by an "end" token)."""

    token: Token
    value: tuple[Token, ...] = ()


Flags = Mapping[str, Flag]


def read_headers(source: Source) -> list[Header]:
    """The statements of a text, their left-hand sides understood."""
    return [_header(source, statement) for statement in statements(source)]


def _header(source: Source, tokens: Sequence[Token]) -> Header:
    place = next(
        (index for index, token in enumerate(tokens) if token.is_symbol(*ASSIGNMENTS)), None
    )
    if place is None:
        raise source.error("this assigns nothing", tokens[0], hint="write name = … or dname/dt = …")
    sign, right = tokens[place], tuple(tokens[place + 1 :])
    target, ode, left = _target(source, tokens[:place], sign)
    if ode and sign.text != "=":
        raise source.error(f"an ODE is written with '=', not {sign.text!r}", sign)
    if right[0].kind == "end" or right[0].is_symbol(":"):
        raise source.error(f"nothing stands after {sign.text!r}", sign)
    _check_name(source, target)
    return Header(target, ode, sign.text, right, left)


def _target(
    source: Source, left: Sequence[Token], sign: Token
) -> tuple[Token, bool, tuple[Token, ...]]:
    """The name that the left-hand side assigns, whether it is an ODE, and what is to be solved."""
    if not left:
        raise source.error(f"nothing stands before {sign.text!r}", sign)
    if len(left) == 1 and left[0].kind == "name":
        return left[0], False, ()
    slope = next(
        (
            index
            for index in range(len(left) - 2)
            if left[index].kind == "name"
            and re.match("d.", left[index].text)
            and left[index + 1].is_symbol("/")
            and left[index + 2].text == "dt"
        ),
        None,
    )
    if slope is None:
        raise source.error("the left-hand side must be one name, or dname/dt", left[0])
    derivative = left[slope]
    name = derivative.text[1:]
    target = Token("name", name, derivative.line, derivative.column + 1)
    if len(left) == 3:
        return target, True, ()
    one = Token("name", f"d{name}/dt", derivative.line, derivative.column)
    end = Token("end", "", sign.line, sign.column)
    return target, True, (*left[:slope], one, *left[slope + 3 :], end)


def _check_name(source: Source, token: Token) -> None:
    """Refuse names that no parameter or variable may have."""
    name = token.text
    if name in REFUSED_NAMES or name in RESERVED:
        raise source.error(f"the name {name!r} is reserved", token, hint="choose another name")
    if name.startswith("_") or "__" in name:
        raise source.error(
            f"the name {name!r} does not start with a letter, or holds '__'",
            token,
            hint="choose another name",
        )


def check_conductance(source: Source, header: Header, variable: StateVariable) -> None:
    """Refuse an equation of `g_<target>` that is not a real of each neuron: what arrives is."""
    if not header.name.startswith(CONDUCTANCE):
        return
    if variable.type != "float" or not variable.local:
        kind = variable.type if variable.type != "float" else "population"
        raise source.error(
            f"{header.name!r} takes up what arrives at each neuron, so it cannot be {kind!r}",
            header.target,
            hint=f"drop its flag {kind!r}",
        )


def read_value(source: Source, header: Header, scope: Scope) -> tuple[Expression, Flags]:
    """The right-hand side, an augmented assignment written out, and its flags."""
    parser = ExpressionParser(source, header.tokens, scope)
    value = parser.value()
    flags: Flags = {}
    if parser.token.is_symbol(":"):
        colon = parser.advance()
        flags = _flags(source, colon, parser.rest())
    else:
        parser.finish()
    if header.operator != "=":
        value = Binary(header.operator[0], Name(header.name), as_real(value))
    if header.left:
        value = _solved(source, header, as_real(value), scope)
    return value, flags


def _solved(source: Source, header: Header, right: Expression, scope: Scope) -> Expression:
    """The gradient of an ODE such as `tau*dx/dt + x = a`, which is `(a - x)/tau`."""
    slope = f"d{header.name}/dt"
    parser = ExpressionParser(source, header.left, scope, slope)
    left = as_real(parser.value())
    parser.finish()
    form = linear_form(left, slope)
    if form is None or form.slope == ZERO:
        place = next(token for token in header.left if token.text == slope)
        raise source.error(
            f"this cannot be solved for {slope}, which must be multiplied or added to",
            place,
            hint=f"solve it by hand: {slope} = …",
        )
    return quotient(difference(right, form.offset), form.slope)


def _flags(source: Source, colon: Token, tokens: Sequence[Token]) -> Flags:
    """Flags by name; `tokens` end with an "end" token."""
    found: dict[str, Flag] = {}
    depth, start = 0, 0
    for index, token in enumerate(tokens):
        depth += token.is_symbol("(") - token.is_symbol(")")
        if token.kind == "end" or (token.is_symbol(",") and depth <= 0):
            if index == start:
                raise source.error("a flag is missing", token if index else colon)
            end = Token("end", "", token.line, token.column)
            flag = _flag(source, (*tokens[start:index], end))
            if flag.token.text in found:
                raise source.error(f"the flag {flag.token.text!r} stands twice", flag.token)
            found[flag.token.text] = flag
            start = index + 1
    methods = [name for name in found if name in METHODS]
    if len(methods) > 1:
        raise source.error("an ODE has one method", found[methods[1]].token)
    if "int" in found and "bool" in found:
        raise source.error("a value is either int or bool", found["bool"].token)
    return found


def _flag(source: Source, tokens: Sequence[Token]) -> Flag:
    token, rest = tokens[0], tuple(tokens[1:])
    words = "".join(entry.text for entry in tokens)
    for name, (what, hint) in REFUSED_FLAGS.items():
        if name in (words, token.text):
            raise source.error(what, token, hint=hint)
    if token.text not in FLAGS:
        if token.text == ":":
            raise source.error("a second ':'", token, hint="separate flags by commas")
        raise unknown(source, token, "flag", FLAGS)
    if token.text not in ("init", "min", "max"):
        if rest[0].kind != "end":
            raise source.error(f"the flag {token.text!r} has no value", rest[0])
        return Flag(token)
    if not rest[0].is_symbol("=") or rest[1].kind == "end":
        raise source.error(
            f"the flag {token.text!r} needs a value", token, hint=f"{token.text} = 0.0"
        )
    return Flag(token, rest[1:])


def allow_flags(source: Source, flags: Flags, allowed: Iterable[str], what: str) -> None:
    """Refuse flags that have no meaning for `what`."""
    names = tuple(allowed)
    for name, flag in flags.items():
        if name not in names:
            hint = f"known: {', '.join(names)}" if names else "leave it out"
            raise source.error(f"{what} has no flag {name!r}", flag.token, hint=hint)


def type_of(flags: Flags) -> str:
    """The type that the flags name."""
    return next((name for name in TYPES if name in flags), "float")


def read_number(source: Source, tokens: Sequence[Token], what: str) -> float:
    """Value of an expression of numbers.

    Raises:
        EquationError: It reads a name, or is not finite.
    """
    for token in tokens:
        if token.kind == "name" and token.text not in ("True", "False"):
            raise _not_a_number(source, token, what)
    parser = ExpressionParser(source, tokens, Scope(frozenset(), spiking=False))
    value = constant(parser.value())
    parser.finish()
    if value is None:
        raise source.error(f"{what} is not a finite number", tokens[0])
    return value


def _not_a_number(source: Source, token: Token, what: str) -> EquationError:
    if token.text in DISTRIBUTIONS:
        return source.error(
            f"{what} must be a number: only a parameter as a whole may be random",
            token,
            hint=f"declare a parameter start = {token.text}(…) and name it",
        )
    return source.error(f"{what} must be a number, not {token.text!r}", token)


def read_setting(
    source: Source, flag: Flag, parameters: Iterable[str], others: Iterable[str]
) -> Expression:
    """Value of `init`, `min` or `max`: a number, or the name of a parameter.

    Args:
        source: The text.
        flag: The flag.
        parameters: Names it may be.
        others: Names that exist but are not parameters, for the message.
    """
    first = flag.value[0]
    if first.kind == "name" and flag.value[1].kind == "end" and first.text not in ("True", "False"):
        known = sorted(parameters)
        if first.text in known:
            return Name(first.text)
        if first.text in set(others):
            raise source.error(
                f"{flag.token.text} must be a number or a parameter, not {first.text!r}",
                first,
            )
        raise unknown(source, first, "parameter", known)
    return Number(read_number(source, flag.value, flag.token.text))
