"""One step of neighbouring ODEs, by any method of `annconv/neurons/methods.py`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from annconv.neurons.expressions import Expression
from annconv.neurons.methods import TOGETHER, implicit_matrix, left_over, slope_of, times_step
from annconv.neurons.model import Ode, OdeSystem
from annconv.reference.expressions import DrawSource, Value, evaluate, from_libm

_expm1 = from_libm(math.expm1, np.expm1)


def increments(
    system: OdeSystem, scope: Mapping[str, Value], draws: DrawSource
) -> dict[str, Value]:
    """By how much a step changes every variable of a system.

    Args:
        system: The ODEs; all read the values of `scope`.
        scope: A value for every name.
        draws: Random numbers of the step.
    """
    changes: dict[str, Value] = {}
    with np.errstate(all="ignore"):
        for ode in system.equations:
            if ode.method not in TOGETHER:
                changes[ode.variable] = _alone(ode, scope, draws)
        changes |= _implicit(system.of("implicit"), scope, draws)
        changes |= _midpoint(system.of("midpoint"), scope, draws)
        changes |= _runge_kutta(system.of("rk4"), scope, draws)
    return changes


def growth(exponent: Value) -> Value:
    """(exp(x) - 1)/x, which is 1 at 0."""
    with np.errstate(all="ignore"):
        grown = _expm1(exponent).astype(exponent.dtype)
        return np.where(exponent == 0.0, exponent.dtype.type(1.0), grown / exponent)


def solve(rows: Sequence[Sequence[Value]]) -> list[Value]:
    """Solutions of systems of linear equations, by elimination with the largest pivot of a column.

    Args:
        rows: n rows of n coefficients and the right-hand side, arrays that broadcast together.
    Returns:
        The n unknowns; not finite where the system has no solution.
    """
    count = len(rows)
    shape = np.broadcast_shapes(*(value.shape for row in rows for value in row))
    table = np.array([[np.broadcast_to(value, shape) for value in row] for row in rows])
    for column in range(count):
        _largest_first(table, column)
        for row in range(column + 1, count):
            factor = table[row, column] / table[column, column]
            table[row, column:] -= factor * table[column, column:]
    unknowns: list[Value] = [table[0, 0]] * count
    for row in reversed(range(count)):
        value = table[row, count]
        for column in range(row + 1, count):
            value = value - table[row, column] * unknowns[column]
        unknowns[row] = value / table[row, row]
    return unknowns


def _largest_first(table: Value, column: int) -> None:
    """Swap the row with the largest coefficient of a column up to the diagonal."""
    for row in range(column + 1, len(table)):
        swap = np.abs(table[row, column]) > np.abs(table[column, column])
        upper, lower = table[column].copy(), table[row].copy()
        table[column] = np.where(swap, lower, upper)
        table[row] = np.where(swap, upper, lower)


def _value(expression: Expression, scope: Mapping[str, Value], draws: DrawSource) -> Value:
    """An expression in the type of the values around it."""
    return evaluate(expression, scope, draws, scope["dt"].dtype.type)


def _alone(ode: Ode, scope: Mapping[str, Value], draws: DrawSource) -> Value:
    """Methods that take each equation by itself."""
    change = np.asarray(scope["dt"] * _value(ode.gradient, scope, draws))
    if ode.method == "exponential":
        return np.asarray(change * growth(_value(times_step(slope_of(ode)), scope, draws)))
    if ode.method == "semiimplicit":
        return np.asarray(change / _value(left_over(slope_of(ode)), scope, draws))
    return change


def _implicit(
    odes: Sequence[Ode], scope: Mapping[str, Value], draws: DrawSource
) -> dict[str, Value]:
    matrix = implicit_matrix(odes)
    if not odes or matrix is None:
        return {}
    rows = [
        [
            *(_value(entry, scope, draws) for entry in row),
            np.asarray(scope["dt"] * _value(ode.gradient, scope, draws)),
        ]
        for ode, row in zip(odes, matrix, strict=True)
    ]
    return {ode.variable: value for ode, value in zip(odes, solve(rows), strict=True)}


def _gradients(
    odes: Sequence[Ode], scope: Mapping[str, Value], draws: DrawSource
) -> dict[str, Value]:
    return {ode.variable: _value(ode.gradient, scope, draws) for ode in odes}


def _moved(
    scope: Mapping[str, Value], gradients: Mapping[str, Value], step: Value
) -> dict[str, Value]:
    """The scope with variables a step further."""
    moved = {name: np.asarray(scope[name] + step * slope) for name, slope in gradients.items()}
    return {**scope, **moved}


def _midpoint(
    odes: Sequence[Ode], scope: Mapping[str, Value], draws: DrawSource
) -> dict[str, Value]:
    half = np.asarray(0.5 * scope["dt"])
    middle = _moved(scope, _gradients(odes, scope, draws), half)
    slopes = _gradients(odes, middle, draws)
    return {name: np.asarray(scope["dt"] * slope) for name, slope in slopes.items()}


def _runge_kutta(
    odes: Sequence[Ode], scope: Mapping[str, Value], draws: DrawSource
) -> dict[str, Value]:
    dt, half = scope["dt"], np.asarray(0.5 * scope["dt"])
    k1 = _gradients(odes, scope, draws)
    k2 = _gradients(odes, _moved(scope, k1, half), draws)
    k3 = _gradients(odes, _moved(scope, k2, half), draws)
    k4 = _gradients(odes, _moved(scope, k3, dt), draws)
    return {
        name: np.asarray(
            dt / 6.0 * (k1[name] + (k2[name] + k2[name]) + (k3[name] + k3[name]) + k4[name])
        )
        for name in k1
    }
