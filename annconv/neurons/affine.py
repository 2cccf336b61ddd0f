"""Proofs that an expression is `slope * variable + offset`, with numbers for slope and offset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from annconv.neurons.expressions import Binary, Expression, Name, Negate, Number


@dataclass(frozen=True, slots=True)
class Affine:
    """`slope * variable + offset`."""

    slope: float
    offset: float


def affine_form(
    expression: Expression, variable: str, values: Mapping[str, float]
) -> Affine | None:
    """The expression as a function of one variable.

    Args:
        expression: A real expression.
        variable: Name of the variable.
        values: The numbers that other names stand for.
    Returns:
        Slope and offset, or None where the expression is not affine in the variable or reads a name
        without a number.
    """
    match expression:
        case Number(value):
            return Affine(0.0, value)
        case Name(name):
            if name == variable:
                return Affine(1.0, 0.0)
            return Affine(0.0, values[name]) if name in values else None
        case Negate(operand):
            inner = affine_form(operand, variable, values)
            return None if inner is None else Affine(-inner.slope, -inner.offset)
        case Binary(operator, left, right):
            first = affine_form(left, variable, values)
            second = affine_form(right, variable, values)
            return None if first is None or second is None else _combine(operator, first, second)
        case _:
            return None


def _combine(operator: str, left: Affine, right: Affine) -> Affine | None:
    if operator == "+":
        return Affine(left.slope + right.slope, left.offset + right.offset)
    if operator == "-":
        return Affine(left.slope - right.slope, left.offset - right.offset)
    if operator == "*" and left.slope == 0.0:
        return Affine(left.offset * right.slope, left.offset * right.offset)
    if operator == "*" and right.slope == 0.0:
        return Affine(left.slope * right.offset, left.offset * right.offset)
    if operator == "/" and right.slope == 0.0 and right.offset != 0.0:
        return Affine(left.slope / right.offset, left.offset / right.offset)
    return None
