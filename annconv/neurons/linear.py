"""Expressions that are linear in a name: their slope and what is left without it.

Nothing is rewritten: slope and offset are made of the parts that stand in the expression.
"""

from __future__ import annotations

import operator as arithmetic
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

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
_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {"+": arithmetic.add, "-": arithmetic.sub, "*": arithmetic.mul, "/": arithmetic.truediv}
)


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


@dataclass(frozen=True, slots=True)
class Affine:
    """`slope * name + offset`, both of them numbers."""

    slope: float
    offset: float


def affine_form(expression: Expression, name: str, values: Mapping[str, float]) -> Affine | None:
    """An expression as a linear function of a name, in numbers.

    Args:
        expression: A real expression.
        name: A variable, or whatever else the expression may read.
        values: The numbers that other names stand for.
    Returns:
        Slope and offset, None where there is no linear form, or where one of them reads a name
        without a number or is not made by +, -, * and /.
    """
    form = linear_form(expression, name)
    if form is None:
        return None
    slope, offset = _number(form.slope, values), _number(form.offset, values)
    return None if slope is None or offset is None else Affine(slope, offset)


def _number(expression: Expression, values: Mapping[str, float]) -> float | None:
    """The number that an expression is; None where `affine_form` has none."""
    match expression:
        case Number(value):
            return value
        case Name(name):
            return values.get(name)
        case Negate(operand):
            inner = _number(operand, values)
            return None if inner is None else -inner
        case Binary(operator, left, right) if operator in _ARITHMETIC:
            first, second = _number(left, values), _number(right, values)
            if first is None or second is None or (operator == "/" and second == 0.0):
                return None
            return _ARITHMETIC[operator](first, second)
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
