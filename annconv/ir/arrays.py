"""Arrays of the intermediate representations: contiguous, write-protected, with a digest."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from annconv.errors import InputError
from annconv.ir.values import real_array

FloatArray = NDArray[np.floating[Any]]
"""float32 or float64."""

WeightArray = NDArray[np.floating[Any]] | NDArray[np.int16]
"""float32, float64, or whole numbers of 16 bits."""

PlaceArray = NDArray[np.int32]
"""Places in an array, -1 for none."""

AnyArray = WeightArray | PlaceArray
"""What the intermediate representations hold."""

Geometry = tuple[int, ...]
"""Shape of a population or layer without the batch axis; ranks run through it in C order."""


def freeze(values: ArrayLike) -> FloatArray:
    """A contiguous, write-protected, little-endian float32 or float64 copy of `values`.

    Args:
        values: Numbers of any shape. float32 stays, everything else becomes float64.
    Raises:
        InputError: They are no real numbers, or some are masked.
    """
    given = real_array(values, "an array of a network")
    single = given.dtype.kind == "f" and given.dtype.itemsize == 4
    dtype = np.dtype("<f4" if single else "<f8")
    array = np.array(given, dtype=dtype, order="C", copy=True)
    array.setflags(write=False)
    return array


def freeze_weights(values: ArrayLike) -> WeightArray:
    """As `freeze`, but int16 stays, too."""
    given = real_array(values, "an array of a network")
    if given.dtype.kind != "i" or given.dtype.itemsize != 2:
        return freeze(given)
    array = np.array(given, dtype="<i2", order="C", copy=True)
    array.setflags(write=False)
    return array


def freeze_places(values: ArrayLike) -> PlaceArray:
    """A contiguous, write-protected, little-endian int32 copy of whole numbers.

    Raises:
        InputError: They are no whole numbers of 32 bits.
    """
    given = real_array(values, "an array of a network")
    array = np.array(given, dtype="<i4", order="C", copy=True)
    if given.dtype.kind != "i" or not np.array_equal(array, given):
        what, received = "places of a network", f"an array of {given.dtype}"
        raise InputError(what, expected="whole numbers of 32 bits", received=received)
    array.setflags(write=False)
    return array


def array_digest(array: AnyArray) -> str:
    """SHA-256 over dtype, shape and bytes, as hexadecimal text."""
    digest = hashlib.sha256(f"{array.dtype.str}{array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def describe_array(array: AnyArray) -> str:
    """Type, shape and short digest; a single number as itself."""
    if array.ndim == 0:
        return repr(float(array))
    shape = ",".join(str(extent) for extent in array.shape)
    return f"{array.dtype.name}[{shape}] {array_digest(array)[:6]}"
