"""Numbers made of a variable of all neurons: mean, max, min and two norms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from annconv.reference.operators import Values


def overall(function: str, values: Values) -> Values:
    """A population-wide function of each sample.

    Args:
        function: "mean", "max", "min", "norm1" or "norm2".
        values: (N, *geometry).
    Returns:
        (N, 1, …) float64, to broadcast with the values.
    """
    rows = values.reshape(len(values), -1).astype(np.float64)
    return _FUNCTIONS[function](rows).reshape(-1, *(1 for _ in values.shape[1:]))


def _sum(rows: Values) -> NDArray[np.float64]:
    """Sums in the order of the neurons, as a loop adds; NumPy's own adds in pairs."""
    return np.asarray(np.cumsum(rows, axis=1)[:, -1])


_FUNCTIONS: Mapping[str, Callable[[Values], NDArray[np.float64]]] = MappingProxyType(
    {
        "mean": lambda rows: _sum(rows) / rows.shape[1],
        "max": lambda rows: np.asarray(rows.max(axis=1)),
        "min": lambda rows: np.asarray(rows.min(axis=1)),
        "norm1": lambda rows: _sum(np.abs(rows)),
        "norm2": lambda rows: np.sqrt(_sum(rows * rows)),
    }
)
