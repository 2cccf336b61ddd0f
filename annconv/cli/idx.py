"""IDX, the format of the MNIST files (yann.lecun.com/exdb/mnist), of unsigned bytes."""

from __future__ import annotations

import math
import struct
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

IDX_START = b"\x00\x00"
UNSIGNED_BYTE = 0x08


class Readable(Protocol):
    """A file of bytes, gzipped or not."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, fewer only at the end."""


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
    start = file.read(4)
    if len(start) < 4 or not start.startswith(IDX_START):
        raise ValueError("it does not begin as an IDX file does")
    if start[2] != UNSIGNED_BYTE:
        raise ValueError(f"IDX type code {start[2]:#04x}, supported is 0x08, unsigned bytes")
    axes = start[3]
    extents = file.read(4 * axes)
    if len(extents) != 4 * axes:
        raise ValueError("it ends inside its header")
    shape = struct.unpack(f">{axes}I", extents)
    count = math.prod(shape)
    values = file.read(count + 1)
    if len(values) != count:
        received = f"{len(values)}" if len(values) < count else "more"
        raise ValueError(f"{count} values announced, {received} found")
    return np.frombuffer(values, dtype=np.uint8).reshape(shape)
