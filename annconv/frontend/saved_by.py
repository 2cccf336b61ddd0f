"""The Keras that saved a file: its version, and what to do where this Keras does not read it."""

from __future__ import annotations

import re
from typing import Any

from annconv.frontend.keras_library import version_numbers

FIRST_OF_TODAY = (3,)
"""Keras 3 was written anew: files of earlier releases are read in part."""
SAVE_AGAIN = "save the model again: model.save('model.keras')"
DAMAGED = f"take a fresh copy of the file, or {SAVE_AGAIN}"
_VERSION = re.compile(r"\d+(\.\d+)*[\w.+-]{0,20}")


def told_version(value: Any) -> str | None:
    """The version that a file tells, None if it tells none; files may hold anything there."""
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    is_version = isinstance(text, str) and len(text) < 40 and _VERSION.fullmatch(text)
    return text if is_version else None


def is_old(saved_by: str | None) -> bool:
    """Whether a file is of a Keras before 3."""
    return saved_by is not None and version_numbers(saved_by) < FIRST_OF_TODAY


def way_out(saved_by: str | None, here: str, suffix: str) -> str:
    """What to do with a file that this Keras does not read.

    Args:
        saved_by: Version of the Keras that saved it, None if the file does not tell.
        here: Version of this Keras.
        suffix: ".keras" or ".h5", by content.
    """
    if saved_by is None:
        return f"open it with the Keras that saved it (which the file does not tell), or {DAMAGED}"
    if version_numbers(saved_by) > version_numbers(here):
        return f"use a Keras as new as that: pip install 'keras>={saved_by}'"
    if version_numbers(saved_by) == version_numbers(here):
        return DAMAGED
    text = (
        f"open it with Keras {saved_by}, build the same layers with Keras {here}, copy the weights"
        " (new.set_weights(old.get_weights())), and save that: new.save('model.keras')"
    )
    if suffix == ".h5":
        text += "; new.load_weights on this file may spare you the old Keras"
    return text if is_old(saved_by) else f"{text}; or {DAMAGED}"
