"""Weights as 16-bit integers whose sums cannot overflow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annconv.errors import InputError
from annconv.ir.arrays import FloatArray

LARGEST = 2**15 - 1
"""Largest sum of 16 bits."""
FEWEST_LEVELS = 16
"""A layer's largest weight must have that many units at least."""


def unit_of(weights: FloatArray, layer: str) -> float:
    """The value of one unit of a layer's integer weights.

    The largest sum of absolute weights onto one neuron, all of them rounded away from zero, is the
    largest 16-bit integer: no set of spikes can exceed it.

    Args:
        weights: (..., outputs), every axis but the last one summed over by a neuron.
        layer: Name of the projection, for messages.
    Returns:
        The unit, 1 where all weights are zero.
    Raises:
        InputError: The weights are so many that 16 bits do not tell them apart.
    """
    by_output = np.abs(weights.reshape(-1, weights.shape[-1]).astype(np.float64))
    most = float(by_output.sum(axis=0).max(initial=0.0))
    if most == 0.0:
        return 1.0
    room = LARGEST - len(by_output) / 2  # rounding adds half a unit to each weight at most
    levels = float(by_output.max()) * room / most
    if levels < FEWEST_LEVELS:
        raise InputError(
            f"weights of {layer!r}",
            expected=f"a largest weight of {FEWEST_LEVELS} units or more in 16-bit sums that "
            "cannot overflow",
            received=f"{max(levels, 0.0):.1f} units, for sums of {len(by_output)} weights",
            instead="Compile with precision='single'.",
        )
    return most / room


def quantised(weights: FloatArray, unit: float) -> NDArray[np.int16]:
    """Weights, or sums of weights, in units, rounded.

    Args:
        weights: Of any shape.
        unit: What `unit_of` returned.
    """
    return np.rint(weights.astype(np.float64) / unit).astype("<i2")
