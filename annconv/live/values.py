"""Values that a script sets: checked, and brought to the form in which a network keeps them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike, NDArray

from annconv.errors import InputError
from annconv.ir.values import finite, in_type, real_array


def as_numbers(value: object, what: str, kind: DTypeLike = np.float64) -> NDArray[np.float64]:
    """A number or array-like of numbers as float64.

    Args:
        value: What was set.
        what: What it was set to, for the message.
        kind: The type, float32 or float64, in which the network keeps them.
    Raises:
        InputError: It holds something else than real numbers, or some that are not finite in that
            type.
    """
    given = real_array(value, what, "a number or an array of numbers")
    finite(given, what, f"finite numbers that {np.dtype(kind)} can hold", kind=kind)
    return in_type(given, np.float64).copy()


def as_values(
    value: object, size: int, what: str, kind: DTypeLike = np.float64
) -> NDArray[np.float64]:
    """One number, or one for each of `size` neurons in rank order.

    Args:
        value: A number, or an array-like of any shape with `size` numbers.
        size: Number of neurons.
        what: What was set, for the message.
        kind: As `as_numbers`.
    Returns:
        () or (size,) float64.
    Raises:
        InputError: As `as_numbers`, or another number of them.
    """
    numbers = as_numbers(value, what, kind)
    if numbers.ndim == 0:
        return numbers
    if numbers.size != size:
        raise InputError(
            what,
            expected=f"one number, or one for each of {size} neurons",
            received=f"{numbers.size} of shape {numbers.shape}",
        )
    return numbers.reshape(size)


def as_one(value: object, what: str, kind: DTypeLike = np.float64) -> float:
    """One number that a type can hold.

    Raises:
        InputError: Something else.
    """
    numbers = as_numbers(value, what, kind)
    if numbers.ndim:
        raise InputError(
            what,
            expected="one number, as all neurons share it",
            received=f"{numbers.size} of shape {numbers.shape}",
        )
    return float(numbers)


def as_type(values: NDArray[np.float64], kind: str) -> NDArray[np.float64]:
    """Values of an int attribute without fractions, those of a bool as 0 and 1."""
    if kind == "int":
        return np.trunc(values)
    return (values != 0).astype(np.float64) if kind == "bool" else values


def as_mapping(values: object, what: str) -> Mapping[str, object]:
    """A mapping from attributes to values.

    Raises:
        InputError: Something else.
    """
    if not isinstance(values, Mapping):
        raise InputError(
            what, expected="a dict of attributes and values", received=type(values).__name__
        )
    return values
