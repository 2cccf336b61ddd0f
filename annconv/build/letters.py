"""Letters in paths that the tools of a build cannot take."""

from __future__ import annotations

import os

_REFUSED = ';|\\"\n\r'
"""Separators and quotes of CMake and Ninja, ends of lines."""


def refusal(path: str | os.PathLike[str]) -> str | None:
    """Why CMake and Ninja cannot work with a path, as half a sentence; None if they can.

    Every path that reaches them is asked for here, and each reaches CMake by itself: in a list, a
    square bracket would hide the separators.
    """
    found = sorted({letter for letter in os.fspath(path) if letter in _REFUSED})
    if not found:
        return None
    listed = " ".join(map(repr, found))
    return f"CMake and Ninja cannot use a path with {listed}"
