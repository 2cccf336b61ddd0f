"""Reads the MNIST digits bundled in `examples/data` (gzipped IDX files)."""

from __future__ import annotations

import gzip
import math
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).resolve().parent / "data"
"""Folder of the bundled digits and trained models."""

SPLITS = {"test": "t10k", "train": "train2000"}
"""Name of a split -> beginning of its file names."""


def load_digits(
    folder: Path = DATA, split: str = "test"
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The digits of one split.

    Args:
        folder: Where the IDX files lie.
        split: "test", 10,000 digits, or "train", the first 2,000 training digits.
    Returns:
        Images, uint8 (samples, 28, 28), 0 is background; labels, uint8 (samples,).
    Raises:
        ValueError: An unknown split, or a file that is not an IDX file of bytes.
    """
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {sorted(SPLITS)}, received {split!r}")
    images = read_idx(folder / f"{SPLITS[split]}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{SPLITS[split]}-labels-idx1-ubyte.gz")
    return images, labels


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in a gzipped IDX file of unsigned bytes.

    IDX: two zero bytes, a type code (8: unsigned byte), the number of axes, one big-endian uint32
    per axis, then the values in C order (yann.lecun.com/exdb/mnist).
    """
    content = gzip.decompress(path.read_bytes())
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path}: expected an IDX file of unsigned bytes")
    axes = content[3]
    start = 4 + 4 * axes
    shape = struct.unpack(f">{axes}I", content[4:start])
    if len(content) != start + math.prod(shape):
        raise ValueError(
            f"{path}: expected {math.prod(shape)} values, received {len(content) - start}"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)
