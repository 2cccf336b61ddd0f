"""Checks of options: each looks at one field and says in a sentence what is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

from annconv.errors import OptionError, nearest

MAX_WHOLE = 2**31 - 1
"""Largest number that generated code counts to."""

Check = Callable[[Any], str | None]


def check(options: object, *checks: Check) -> None:
    """Run all checks on an options object and raise one OptionError that lists every fault."""
    faults = [fault for run in checks if (fault := run(options)) is not None]
    if faults:
        raise OptionError(faults)


def one_of(field: str, allowed: Iterable[str], *, optional: bool = False) -> Check:
    """The field is one of the allowed names, or None where `optional`."""
    names = tuple(allowed)

    def run(options: object) -> str | None:
        value = getattr(options, field)
        if (optional and value is None) or (isinstance(value, str) and value in names):
            return None
        return f"{field}: unknown value {value!r}. {nearest(value, names)}."

    return run


def whole(field: str, low: int, high: int = MAX_WHOLE, *, optional: bool = False) -> Check:
    """The field is a whole number in [low, high], or None where `optional`."""

    def run(options: object) -> str | None:
        value = getattr(options, field)
        if optional and value is None:
            return None
        if type(value) is int and low <= value <= high:
            return None
        counts = isinstance(value, Integral) and not isinstance(value, bool)
        if counts and low <= int(value) <= high:
            return None
        return f"{field}: expected a whole number from {low} to {high}, received {value!r}."

    return run


def among(field: str, allowed: Iterable[int], *, optional: bool = False) -> Check:
    """The field is one of the allowed numbers, or None where `optional`."""
    numbers = tuple(allowed)

    def run(options: object) -> str | None:
        value = getattr(options, field)
        whole_number = isinstance(value, Integral) and not isinstance(value, bool)
        if (optional and value is None) or (whole_number and value in numbers):
            return None
        return f"{field}: expected one of {', '.join(map(str, numbers))}, received {value!r}."

    return run


def number(field: str, *, positive: bool = False) -> Check:
    """The field is a finite number, above zero where `positive`."""

    def run(options: object) -> str | None:
        value = getattr(options, field)
        converted = finite_number(value)
        if converted is not None and (converted > 0 or not positive):
            return None
        kind = "a finite number above 0" if positive else "a finite number"
        return f"{field}: expected {kind}, received {value!r}."

    return run


def flag(field: str) -> Check:
    """The field is True or False."""

    def run(options: object) -> str | None:
        value = getattr(options, field)
        if isinstance(value, bool):
            return None
        return f"{field}: expected True or False, received {value!r}."

    return run


def tuple_of_names(field: str) -> Check:
    """The field is a tuple of names."""

    def run(options: object) -> str | None:
        value = getattr(options, field)
        if isinstance(value, tuple) and all(isinstance(entry, str) for entry in value):
            return None
        return f"{field}: expected a tuple of names, received {value!r}."

    return run


def finite_number(value: object) -> float | None:
    """A value as a float, None if it is no finite real number (a truth value is none)."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        converted = float(value)
    except OverflowError:  # a whole number that no float can hold
        return None
    return converted if math.isfinite(converted) else None
