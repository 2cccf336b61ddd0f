"""Keras itself: found, checked for its version, imported only when a model has to be read."""

from __future__ import annotations

import importlib
import os
import re
from types import ModuleType

from annconv.errors import AnnconvError

OLDEST_KERAS = (3, 11, 3)
"""Earlier releases can be made to run code or to read other files by a model file."""
_NEEDED = f"Reading a Keras model needs Keras {'.'.join(map(str, OLDEST_KERAS))} or later"
BACKEND = "KERAS_BACKEND"
INSTALL = 'pip install "annconv[tensorflow]"'


def import_keras() -> ModuleType:
    """Keras, version 3.11.3 or later.

    Raises:
        AnnconvError: Keras or its backend is missing, does not start, or is too old.
    """
    keras = _import("keras")
    if keras_version(keras) < OLDEST_KERAS:
        found = getattr(keras, "__version__", "no version")
        raise AnnconvError(f"{_NEEDED}, found {found}. Instead: {INSTALL}.")
    return keras


def import_h5py() -> ModuleType:
    """h5py, which every installation of Keras brings along.

    Raises:
        AnnconvError: It is missing.
    """
    return _import("h5py")


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        chosen, instead = "", INSTALL
        itself_missing = isinstance(error, ModuleNotFoundError) and error.name == name
        if name == "keras" and not itself_missing and os.environ.get(BACKEND):
            chosen = f" with {BACKEND}={os.environ[BACKEND]!r}"
            instead = (
                f"unset {BACKEND}, set it to a backend that is installed (tensorflow, jax or"
                f" torch), or install the one it names (for tensorflow, {INSTALL})"
            )
        raise AnnconvError(
            f"{_NEEDED} with a backend, and importing {name!r}{chosen} failed"
            f" ({type(error).__name__}: {error}). Instead: {instead}."
        ) from error


def keras_version(keras: ModuleType) -> tuple[int, ...]:
    """The numbers at the start of Keras' version; empty if it has none."""
    return version_numbers(str(getattr(keras, "__version__", "")))


def version_numbers(text: str) -> tuple[int, ...]:
    """The numbers at the start of a version; empty if it has none."""
    numbers = re.match(r"\d+(\.\d+)*", text)
    return tuple(int(part) for part in numbers[0].split(".")) if numbers else ()
