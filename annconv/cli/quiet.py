"""Keeps what Keras' backends print while they are imported, and Dask's log, from the terminal."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from annconv.frontend.keras_library import import_keras
from annconv.printing import flush_remarks, tell

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
ERRORS_ONLY = "3"
DASK_LOGGERS = ("distributed", "distributed.client")
"""Those that Dask gives levels of their own when it is imported."""
_STDERR = 2
"""Its descriptor."""


def import_keras_quietly() -> ModuleType:
    """Keras, imported without the log lines of its backend.

    TensorFlow heeds its log level only after it has written some lines, straight to the file
    descriptor: they are held back, and shown only if the import fails.

    Raises:
        AnnconvError: Keras or its backend is missing, does not start, or is too old.
    """
    os.environ.setdefault(LOG_LEVEL, ERRORS_ONLY)
    with hold_stderr():
        return import_keras()


def silence_dask() -> None:
    """Switch the log off that Dask's client writes to stderr: what matters of it becomes an error.

    Dask sets its levels when it is imported, so it must have been.
    """
    for name in DASK_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


@contextmanager
def hold_stderr() -> Iterator[None]:
    """Hold back everything written to stderr, by C++ too; show it if the block raises."""
    flush_remarks()
    try:
        terminal = os.dup(_STDERR)
    except OSError:  # it is closed: there is nothing to hold back
        yield
        return
    # In memory, as a temporary folder may be missing or full.
    with os.fdopen(os.memfd_create("annconv-stderr"), "w+b") as held:
        os.dup2(held.fileno(), _STDERR)
        try:
            yield
        except BaseException:
            _restore(terminal)
            held.seek(0)
            text = held.read().decode(errors="replace")
            if text:
                tell(text.removesuffix("\n"))
            raise
        _restore(terminal)


def _restore(terminal: int) -> None:
    flush_remarks()
    os.dup2(terminal, _STDERR)
    os.close(terminal)
