"""Numbers made of a variable of all neurons: mean, extremes, norms."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from annconv.neurons.expressions import Expression, Statistic, nodes
from annconv.reference.expressions import from_libm, statistic_name
from annconv.reference.operators import Values


def overall(function: str, values: Values) -> Values:
    """A population-wide function of each sample.

    Args:
        function: "mean", "max", "min", "second", "norm1", "norm2" or "logsumexp".
        values: (N, *geometry).
    Returns:
        (N, 1, …) float64, to broadcast with the values.
    """
    rows = values.reshape(len(values), -1).astype(np.float64)
    return _FUNCTIONS[function](rows).reshape(-1, *(1 for _ in values.shape[1:]))


def _sum(rows: Values) -> NDArray[np.float64]:
    """Sums in the order of the neurons, as a loop adds; NumPy's own adds in pairs."""
    return np.asarray(np.cumsum(rows, axis=1)[:, -1])


def _second(rows: Values) -> NDArray[np.float64]:
    """The largest but one; where there is one neuron alone, less than any number."""
    if rows.shape[1] == 1:
        return np.full(len(rows), -np.inf)
    return np.asarray(np.partition(rows, -2, axis=1)[:, -2])


def _logsumexp(rows: Values) -> NDArray[np.float64]:
    """The logarithm of the sum of exponentials, of differences from the largest value."""
    largest = rows.max(axis=1, keepdims=True)
    powers = _EXP(rows - largest)
    return np.asarray(largest[:, 0] + _LOG(_sum(powers)))


def statistics_of(expression: Expression, values: Mapping[str, Values]) -> dict[str, Values]:
    """The values of all population-wide functions in an expression.

    Args:
        expression: An expression.
        values: Name of a variable -> (N, neurons).
    Returns:
        `statistic_name` -> (N, 1).
    """
    return {
        statistic_name(node.function, node.variable): overall(node.function, values[node.variable])
        for node in nodes(expression)
        if isinstance(node, Statistic)
    }


_EXP, _LOG = from_libm(math.exp, np.exp), from_libm(math.log, np.log)

_FUNCTIONS: Mapping[str, Callable[[Values], NDArray[np.float64]]] = MappingProxyType(
    {
        "mean": lambda rows: _sum(rows) / rows.shape[1],
        "max": lambda rows: np.asarray(rows.max(axis=1)),
        "second": _second,
        "min": lambda rows: np.asarray(rows.min(axis=1)),
        "norm1": lambda rows: _sum(np.abs(rows)),
        "norm2": lambda rows: np.sqrt(_sum(rows * rows)),
        "logsumexp": _logsumexp,
    }
)
