"""Weights as whole numbers of 16 bits whose sums are exact, with a unit for every channel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annconv.ir.arrays import WeightArray

LARGEST = 2**15 - 1
"""Largest sum of 16 bits."""
FEWEST_LEVELS = 16
"""A channel's typical weight must have that many units at least."""
OUTLIERS = 100
"""One weight in so many is set aside, the largest first, before the typical one is looked for."""
MOST_WHOLE_SUMS = int(LARGEST / (FEWEST_LEVELS + 0.5))
"""Weights onto a neuron whose sum has 16 bits: beyond, an average one had too few units."""
SAFE_ADDITIONS = 64
"""How many weights of a longer sum are added in 16 bits before they go to one of 32 bits."""
EXACT_SINGLE = 2**24
"""Whole numbers up to this one are exact in single precision, too."""


def safe_additions(inputs: int) -> int:
    """How many weights may be added up in 16 bits; 0 where all of them may.

    Args:
        inputs: Weights onto one neuron. Nothing but the shape decides, so a network of other values
            has the same code.
    """
    return 0 if inputs <= MOST_WHOLE_SUMS else SAFE_ADDITIONS


def units_of(weights: WeightArray) -> NDArray[np.float32]:
    """The value of one unit of each channel's whole numbers.

    Where all of a neuron's weights are added in 16 bits, the largest sum of absolute weights, all
    of them rounded away from zero, is the largest whole number: no set of spikes can exceed it.
    Where sums go to 32 bits in time, `SAFE_ADDITIONS` of the largest weight are.

    Args:
        weights: (..., channels), every axis but the last one summed over by a neuron.
    Returns:
        (channels,), above 0; 1 where all weights of a channel are zero.
    """
    magnitudes = np.abs(weights.reshape(-1, weights.shape[-1]).astype(np.float64))
    inputs = len(magnitudes)
    if safe_additions(inputs):
        levels = min(LARGEST // SAFE_ADDITIONS, EXACT_SINGLE // inputs)
        units = magnitudes.max(axis=0, initial=0.0) / levels
    else:
        rounding = np.count_nonzero(magnitudes, axis=0) / 2
        units = magnitudes.sum(axis=0) / (LARGEST - rounding)
    single = units.astype(np.float32)
    single = np.where(single < units, np.nextafter(single, np.float32(np.inf)), single)
    return np.where(single > 0.0, single, np.float32(1.0))


def typical_levels(weights: WeightArray, units: NDArray[np.float32]) -> NDArray[np.float64]:
    """How many units a typical weight of each channel has.

    The root of the mean square of the weights that are not zero, the largest hundredth set aside:
    a few very large weights, on inputs that may never spike, must not leave the others without
    levels.

    Args:
        weights: (..., channels).
        units: (channels,).
    Returns:
        (channels,); infinite where all weights are zero.
    """
    magnitudes = np.abs(weights.reshape(-1, weights.shape[-1]).astype(np.float64))
    ordered = np.sort(magnitudes, axis=0)
    counts = np.count_nonzero(ordered, axis=0)
    last = len(ordered) - counts // OUTLIERS
    within = np.arange(len(ordered))[:, None] < last
    squares = np.square(ordered / units.astype(np.float64))
    with np.errstate(invalid="ignore"):
        mean = np.where(within, squares, 0.0).sum(axis=0) / (counts - counts // OUTLIERS)
    return np.where(counts > 0, np.sqrt(mean), np.inf)


def whole_weights(weights: WeightArray, units: NDArray[np.float32]) -> NDArray[np.int16]:
    """Weights in units, rounded.

    Args:
        weights: (..., channels).
        units: (channels,), from `units_of`.
    """
    return np.rint(weights.astype(np.float64) / units.astype(np.float64)).astype("<i2")
