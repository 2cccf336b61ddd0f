"""How a structure is written: canonical JSON and arrays, and the digest made of them.

Every class has a record beside it, which says what its fields are and how each is written. Encoding
replaces an array by a reference (name, dtype, shape) and keeps its values aside; decoding accepts
exactly what encoding writes: no missing or unknown field, no other type, no class without a record.

The text is canonical (sorted keys, no spaces, shortest float that reads back, no NaN), so equal
structures have equal text and a digest of text and arrays identifies a structure.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from numbers import Integral, Real
from reprlib import Repr
from typing import Any

import numpy as np

from annconv.errors import InputError
from annconv.ir.arrays import AnyArray, freeze, freeze_places, freeze_weights

Arrays = dict[str, AnyArray]
"""Values of the arrays of one structure, by the path of the field that holds them."""

MAX_WHOLE = 2**31 - 1
"""Largest magnitude of a whole number in a structure."""

DTYPES = ("<f4", "<f8")
"""Types of arrays, little-endian float32 and float64."""

WEIGHT_DTYPES = (*DTYPES, "<i2")
"""Types of weights, which may be whole numbers."""

PLACE_DTYPE = "<i4"
"""Type of places."""


class _Always:
    """The mark of a field that every file holds."""


_ALWAYS = _Always()


@dataclass(frozen=True, slots=True)
class Coder:
    """How one kind of value is written and read.

    Attributes:
        encode: (value, where, arrays) -> JSON value; puts array values into `arrays`.
        decode: (JSON value, where, arrays) -> value; takes array values out of `arrays`.
        absent: The value of a field that is not written.
    """

    encode: Callable[[Any, str, Arrays], Any]
    decode: Callable[[Any, str, Arrays], Any]
    absent: Any = _ALWAYS


_PLAIN = (str, int, float, list, tuple, dict, type(None))


def _refuse(where: str, expected: object, received: object) -> InputError:
    """The error for a value of the wrong kind, which is shown in short."""
    short = Repr()
    short.maxstring = short.maxlong = 60
    shown = short.repr(received) if isinstance(received, _PLAIN) else f"a {type(received).__name__}"
    return InputError(where or "the structure", expected=expected, received=shown)


def _text(value: Any, where: str, _: Arrays) -> str:
    if not isinstance(value, str):
        raise _refuse(where, "text", value)
    return str(value)


def _whole(value: Any, where: str, _: Arrays) -> int:
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    if not whole or not -MAX_WHOLE <= value <= MAX_WHOLE:
        raise _refuse(where, f"a whole number of at most {MAX_WHOLE} either way", value)
    return int(value)


def _encode_real(value: Any, where: str, _: Arrays) -> float:
    if not isinstance(value, Real) or isinstance(value, bool) or not math.isfinite(value):
        raise _refuse(where, "a finite number", value)
    return float(value)


def _decode_real(value: Any, where: str, _: Arrays) -> float:
    if not isinstance(value, float) or not math.isfinite(value):
        raise _refuse(where, "a finite number with a decimal point or exponent", value)
    return value


def _encode_array(value: Any, where: str, arrays: Arrays) -> dict[str, Any]:
    if not isinstance(value, np.ndarray) or value.dtype.str not in DTYPES:
        raise _refuse(where, "an array of float32 or float64", value)
    return _array_reference(value, where, arrays)


def _encode_weights(value: Any, where: str, arrays: Arrays) -> dict[str, Any]:
    if not isinstance(value, np.ndarray) or value.dtype.str not in WEIGHT_DTYPES:
        raise _refuse(where, "an array of float32, float64 or int16", value)
    return _array_reference(value, where, arrays)


def _encode_places(value: Any, where: str, arrays: Arrays) -> dict[str, Any]:
    if not isinstance(value, np.ndarray) or value.dtype.str != PLACE_DTYPE:
        raise _refuse(where, "an array of int32", value)
    return _array_reference(value, where, arrays)


def _array_reference(value: AnyArray, where: str, arrays: Arrays) -> dict[str, Any]:
    """What stands in the text for an array that is kept aside."""
    arrays[where] = value
    return {"array": where, "dtype": value.dtype.str, "shape": list(value.shape)}


def _decode_array(value: Any, where: str, arrays: Arrays) -> AnyArray:
    return freeze(_referred_array(value, where, arrays))


def _decode_weights(value: Any, where: str, arrays: Arrays) -> AnyArray:
    return freeze_weights(_referred_array(value, where, arrays))


def _decode_places(value: Any, where: str, arrays: Arrays) -> AnyArray:
    return freeze_places(_referred_array(value, where, arrays))


def _referred_array(value: Any, where: str, arrays: Arrays) -> AnyArray:
    """The array to which a text refers, taken out of `arrays`."""
    _fields(value, where, ("array", "dtype", "shape"))
    shape = SHAPE.decode(value["shape"], f"{where}.shape", arrays)
    if value["array"] != where:
        raise _refuse(f"{where}.array", repr(where), value["array"])
    found = arrays.pop(where, None)
    if found is None:
        raise InputError(where, expected="its array", received="none")
    if found.dtype.str != value["dtype"] or found.shape != shape:
        expected = f"an array of dtype {value['dtype']!r:.20} and shape {shape}"
        raise InputError(
            where, expected=expected, received=f"{found.dtype.str!r} and {found.shape}"
        )
    return found


TEXT = Coder(_text, _text)
WHOLE = Coder(_whole, _whole)
REAL = Coder(_encode_real, _decode_real)
ARRAY = Coder(_encode_array, _decode_array)
WEIGHTS = Coder(_encode_weights, _decode_weights)
PLACES = Coder(_encode_places, _decode_places)


def optional(coder: Coder) -> Coder:
    """A value or None, written as null."""

    def encode(value: Any, where: str, arrays: Arrays) -> Any:
        return None if value is None else coder.encode(value, where, arrays)

    def decode(value: Any, where: str, arrays: Arrays) -> Any:
        return None if value is None else coder.decode(value, where, arrays)

    return Coder(encode, decode)


def added(coder: Coder, absent: str | float | None) -> Coder:
    """A field that files of the same format had not from the beginning.

    Args:
        coder: How its other values are written.
        absent: The value that keeps the meaning of files without the field. It is not written, so
            that the text and the digest of whatever does not use the field stay what they were.
    """
    return replace(coder, absent=absent)


def several(coder: Coder, count: int | None = None) -> Coder:
    """A tuple of values of one kind, written as a list; of `count` values where that is given."""
    expected = "a list" if count is None else f"a list of {count}"

    def fits(value: Any, kind: type[list[Any]] | type[tuple[Any, ...]]) -> bool:
        return isinstance(value, kind) and (count is None or len(value) == count)

    def encode(value: Any, where: str, arrays: Arrays) -> list[Any]:
        if not fits(value, tuple):
            raise _refuse(where, expected.replace("list", "tuple"), value)
        return [coder.encode(item, f"{where}.{i}", arrays) for i, item in enumerate(value)]

    def decode(value: Any, where: str, arrays: Arrays) -> tuple[Any, ...]:
        if not fits(value, list):
            raise _refuse(where, expected, value)
        return tuple(coder.decode(item, f"{where}.{i}", arrays) for i, item in enumerate(value))

    return Coder(encode, decode)


def mapping(coder: Coder) -> Coder:
    """A mapping from text to values of one kind, written as an object."""

    def apply(function: Callable[[Any, str, Arrays], Any]) -> Callable[[Any, str, Arrays], Any]:
        def run(value: Any, where: str, arrays: Arrays) -> dict[str, Any]:
            if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
                raise _refuse(where, "a mapping from text", value)
            return {key: function(value[key], f"{where}.{key}", arrays) for key in sorted(value)}

        return run

    return Coder(apply(coder.encode), apply(coder.decode))


def named_value(coder: Coder) -> Coder:
    """A pair of name and value, written as a list of two."""

    def encode(value: Any, where: str, arrays: Arrays) -> list[Any]:
        if not isinstance(value, tuple) or len(value) != 2:
            raise _refuse(where, "a pair of name and value", value)
        return [_text(value[0], f"{where}.0", arrays), coder.encode(value[1], f"{where}.1", arrays)]

    def decode(value: Any, where: str, arrays: Arrays) -> tuple[str, Any]:
        if not isinstance(value, list) or len(value) != 2:
            raise _refuse(where, "a pair of name and value", value)
        return _text(value[0], f"{where}.0", arrays), coder.decode(value[1], f"{where}.1", arrays)

    return Coder(encode, decode)


def _fields(
    value: Any, where: str, expected: tuple[str, ...], absent: Mapping[str, Any] | None = None
) -> None:
    """Refuse what is not an object with exactly these fields; those in `absent` may be missing."""
    if not isinstance(value, dict):
        raise _refuse(where, f"an object with {', '.join(expected)}", value)
    needed = [name for name in expected if name not in (absent or {})]
    missing = [f"no {name!r}" for name in needed if name not in value]
    unknown = [f"unknown {name!r}" for name in value if name not in expected]
    if missing or unknown:
        received = ", ".join(missing + unknown[:5])
        raise InputError(
            where or "the structure", expected=f"fields {', '.join(expected)}", received=received
        )


def record(cls: type, **fields: Coder) -> Coder:
    """A dataclass, written as an object with its fields."""
    expected = tuple(fields)
    absent = {name: coder.absent for name, coder in fields.items() if coder.absent is not _ALWAYS}

    def written(value: Any, name: str) -> bool:
        return name not in absent or getattr(value, name) != absent[name]

    def encode(value: Any, where: str, arrays: Arrays) -> dict[str, Any]:
        if type(value) is not cls:
            raise _refuse(where, f"a {cls.__name__}", value)
        return {
            name: coder.encode(getattr(value, name), _inside(where, name), arrays)
            for name, coder in fields.items()
            if written(value, name)
        }

    def decode(value: Any, where: str, arrays: Arrays) -> Any:
        _fields(value, where, expected, absent)
        decoded = {
            name: coder.decode(value[name], _inside(where, name), arrays)
            for name, coder in fields.items()
            if name in value
        }
        return cls(**{**absent, **decoded})

    return Coder(encode, decode)


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def one_of(what: str, classes: Mapping[type, Coder]) -> Coder:
    """One of several dataclasses, written as an object with its class name under "class"."""
    by_name = {cls.__name__: coder for cls, coder in classes.items()}

    def encode(value: Any, where: str, arrays: Arrays) -> dict[str, Any]:
        if type(value) not in classes:
            raise _refuse(where, what, value)
        encoded: dict[str, Any] = classes[type(value)].encode(value, where, arrays)
        return {"class": type(value).__name__, **encoded}

    def decode(value: Any, where: str, arrays: Arrays) -> Any:
        name = value.get("class") if isinstance(value, dict) else None
        if not isinstance(name, str) or name not in by_name:
            raise _refuse(where, f"{what}: one of {', '.join(by_name)}", value)
        rest = {key: item for key, item in value.items() if key != "class"}
        return by_name[name].decode(rest, where, arrays)

    return Coder(encode, decode)


SHAPE = several(WHOLE)
PADDING = several(several(WHOLE, count=2))


def canonical_json(value: object) -> str:
    """The one text of a JSON value: sorted keys, no spaces, ASCII, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def encode(coder: Coder, structure: object) -> tuple[dict[str, Any], Arrays]:
    """A structure as a JSON value and the arrays it refers to.

    Raises:
        InputError: A field holds a value of another type than it declares.
    """
    arrays: Arrays = {}
    return coder.encode(structure, "", arrays), arrays


def decode(coder: Coder, value: object, arrays: Mapping[str, AnyArray]) -> Any:
    """The structure that `encode` wrote; its rules are not checked.

    Args:
        coder: Of its class.
        value: JSON value.
        arrays: Exactly the arrays it refers to.
    Raises:
        InputError: A field is missing, unknown or of another type, or arrays do not match.
    """
    left = dict(arrays)
    structure = coder.decode(value, "", left)
    if left:
        received = ", ".join(sorted(left)[:5])
        raise InputError("arrays", expected="only those of the structure", received=received)
    return structure


def digest(encoded: object, arrays: Mapping[str, AnyArray]) -> str:
    """SHA-256 over the text, which holds dtypes and shapes, and the bytes of all arrays.

    Args:
        encoded: JSON value of a structure.
        arrays: The arrays it refers to.
    """
    text = canonical_json(encoded).encode("ascii")
    sha = hashlib.sha256(f"{len(text)}:".encode() + text)
    for name in sorted(arrays):
        sha.update(np.ascontiguousarray(arrays[name]).data)
    return sha.hexdigest()
