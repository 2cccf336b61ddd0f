"""Matplotlib, which only pictures need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from annconv.errors import AnnconvError


@contextmanager
def importing_matplotlib() -> Iterator[None]:
    """Around imports of Matplotlib: says what to install where it is missing.

    Raises:
        AnnconvError: An import failed.
    """
    try:
        yield
    except ImportError as error:
        raise AnnconvError(
            f"A picture needs Matplotlib, and importing it failed ({error}). Instead: "
            'pip install "annconv[plot]".'
        ) from error
