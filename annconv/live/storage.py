"""Values in `.npz` files: plain arrays, nothing that could be executed."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from annconv.errors import InputError, ModelFileError

SUFFIX = ".npz"
_ENTRY = ".npy"
# What `zipfile` and NumPy raise on damaged archives; RuntimeError where entries are encrypted or
# packed in a way that is not known.
_DAMAGED = (
    ValueError,
    EOFError,
    RuntimeError,
    OverflowError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)


def save_arrays(filename: object, values: Mapping[str, Any]) -> None:
    """Write arrays, numbers and lists of names.

    Args:
        filename: Ends in `.npz`; folders are made.
        values: Name -> value.
    Raises:
        ModelFileError: Another suffix, or the file cannot be written.
    """
    path = npz_path(filename)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # By hand, as numpy.savez cannot keep an array that is called `file`.
        with zipfile.ZipFile(path, "w") as archive:
            for name, value in values.items():
                with archive.open(f"{name}{_ENTRY}", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, np.asarray(value), allow_pickle=False)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ModelFileError(path, what, instead="choose a folder you may write to") from error


def load_arrays(filename: object) -> dict[str, Any]:
    """Read what `save_arrays` wrote.

    Raises:
        ModelFileError: Another suffix, missing or damaged.
    """
    path = npz_path(filename)
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(_ENTRY): _array(archive, name) for name in archive.namelist()}
    except FileNotFoundError as error:
        raise ModelFileError(path, "does not exist", instead="check the path") from error
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise ModelFileError(path, what, instead="choose a file you may read") from error
    except _DAMAGED as error:
        raise ModelFileError(
            path, "is damaged, or no file of saved values", instead="save it again"
        ) from error


def check_origin(
    what: str, values: Mapping[str, Any], own: Mapping[str, Any], needed: Iterable[str]
) -> None:
    """Check that saved values are of the part that is to have them.

    Args:
        what: The part, for the message.
        values: What was saved.
        own: The part's description; of it only "name" has to be among the values.
        needed: Names of further values that have to be there.
    Raises:
        InputError: Something is missing, or the description differs.
    """
    lacking = [name for name in ("name", *needed) if name not in values]
    if lacking:
        raise InputError(
            what,
            expected=f"values of {', '.join(map(repr, needed))}, and their owner's 'name'",
            received=f"none of {', '.join(map(repr, lacking))}",
        )
    found = {key: np.asarray(values[key]).tolist() for key in own if key in values}
    wrong = {key: found[key] for key in found if found[key] != np.asarray(own[key]).tolist()}
    if wrong:
        raise InputError(
            what,
            expected="values of " + ", ".join(f"{key} {own[key]!r}" for key in wrong),
            received=", ".join(f"{key} {value!r}" for key, value in wrong.items()),
        )


def _array(archive: zipfile.ZipFile, name: str) -> Any:
    """An entry's array; all of it is read first, as its checksum stands at its end."""
    entry = io.BytesIO(archive.read(name))
    return np.lib.format.read_array(entry, allow_pickle=False)


def npz_path(filename: object) -> Path:
    """The path of a file of saved values.

    Raises:
        ModelFileError: It has another suffix, or is no path.
    """
    if isinstance(filename, str | Path) and Path(filename).suffix == SUFFIX:
        return Path(filename)
    raise ModelFileError(
        str(filename),
        "expected a path that ends in '.npz', as other formats may hold code or need further "
        "packages",
        instead=f"use a name like 'values{SUFFIX}'",
    )
