"""Statements of a neuron as lines of C++: the one lowering for every neuron and read-out.

What is in scope where the lines stand: `real` (float or double), a `real` for every parameter,
variable and conductance under its `cpp_name`, and `t`, `dt`, `pi`; where the neuron draws random
numbers, `uniform(index)`, a `real` in (0, 1), and `draws`, an annconv::NeuronDraws; a `real` for
every statistic under its `statistic_name`; the header annconv/functions.hpp. The
text keeps the tree of the expression, so that double precision gives the interpreter's numbers bit
for bit (with -ffp-contract=off).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from annconv.codegen.names import cpp_name, statistic_name
from annconv.neurons.expressions import (
    Binary,
    Call,
    Cast,
    Choice,
    Draw,
    Expression,
    Name,
    Negate,
    Not,
    Number,
    Statistic,
    kind,
)

__all__ = [
    "condition_text",
    "cpp_name",
    "expression_text",
    "real_literal",
]

_CHOICE, _OR, _AND, _EQUALITY, _ORDER, _SUM, _PRODUCT, _UNARY, _ATOM = range(9)

_OPERATORS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "or": ("||", _OR),
        "and": ("&&", _AND),
        "==": ("==", _EQUALITY),
        "!=": ("!=", _EQUALITY),
        "<": ("<", _ORDER),
        "<=": ("<=", _ORDER),
        ">": (">", _ORDER),
        ">=": (">=", _ORDER),
        "+": ("+", _SUM),
        "-": ("-", _SUM),
        "*": ("*", _PRODUCT),
        "/": ("/", _PRODUCT),
    }
)

DRAW_METHODS: Mapping[str, str] = MappingProxyType(
    {
        "Normal": "normal",
        "LogNormal": "log_normal",
        "Exponential": "exponential",
        "Gamma": "gamma",
        "DiscreteUniform": "discrete_uniform",
        "Binomial": "binomial",
    }
)
"""Members of annconv::NeuronDraws, by distribution."""


def real_literal(value: float) -> str:
    """A constant of type `real` that reads back bit for bit in double precision."""
    return f"real({value!r})"


def expression_text(expression: Expression) -> str:
    """An expression in C++, of type `real` or `bool` as its kind is.

    Args:
        expression: An expression of a parsed neuron or read-out.
    """
    return _text(expression)[0]


def condition_text(condition: Expression) -> str:
    """A truth value in C++, of type `bool`.

    Raises:
        ValueError: It is a number, which the parser would have cast.
    """
    if kind(condition) != "bool":
        raise ValueError(f"{condition!r} is not a condition")
    return expression_text(condition)


def _text(expression: Expression) -> tuple[str, int]:
    """Text and how strongly its outermost operator binds."""
    match expression:
        case Number(value):
            return real_literal(value), _ATOM
        case Name(name):
            return cpp_name(name), _ATOM
        case Negate(operand):
            return f"-{_operand(operand, _ATOM)}", _UNARY
        case Not(operand):
            return f"!{_operand(operand, _ATOM)}", _UNARY
        case Binary(operator, left, right):
            return _binary_text(operator, left, right)
        case Call(function, arguments):
            space = "" if "::" in function else "annconv::"
            listed = ", ".join(expression_text(argument) for argument in arguments)
            return f"{space}{function}({listed})", _ATOM
        case Choice(condition, then, otherwise):
            parts = (_operand(part, _OR) for part in (condition, then, otherwise))
            return "{} ? {} : {}".format(*parts), _CHOICE
        case Cast("real", operand):
            return f"real({expression_text(operand)})", _ATOM
        case Cast("bool", operand):
            return _binary_text("!=", operand, Number(0.0))
        case Cast(_, operand):
            return f"annconv::trunc({expression_text(operand)})", _ATOM
        case Draw("Uniform", (low, high), index):
            return _draw_text(low, high, index)
        case Draw(distribution, arguments, index):
            listed = ", ".join(expression_text(argument) for argument in arguments)
            return f"real(draws.{DRAW_METHODS[distribution]}({index}, {listed}))", _ATOM
        case Statistic():
            return statistic_name(expression), _ATOM
    raise ValueError(f"no C++ for {expression!r}")


def _binary_text(operator: str, left: Expression, right: Expression) -> tuple[str, int]:
    """Operators associate to the left, so the right operand of an equal one needs parentheses.

    Mixed `&&` and `||` are always set apart, as compilers warn of them otherwise.
    """
    symbol, level = _OPERATORS[operator]
    left_text = _operand(left, _EQUALITY if operator == "or" and _is_and(left) else level)
    right_text = _operand(right, _EQUALITY if operator == "or" else level + 1)
    if isinstance(right, Negate):
        right_text = f"({expression_text(right)})"
    return f"{left_text} {symbol} {right_text}", level


def _is_and(expression: Expression) -> bool:
    return isinstance(expression, Binary) and expression.operator == "and"


def _operand(expression: Expression, level: int) -> str:
    """Text in parentheses unless it binds at least as strongly as `level`."""
    text, binds = _text(expression)
    return text if binds >= level else f"({text})"


def _draw_text(low: Expression, high: Expression, index: int) -> tuple[str, int]:
    """`low + (high - low) * uniform(index)`; between 0 and 1 that is the number itself."""
    if (low, high) == (Number(0.0), Number(1.0)):
        return f"uniform({index})", _ATOM
    width = Binary("-", high, low)
    return f"{_operand(low, _SUM)} + ({expression_text(width)}) * uniform({index})", _SUM
