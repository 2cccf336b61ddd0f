"""Expressions that are linear in a name: their slope and what is left without it, as expressions.

Nothing is rewritten: slope and offset are made of the parts that stand in the expression.
"""

from __future__ import annotations

from dataclasses import dataclass

from annconv.neurons.expressions import (
    Binary,
    Choice,
    Expression,
    Name,
    Negate,
    Number,
    names,
)

ZERO, ONE = Number(0.0), Number(1.0)


@dataclass(frozen=True, slots=True)
class Linear:
    """`slope * name + offset`; neither reads the name."""

    slope: Expression
    offset: Expression


def linear_form(expression: Expression, name: str) -> Linear | None:
    """An expression as a linear function of a name.

    Args:
        expression: A real expression.
        name: A variable, or whatever else the expression may read.
    Returns:
        Slope and offset, None where the expression is not linear, or does not show that it is.
    """
    if not reads_directly(expression, name):
        return Linear(ZERO, expression)
    match expression:
        case Name():
            return Linear(ONE, ZERO)
        case Negate(operand):
            inner = linear_form(operand, name)
            return None if inner is None else Linear(_minus(inner.slope), _minus(inner.offset))
        case Choice(condition, then, otherwise) if not reads_directly(condition, name):
            first, second = linear_form(then, name), linear_form(otherwise, name)
            if first is None or second is None:
                return None
            slope = Choice(condition, first.slope, second.slope)
            return Linear(slope, Choice(condition, first.offset, second.offset))
        case Binary("+" | "-" | "*" | "/" as operator, left, right):
            first, second = linear_form(left, name), linear_form(right, name)
            return None if first is None or second is None else _combined(operator, first, second)
        case _:
            return None


def reads_directly(expression: Expression, name: str) -> bool:
    """Whether an expression reads the present value of a name."""
    return name in names(expression, previous=False)


def _combined(operator: str, left: Linear, right: Linear) -> Linear | None:
    """The form of `left operator right`."""
    if operator in ("+", "-"):
        return Linear(
            _sum(operator, left.slope, right.slope), _sum(operator, left.offset, right.offset)
        )
    if operator == "*" and left.slope == ZERO:
        return Linear(_product(left.offset, right.slope), _product(left.offset, right.offset))
    if operator == "*" and right.slope == ZERO:
        return Linear(_product(left.slope, right.offset), _product(left.offset, right.offset))
    if operator == "/" and right.slope == ZERO:
        return Linear(_quotient(left.slope, right.offset), _quotient(left.offset, right.offset))
    return None


def _minus(expression: Expression) -> Expression:
    return ZERO if expression == ZERO else Negate(expression)


def _sum(operator: str, left: Expression, right: Expression) -> Expression:
    if right == ZERO:
        return left
    if left == ZERO:
        return right if operator == "+" else Negate(right)
    return Binary(operator, left, right)


def _product(left: Expression, right: Expression) -> Expression:
    if ZERO in (left, right):
        return ZERO
    if left == ONE:
        return right
    if left == Negate(ONE):
        return Negate(right)
    return left if right == ONE else Binary("*", left, right)


def _quotient(left: Expression, right: Expression) -> Expression:
    return ZERO if left == ZERO else Binary("/", left, right)


def difference(left: Expression, right: Expression) -> Expression:
    """`left - right`, where 0 takes nothing off."""
    return _sum("-", left, right)


def quotient(left: Expression, right: Expression) -> Expression:
    """`left / right`, where 1 changes nothing."""
    return left if right == ONE else Binary("/", left, right)
