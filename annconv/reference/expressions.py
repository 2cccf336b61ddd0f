"""Values of expressions, in the order of operations in which they were written.

The results are those of C++ compiled with `-ffp-contract=off`: transcendental functions and `pow`
go through the platform's C library one value at a time, in double precision, because NumPy's own
vector versions may differ from it in the last bit. Values of a population may be single numbers
where all neurons agree; they stay single numbers, so that they cost one call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from annconv.distributions import DISTRIBUTIONS
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
    children,
)
from annconv.reference.fused import fused_multiply_add

Value = NDArray[Any]
"""float64 (or float32) or bool, of a shape that broadcasts onto (N, *geometry)."""

Real = type[np.float64] | type[np.float32]
"""The type of numbers."""

BELOW_ONE = np.float32(1.0 - 2.0**-24)
"""A random number below 1 stays below it in single precision."""

DrawSource = Callable[[Draw, int], Value]
"""Gives uniform number k = 0, 1, 2, … of a draw for every neuron."""


def no_draws(draw: Draw, _number: int) -> Value:
    """For expressions that cannot hold random numbers: bounds, initial values, scores."""
    raise ValueError(f"{draw.distribution} is not allowed here")


def evaluate(
    expression: Expression,
    values: Mapping[str, ArrayLike],
    draws: DrawSource = no_draws,
    real: Real = np.float64,
) -> Value:
    """The value of an expression.

    Args:
        expression: The tree; walked with a loop, so its depth does not matter.
        values: A value for every name it reads, and for every statistic; arrays broadcast together.
        draws: Uniform numbers in (0, 1) for its random draws.
        real: The type in which numbers are kept and added.
    Returns:
        Numbers of that type, or bool for a truth value. Divisions by zero and the like give
        infinity or NaN.
    """
    finished: list[Value] = []
    pending: list[tuple[Expression, bool]] = [(expression, False)]
    with np.errstate(all="ignore"):
        while pending:
            node, parts_done = pending.pop()
            parts = children(node)
            if parts and not parts_done:
                pending.append((node, True))
                pending.extend((part, False) for part in reversed(parts))
                continue
            first = len(finished) - len(parts)
            operands = finished[first:]
            del finished[first:]
            value = _node_value(node, operands, values, draws, real)
            finished.append(value if value.dtype == np.bool_ else value.astype(real, copy=False))
    return finished.pop()


def statistic_name(function: str, variable: str) -> str:
    """What a population-wide number is called among the values of names: no name looks so."""
    return f"{function}({variable})"


def bounded(value: Value, minimum: Value | None, maximum: Value | None) -> Value:
    """`value` raised to `minimum`, then lowered to `maximum`, as C++ compares them."""
    if minimum is not None:
        value = np.where(value < minimum, minimum, value)
    if maximum is not None:
        value = np.where(value > maximum, maximum, value)
    return value


def _node_value(
    node: Expression,
    operands: list[Value],
    values: Mapping[str, ArrayLike],
    draws: DrawSource,
    real: Real,
) -> Value:
    """One node, its parts given."""
    match node:
        case Number(value):
            return np.asarray(value, dtype=real)
        case Name(name):
            return np.asarray(values[name])
        case Negate():
            return np.asarray(-operands[0])
        case Not():
            return np.asarray(~operands[0])
        case Binary(operator=operator):
            return np.asarray(_BINARY[operator](*operands))
        case Call(function=function):
            return np.asarray(_FUNCTIONS[function](*operands))
        case Choice():
            condition, then, otherwise = operands
            return np.where(condition, then, otherwise)
        case Draw(distribution=distribution):
            return _drawn(distribution, operands, lambda number: draws(node, number), real)
        case Statistic(function, variable):
            return np.asarray(values[statistic_name(function, variable)])
        case Cast(to=to):
            return _cast(to, operands[0], real)


def _cast(to: str, value: Value, real: Real) -> Value:
    """A value as another kind."""
    if to == "real":
        return np.asarray(value.astype(real))
    if to == "bool":
        return np.asarray(value != 0)
    return np.asarray(np.trunc(value.astype(real)))


def _drawn(
    distribution: str, arguments: list[Value], numbers: Callable[[int], Value], real: Real
) -> Value:
    """Random numbers: all but uniform ones are made in double precision."""
    sample = DISTRIBUTIONS[distribution].sample
    if real is np.float64:
        return sample(arguments, numbers)
    if distribution == "Uniform":
        return sample(arguments, lambda k: np.minimum(numbers(k).astype(np.float32), BELOW_ONE))
    return sample([argument.astype(np.float64) for argument in arguments], numbers)


def from_libm(
    function: Callable[..., float], limits: Callable[..., Any]
) -> Callable[..., NDArray[np.float64]]:
    """`function` of Python's `math`, which calls the C library, for arrays.

    Python raises where C returns infinity or NaN; there NumPy's `limits` gives C's result, and no
    rounding is involved.
    """

    def one(*arguments: float) -> float:
        try:
            return function(*arguments)
        except (ValueError, OverflowError):
            return float(limits(*arguments))

    vectorised = np.frompyfunc(one, 2 if function is math.pow else 1, 1)

    def many(*arguments: Value) -> NDArray[np.float64]:
        doubles = (np.asarray(argument, dtype=np.float64) for argument in arguments)
        return np.asarray(vectorised(*doubles), dtype=np.float64)

    return many


def _round(value: Value) -> Value:
    """To the nearest whole number, halves away from zero."""
    whole = np.trunc(value)
    away = np.abs(value - whole) >= 0.5
    return np.where(away, whole + np.copysign(1.0, value), whole)


def _modulo(value: Value, divisor: Value) -> Value:
    """Remainder of the whole parts, with the sign of `value`."""
    remainder: Value = np.fmod(np.trunc(value), np.trunc(divisor))
    return remainder


def _clip(value: Value, low: Value, high: Value) -> Value:
    return np.where(value < low, low, np.where(value > high, high, value))


_BINARY: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "+": np.add,
        "-": np.subtract,
        "*": np.multiply,
        "/": np.divide,
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
        "==": np.equal,
        "!=": np.not_equal,
        "and": np.logical_and,
        "or": np.logical_or,
    }
)

_FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "exp": from_libm(math.exp, np.exp),
        "log": from_libm(math.log, np.log),
        "sin": from_libm(math.sin, np.sin),
        "cos": from_libm(math.cos, np.cos),
        "tan": from_libm(math.tan, np.tan),
        "asin": from_libm(math.asin, np.arcsin),
        "acos": from_libm(math.acos, np.arccos),
        "atan": from_libm(math.atan, np.arctan),
        "sinh": from_libm(math.sinh, np.sinh),
        "cosh": from_libm(math.cosh, np.cosh),
        "tanh": from_libm(math.tanh, np.tanh),
        "erf": from_libm(math.erf, np.sign),
        "pow": from_libm(math.pow, np.power),
        "sqrt": np.sqrt,
        "abs": np.abs,
        "floor": np.floor,
        "ceil": np.ceil,
        "round": _round,
        "modulo": _modulo,
        "positive": lambda value: np.where(value > 0.0, value, 0.0),
        "negative": lambda value: np.where(value < 0.0, value, 0.0),
        "clip": _clip,
        "fma": fused_multiply_add,
    }
)
