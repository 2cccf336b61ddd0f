"""Model-based normalisation: weights scaled so that no neuron can receive more than it may.

Source: Diehl et al., "Fast-classifying, high-accuracy spiking deep networks through weight and
threshold balancing", IJCNN 2015; with factors above 1, as ANNarchy's manual describes it.
"""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.checks import finite_number
from annconv.errors import InputError
from annconv.ir.arrays import WeightArray
from annconv.ir.values import refuse_masked

FIRST_DEFAULT = 2.0
"""Default factor of the first layer; each further layer's is larger by 1."""


def scale_factor_fault(scale_factor: Any) -> str | None:
    """Why `scale_factor` cannot be used, whatever the model; None if it can."""
    if scale_factor is None or _is_factor(scale_factor):
        return None
    if isinstance(scale_factor, list | tuple | np.ndarray):
        try:
            refuse_masked(scale_factor, "scale_factor", "numbers above 0")
        except InputError as error:
            return str(error)
        values = np.asarray(scale_factor, dtype=object)
        if values.ndim == 1 and all(_is_factor(value) for value in values):
            return None
    return (
        "scale_factor: expected None, a number above 0, or a list of them with one per Dense, "
        f"convolution and pooling layer, received {scale_factor!r}."
    )


def scale_factors(scale_factor: Any, entries: int) -> tuple[float, ...]:
    """One factor for each layer.

    Args:
        scale_factor: None (2, 3, …), one number for all, or one per layer; `scale_factor_fault`
            accepts it.
        entries: Number of Dense, convolution and pooling layers.
    Raises:
        ValueError: There are not as many factors as layers.
    """
    if scale_factor is None:
        return tuple(FIRST_DEFAULT + entry for entry in range(entries))
    if isinstance(scale_factor, Real):
        return (float(scale_factor),) * entries
    if len(scale_factor) != entries:
        raise ValueError(
            f"scale_factor: expected {entries} factors, one per Dense, convolution and pooling "
            f"layer, received {len(scale_factor)}."
        )
    return tuple(float(value) for value in scale_factor)


def normalise_weights(weights: WeightArray, factor: float) -> NDArray[np.float64]:
    """`weights * factor / m`, m being the largest sum of positive weights of a neuron or filter.

    Args:
        weights: (..., outputs), the last axis being post neurons or filters.
        factor: The layer's factor.
    Returns:
        float64 of the same shape; the weights themselves where none is positive.
    """
    values = np.asarray(weights, dtype=np.float64)
    positive = np.where(values > 0.0, values, 0.0).reshape(-1, values.shape[-1])
    largest = float(positive.sum(axis=0).max())
    return values if largest == 0.0 else values * (factor / largest)


def _is_factor(value: Any) -> bool:
    factor = finite_number(value)
    return factor is not None and factor > 0
