"""How much larger than its file a model may become in memory."""

from __future__ import annotations

MAXIMUM_EXPANSION = 100
"""How many times its stored size a part may need in memory."""
HARMLESS_SIZE = 2**26
"""Bytes up to which a part may need any multiple of its stored size."""


def grows_too_much(needed: int, stored: int) -> bool:
    """Whether a part of a file is made to fill the memory.

    Args:
        needed: Bytes that it needs in memory.
        stored: Bytes that it takes in the file.
    """
    return needed > max(HARMLESS_SIZE, MAXIMUM_EXPANSION * stored)
