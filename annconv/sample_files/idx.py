"""IDX, the format of the MNIST files (yann.lecun.com/exdb/mnist), of unsigned bytes."""

from __future__ import annotations

import math
import os
import struct
from typing import BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

IDX_START = b"\x00\x00"
UNSIGNED_BYTE = 0x08


class Readable(Protocol):
    """A file of bytes, gzipped or not."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, fewer only at the end."""


def read_shape(file: Readable) -> tuple[int, ...]:
    """The shape that the header of an IDX file gives; the values follow.

    Args:
        file: Open for reading, at its start.
    Raises:
        ValueError: It is no IDX file, is cut short, or has values of another type.
    """
    start = file.read(4)
    if len(start) < 4 or not start.startswith(IDX_START):
        raise ValueError("it does not begin as an IDX file does")
    if start[2] != UNSIGNED_BYTE:
        raise ValueError(f"IDX type code {start[2]:#04x}, supported is 0x08, unsigned bytes")
    axes = start[3]
    extents = file.read(4 * axes)
    if len(extents) != 4 * axes:
        raise ValueError("it ends inside its header")
    return struct.unpack(f">{axes}I", extents)


def read_idx(file: Readable) -> NDArray[np.uint8]:
    """The array in an IDX file.

    Two zero bytes, a type code, the number of axes, one big-endian uint32 per axis, then the values
    in C order.

    Args:
        file: Open for reading, at its start.
    Returns:
        uint8 of the shape the file gives.
    Raises:
        ValueError: It is no IDX file, is cut short or too long, or has values of another type.
    """
    shape = read_shape(file)
    count = math.prod(shape)
    values = file.read(count + 1)
    _check_count(count, len(values))
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)


def map_idx(file: BinaryIO) -> NDArray[np.uint8]:
    """The array in an IDX file as `read_idx` gives it, read where it is used.

    Args:
        file: A plain file, open for reading, at its start.
    Returns:
        uint8 of the shape the file gives, mapped into memory and write-protected.
    Raises:
        ValueError: As `read_idx`.
    """
    shape = read_shape(file)
    begin = file.tell()
    _check_count(math.prod(shape), file.seek(0, os.SEEK_END) - begin)
    if not math.prod(shape):
        return np.zeros(shape, dtype=np.uint8)
    return np.memmap(file, dtype=np.uint8, mode="r", offset=begin, shape=shape)


def _check_count(announced: int, found: int) -> None:
    if found != announced:
        received = f"{found}" if found < announced else "more"
        raise ValueError(f"{announced} values announced, {received} found")
