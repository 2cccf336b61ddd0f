"""The gate for numbers: whatever is given as samples, values or weights becomes an array here.

What has no number behind it (masked entries, NaN, objects, tensors that give none) is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from annconv.errors import InputError

REAL_KINDS = "biuf"
_KINDS = {"U": "text", "S": "bytes", "O": "objects", "c": "complex numbers"}
_DEEPEST = 64
"""Lists in lists that NumPy makes axes of."""
_TENSORS = "Give a NumPy array; of a PyTorch tensor x: x.detach().cpu().numpy()."


def real_array(given: object, what: str, expected: str = "an array of numbers") -> NDArray[Any]:
    """Real numbers as an array of the type that they have.

    Args:
        given: A number, an array, an array-like, or lists of them.
        what: What was given, for the message.
        expected: What is taken there, for the message.
    Returns:
        A plain array of truth values, integers or floating point numbers, not always a copy.
    Raises:
        InputError: Entries are masked, the numbers cannot be had, or they are none.
    """
    if type(given) is np.ndarray and given.dtype.kind in REAL_KINDS:
        return given
    refuse_masked(given, what, expected)
    try:
        array = np.asanyarray(given)
    except MemoryError:
        raise
    except Exception as error:  # whatever the object's own conversion raises
        raise _unreadable(given, error, what, expected) from error
    refuse_masked(array, what, expected)
    array = np.asarray(array)
    if array.dtype.kind in REAL_KINDS:
        return array
    received = f"{_KINDS.get(array.dtype.kind, 'other values')} ({array.dtype})"
    if array.ndim == 0:
        received = f"{type(given).__name__} {_short(given)}"
    raise InputError(what, expected=expected, received=received, instead=_remedy(array))


def finite(
    values: NDArray[Any], what: str, expected: str, instead: str = "", kind: DTypeLike | None = None
) -> None:
    """Refuse NaN and infinity.

    Args:
        values: Real numbers.
        what: What was given, for the message.
        expected: What is taken there, for the message.
        instead: What to do, for the message.
        kind: The type in which they have to be finite; None: their own.
    Raises:
        InputError: Some are not; it says how many, and where the first one is.
    """
    right = np.isfinite(values if kind is None else in_type(values, kind))
    if all_true(right):
        return
    wrong = ~right
    first = values[_first(wrong)]
    received = f"{first:g}"
    if values.ndim:
        large = f"too large, as {first:g}" if np.isfinite(first) else "NaN or infinite"
        received = _count_and_first(wrong, large)
    raise InputError(what, expected=expected, received=received, instead=instead)


def all_true(found: NDArray[np.bool_]) -> bool:
    """Whether all entries are true, as `found.all()` says in thrice the time of a small array."""
    return bool(np.count_nonzero(found) == found.size)


def in_type(values: NDArray[Any], kind: DTypeLike) -> NDArray[Any]:
    """Numbers in another type; what is too large for it becomes infinite, without a warning."""
    if values.dtype == kind:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(kind, copy=False)


def refuse_masked(given: object, what: str, expected: str) -> None:
    """Refuse masked entries; an array of which none is masked is like any other.

    Args:
        given: An array, or lists of them.
        what: What was given, for the message.
        expected: What is taken there, for the message.
    Raises:
        InputError: Some are masked; it says how many, and where the first one is.
    """
    for part in _masked_arrays(given):
        mask = np.ma.getmaskarray(part)
        if mask.dtype == np.bool_ and mask.any():
            received = _count_and_first(mask, "masked") if mask.ndim else "a masked one"
            raise InputError(
                what,
                expected=f"{expected} without masked entries",
                received=received,
                instead="Say what stands there: x.filled(0).",
            )


def _first(wrong: NDArray[np.bool_]) -> tuple[int, ...]:
    """Index of the first that is wrong."""
    return tuple(int(index) for index in np.argwhere(wrong)[0])


def _count_and_first(wrong: NDArray[np.bool_], what: str) -> str:
    first = _first(wrong)
    where = first[0] if len(first) == 1 else first
    return f"{np.count_nonzero(wrong)} that are {what}, the first at index {where}"


def _masked_arrays(given: object, depth: int = 0) -> Iterator[np.ma.MaskedArray[Any, Any]]:
    """Masked arrays, also as parts of lists, of which NumPy would take the hidden values."""
    if isinstance(given, np.ma.MaskedArray):
        yield given
    elif isinstance(given, list | tuple) and depth < _DEEPEST:
        for entry in given:
            if isinstance(entry, list | tuple | np.ma.MaskedArray):
                yield from _masked_arrays(entry, depth + 1)


def _unreadable(given: object, error: Exception, what: str, expected: str) -> InputError:
    """The error for what cannot be made an array."""
    if isinstance(error, ValueError) and "inhomogeneous" in str(error):
        received, instead = f"a ragged list ({error})", ""
    else:
        text = " ".join(str(error).split()) or type(error).__name__
        received, instead = f"{type(given).__name__} that gives none ({text})", _TENSORS
    return InputError(what, expected=expected, received=received, instead=instead)


def _remedy(array: NDArray[Any]) -> str:
    """What to do about an array of something else than real numbers."""
    if array.dtype.kind == "V" and array.dtype.names is None:  # bfloat16, for instance
        return "Convert them: x.astype(np.float32)."
    if array.dtype.kind != "O" or not array.size:
        return ""
    first = array.reshape(-1)[0]
    if hasattr(first, "toarray"):
        return "A sparse matrix x is given as x.toarray()."
    if array.ndim and np.ndim(first):
        return "Arrays x of equal shapes become one by np.stack(list(x))."
    return "Convert them: x.astype(float)." if array.ndim and isinstance(first, Real) else ""


def _short(given: object, longest: int = 60) -> str:
    text = " ".join(repr(given).split())
    return text if len(text) <= longest else f"{text[:longest]}…"
