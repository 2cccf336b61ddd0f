"""Damaged copies of files: cut, and with flipped bits, the same ones in every run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

CUT_EVERY = 5
"""Every so many copies one is cut; the others have one to three flipped bits."""


def damaged(content: bytes, count: int, seed: int, spots: Iterable[int] = ()) -> Iterator[bytes]:
    """Copies that all differ from the content.

    Flips lie, in turn, anywhere, among the bytes that are not 0 (file formats pad with zeros), and
    in the spots, if any are given.

    Args:
        content: The whole file.
        count: How many copies.
        seed: Decides where.
        spots: Places of bytes that deserve a third of the flips.
    """
    generator = np.random.default_rng(seed)
    filled = np.flatnonzero(np.frombuffer(content, np.uint8))
    places = [np.arange(len(content)), filled]
    chosen = np.array(sorted(spots), dtype=int)
    if chosen.size:
        places.append(chosen)
    for index in range(count):
        if index % CUT_EVERY == 0:
            yield content[: generator.integers(len(content))]
            continue
        copy = bytearray(content)
        # Different bytes, so that no flip takes another one back.
        size = int(generator.integers(1, 4))
        for at in generator.choice(places[index % len(places)], size, replace=False):
            copy[at] ^= 1 << int(generator.integers(8))
        yield bytes(copy)
