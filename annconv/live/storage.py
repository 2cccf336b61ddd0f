"""Values in `.npz` files: plain arrays, nothing that could be executed."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from annconv.errors import ModelFileError

SUFFIX = ".npz"


def save_arrays(filename: object, values: Mapping[str, Any]) -> None:
    """Write arrays, numbers and lists of names.

    Args:
        filename: Ends in `.npz`; folders are made.
        values: Name -> value.
    Raises:
        ModelFileError: Another suffix, or the file cannot be written.
    """
    path = _checked(filename)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # By hand, as numpy.savez cannot keep an array that is called `file`.
        with zipfile.ZipFile(path, "w") as archive:
            for name, value in values.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, np.asarray(value), allow_pickle=False)
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}"
        raise ModelFileError(path, what, instead="choose a folder you may write to") from error


def load_arrays(filename: object) -> dict[str, Any]:
    """Read what `save_arrays` wrote.

    Raises:
        ModelFileError: Another suffix, missing or damaged.
    """
    path = _checked(filename)
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError as error:
        raise ModelFileError(path, "does not exist", instead="check the path") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise ModelFileError(
            path, f"is no file of saved values ({error})", instead="save it again"
        ) from error


def _checked(filename: object) -> Path:
    if isinstance(filename, str | Path) and Path(filename).suffix == SUFFIX:
        return Path(filename)
    raise ModelFileError(
        str(filename),
        "expected a path that ends in '.npz', as other formats may hold code or need further "
        "packages",
        instead=f"use a name like 'values{SUFFIX}'",
    )
