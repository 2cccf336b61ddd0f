"""Files of samples and labels: NumPy arrays, MNIST's IDX format, and labels as text.

The content decides on the format (the suffix only for text), and nothing in a file is run: pickled
objects are refused.
"""

from __future__ import annotations

import gzip
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from annconv.errors import InputError
from annconv.sample_files.idx import IDX_START, map_idx, read_idx

NPY_START, ZIP_START, GZIP_START = b"\x93NUMPY", b"PK", b"\x1f\x8b"
BRIGHTEST = np.float32(255)
"""What the pixels of IDX images are divided by."""
CSV_HEADER = "sample,label"
"""First line of the .csv files that `--output` writes."""

SAMPLE_FORMATS = "a .npy, .npz or IDX file (.gz, too)"
LABEL_FORMATS = "a .npy, .npz, IDX (.gz, too), .csv or .txt file"


@dataclass(frozen=True, slots=True, eq=False)
class StoredSamples:
    """Samples as a file holds them.

    Attributes:
        values: (N, ...), two axes or more, of a real numeric type; possibly mapped from the file.
        images: Whether they are pixels of an IDX file, which `sample_values` divides by 255.
    """

    values: NDArray[Any]
    images: bool

    def __len__(self) -> int:
        return len(self.values)

    def first(self, count: int | None) -> StoredSamples:
        """The first samples; None: all."""
        return StoredSamples(self.values[:count], self.images)

    def all(self) -> NDArray[Any]:
        """All samples as numbers: as they are, IDX images as float32 in [0, 1]."""
        return sample_values(self.values, images=self.images)


def open_samples(path: str | Path, *, mapped: bool) -> StoredSamples:
    """The samples in a file.

    Args:
        path: An array (N, ...) as .npy or in an .npz, or IDX images of unsigned bytes, gzipped or
            not.
        mapped: Whether .npy files, and IDX files that are not gzipped, are mapped: what is used of
            them is read when it is used, so that they may be larger than memory.
    Raises:
        InputError: The file is missing, damaged or of another format, or holds something else.
    """
    what = f"samples in {path}"
    array, images = _read(Path(path), what, SAMPLE_FORMATS, ("samples", "x"), mapped=mapped)
    if array.dtype.kind not in "biuf":
        _refuse(what, "an array of numbers", f"an array of {array.dtype}")
    if array.ndim < 2:
        hint = " A single sample needs a batch axis: samples[None]." if array.ndim else ""
        raise InputError(
            what,
            expected="an array (N, ...) of two axes or more",
            received=f"shape {array.shape}",
            instead=hint.strip(),
        )
    return StoredSamples(array, images)


def sample_values(values: NDArray[Any], *, images: bool) -> NDArray[Any]:
    """What stored samples mean.

    Args:
        values: Of `StoredSamples`, or a part of them.
        images: As `StoredSamples`.
    Returns:
        Of the same shape: images as float32 in [0, 1], anything else as it is.
    """
    return values.astype(np.float32) / BRIGHTEST if images else values


def read_labels(path: str | Path) -> NDArray[np.int64]:
    """The labels in a file.

    Args:
        path: Whole numbers (N,) or (N, 1) as .npy, in an .npz or as IDX, or text with one per line,
            where `sample,label` may be the first line and the label the second column.
    Returns:
        (N,) int64.
    Raises:
        InputError: The file is missing, damaged or of another format, or holds something else.
    """
    what = f"labels in {path}"
    path = Path(path)
    if path.suffix in (".txt", ".csv"):
        return _read_text(path, what)
    array, _ = _read(path, what, LABEL_FORMATS, ("labels", "y"))
    whole = "one whole number for each sample"
    if array.dtype.kind not in "iu":
        _refuse(what, whole, f"an array of {array.dtype}")
    if array.ndim == 0 or math.prod(array.shape[1:]) != 1:
        _refuse(what, f"{whole}, shape (N,)", f"shape {array.shape}")
    return array.reshape(len(array)).astype(np.int64)


def _refuse(what: str, expected: str, received: str) -> NoReturn:
    raise InputError(what, expected=expected, received=received)


def _read(
    path: Path, what: str, formats: str, names: Sequence[str], *, mapped: bool = False
) -> tuple[NDArray[Any], bool]:
    """The array in a file, mapped where that is asked for and possible; whether it is IDX."""
    try:
        with path.open("rb") as file:
            start = file.read(len(NPY_START))
            file.seek(0)
            if start.startswith(NPY_START):
                return (_map_npy(path) if mapped else _read_npy(file)), False
            if start.startswith(ZIP_START):
                return _read_npz(file, what, names), False
            if start.startswith(GZIP_START):
                with gzip.GzipFile(fileobj=file) as unpacked:
                    return read_idx(unpacked), True
            if start.startswith(IDX_START):
                return (map_idx(file) if mapped else read_idx(file)), True
    except InputError:
        raise
    except Exception as error:
        raise InputError(what, expected=formats, received=_damage(error)) from error
    _refuse(what, formats, "a file of another format" if start else "an empty file")


def _damage(error: Exception) -> str:
    """What is wrong with a file, as half a sentence."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, OSError) and error.strerror:
        return f"a file that cannot be read ({error.strerror})"
    if isinstance(error, MemoryError):
        return "an array larger than the memory of this machine"
    return f"a file that is cut short or damaged ({' '.join(str(error).split())})"


def _read_npy(file: IO[bytes]) -> NDArray[Any]:
    array: NDArray[Any] = np.lib.format.read_array(file, allow_pickle=False)
    return array


def _map_npy(path: Path) -> NDArray[Any]:
    mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


def _read_npz(file: IO[bytes], what: str, names: Sequence[str]) -> NDArray[Any]:
    """The array of one of the names in an archive, or the only one in it."""
    with zipfile.ZipFile(file) as archive:
        entries = [entry for entry in archive.namelist() if entry.endswith(".npy")]
        found = [entry.removesuffix(".npy") for entry in entries]
        wanted = [name for name in names if name in found] or found
        if len(wanted) != 1:
            asked = " or ".join(map(repr, names))
            listed = ", ".join(map(repr, wanted)) or "no array at all"
            _refuse(what, f"an archive with an array {asked}, or with one only", listed)
        with archive.open(f"{wanted[0]}.npy") as entry:
            return _read_npy(entry)


def _read_text(path: Path, what: str) -> NDArray[np.int64]:
    """One whole number per line; the last column of a file that begins as `--output` writes it."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(what, expected=LABEL_FORMATS, received=_damage(error)) from error
    table = bool(lines) and lines[0].strip() == CSV_HEADER
    labels = []
    for number, line in enumerate(lines[table:], start=1 + table):
        text = line.rpartition(",")[2] if table else line
        try:
            labels.append(int(text))
        except ValueError:
            _refuse(f"{what}, line {number}", "one whole number", repr(line))
    return np.array(labels, dtype=np.int64)
