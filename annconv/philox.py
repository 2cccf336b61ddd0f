"""Philox 4x32-10: random numbers that are a function of a key and a counter.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Words = NDArray[np.uint32]

_ROUNDS = 10
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_HIGH = np.uint64(32)


def philox4x32(
    counter: tuple[ArrayLike, ArrayLike, ArrayLike, ArrayLike], key: tuple[int, int]
) -> tuple[Words, Words, Words, Words]:
    """The four output words for every counter.

    Args:
        counter: Four arrays of whole numbers that broadcast together; the low 32 bits count.
        key: Two 32-bit words.
    Returns:
        Four uint32 arrays of the counters' common shape.
    """
    parts = np.broadcast_arrays(*(np.asarray(word).astype(np.uint64) & _LOW for word in counter))
    c0, c1, c2, c3 = parts
    for turn in range(_ROUNDS):
        k0, k1 = (
            np.uint64((word + turn * step) & 0xFFFFFFFF)
            for word, step in zip(key, _KEY_STEPS, strict=True)
        )
        product0, product1 = _MULTIPLIERS[0] * c0, _MULTIPLIERS[1] * c2
        c0, c2 = (product1 >> _HIGH) ^ c1 ^ k0, (product0 >> _HIGH) ^ c3 ^ k1
        c1, c3 = product1 & _LOW, product0 & _LOW
    return (
        c0.astype(np.uint32), c1.astype(np.uint32), c2.astype(np.uint32), c3.astype(np.uint32),
    )  # fmt: skip


def uniform(
    seed: int,
    neuron: ArrayLike,
    step: ArrayLike,
    stream: ArrayLike,
    sample: ArrayLike,
    word: int = 0,
) -> NDArray[np.float64]:
    """Uniform numbers in (0, 1): (output word + 0.5) / 2^32.

    Args:
        seed: The key, 0 to 2^64 - 1.
        neuron: Rank of the neuron; first word of the counter.
        step: Step of the simulation; second word.
        stream: `population << 16 | draw`; third word.
        sample: Index of the sample in the whole input; fourth word.
        word: Which of the four output words, 0 to 3.
    Returns:
        float64 of the common shape of the four.
    """
    seed = int(seed)  # NumPy's whole numbers may be too short for the mask
    words = philox4x32((neuron, step, stream, sample), (seed & 0xFFFFFFFF, seed >> 32))[word]
    return (words.astype(np.float64) + 0.5) / 2.0**32
