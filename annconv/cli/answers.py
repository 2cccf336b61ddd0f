"""Where labels go: files, and the accuracy they reach."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annconv.errors import OptionError
from annconv.sample_files.files import CSV_HEADER

SUFFIXES = (".npy", ".csv", ".txt")


def check_target(path: str | Path) -> None:
    """Refuse a file that cannot be written, as far as that shows before anything is computed.

    Raises:
        OptionError: Another suffix, no such folder, a folder of that name, or no permission.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise OptionError(
            f"--output: expected a name that ends in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}, "
            f"received {path.name!r}."
        )
    if not path.parent.is_dir():
        raise OptionError(
            f"--output: expected an existing folder, received {str(path.parent)!r}. Make it first."
        )
    if path.is_dir():
        raise _unwritable(path, "Is a directory")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise _unwritable(path, "Permission denied")


def write_labels(labels: NDArray[np.int64], path: str | Path) -> None:
    """Write labels, in the format that the suffix says.

    Args:
        labels: (N,).
        path: .npy, int64 (N,); .txt, one label per line; .csv, lines of sample and label.
    Raises:
        OptionError: The file cannot be written.
    """
    path = Path(path)
    lines = list(map(str, labels.tolist()))
    if path.suffix == ".csv":
        lines = [CSV_HEADER, *(f"{index},{label}" for index, label in enumerate(lines))]
    try:
        if path.suffix == ".npy":
            np.save(path, labels)
        else:
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        raise _unwritable(path, error.strerror) from error


def _unwritable(path: Path, why: str | None) -> OptionError:
    return OptionError(f"--output: {path} cannot be written ({why}). Choose a file you may write.")


def accuracy_line(labels: NDArray[np.int64], expected: NDArray[np.int64]) -> str:
    """How many labels are right, as a line of text."""
    if len(labels) == 0:
        return "accuracy: no samples"
    right = int(np.count_nonzero(labels == expected))
    return f"accuracy {right / len(labels):.4f} ({right} of {len(labels)})"
