"""From the scores of the output neurons to one class: the highest, ties drawn with the seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.errors import SimulationError
from annconv.philox import uniform

TIE_STEP = 0xFFFFFFFF
"""Step of the tie draw in the random stream; no simulation gets there."""
TIE_STREAM = 0xFFFFFFFF
"""Stream of the tie draw; no population's draw has it."""


def winners(outputs: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Which classes have the highest score.

    Args:
        outputs: (N, classes).
    Returns:
        (N, classes), at least one True in each row.
    Raises:
        SimulationError: A score is not a number.
    """
    highest = outputs.max(axis=1, keepdims=True)
    if np.isnan(highest).any():
        sample, neuron = np.argwhere(np.isnan(outputs))[0]
        raise SimulationError(
            f"output neuron {neuron}, sample {sample}: its score is not a number: expected finite "
            "values, received NaN. A neuron's equations have left the numbers; use a smaller dt or "
            "bound its variables."
        )
    found: NDArray[np.bool_] = outputs == highest
    return found


def draw_labels(
    outputs: NDArray[np.floating[Any]], seed: int = 0, first_sample: int = 0
) -> NDArray[np.int64]:
    """The class of every sample; among equal scores one is drawn.

    The draw of sample i is the uniform number u of the counter (0, TIE_STEP, TIE_STREAM,
    first_sample + i): of m tied classes in order the one at floor(u * m). So a label depends on the
    seed and the sample alone, not on batches or threads.

    Args:
        outputs: (N, classes) scores.
        seed: 0 to 2^64 - 1.
        first_sample: Index of the first row in the whole input.
    Returns:
        (N,) int64.
    Raises:
        SimulationError: A score is not a number.
    """
    if len(outputs) == 0:
        return np.zeros(0, dtype=np.int64)
    tied = winners(outputs)
    labels: NDArray[np.int64] = tied.argmax(axis=1).astype(np.int64, copy=False)
    if np.count_nonzero(tied) > len(outputs):  # numbers are drawn only where they decide
        (several,) = np.nonzero(tied.sum(axis=1) > 1)
        among = tied[several]
        draws = uniform(seed, 0, TIE_STEP, TIE_STREAM, first_sample + several)
        chosen = np.floor(draws * among.sum(axis=1)).astype(np.int64)
        position = np.cumsum(among, axis=1) - 1
        labels[several] = np.argmax(among & (position == chosen[:, None]), axis=1)
    return labels
