"""Reading and setting attributes, whichever neurons are meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from annconv.errors import UnavailableError, nearest
from annconv.ir.arrays import Geometry
from annconv.live.slots import Slot
from annconv.live.values import as_one, as_values


class Guarded:
    """Refuses, in words, to set what can only be read; every other name may be set.

    Attributes:
        _kind: What the object is called in messages.
        _fixed: Attributes that are set once, when the object is made.
        _instead: Attribute -> what to do instead of setting it.
    """

    _kind: ClassVar[str]
    _fixed: ClassVar[frozenset[str]] = frozenset()
    _instead: ClassVar[Mapping[str, str]] = MappingProxyType({})

    def __setattr__(self, name: str, value: object) -> None:
        found = getattr(type(self), name, None)
        read_only = isinstance(found, property) and found.fset is None
        if read_only or (name in self._fixed and name in vars(self)):
            label = getattr(self, "name", None)
            owner = self._kind if label is None else f"{self._kind} {label!r}"
            instead = self._instead.get(name, "It follows from the model that was loaded.")
            raise UnavailableError(
                f"{owner}: {name!r} can be read but not set: received {value!r}. {instead}"
            )
        object.__setattr__(self, name, value)


def from_property(owner: object, name: str) -> bool:
    """Whether a lookup failed inside a property of that name, whose own error is the one to show.

    Python asks `__getattr__` where a property raises an AttributeError, too.
    """
    return hasattr(type(owner), name)


def missing(kind: str, owner: str, name: object, known: Iterable[str]) -> UnavailableError:
    """The error for an attribute that does not exist."""
    return UnavailableError(f"{kind} {owner!r} has no attribute {name!r}. {nearest(name, known)}.")


def read_slot(slot: Slot, geometry: Geometry) -> Any:
    """A float for a value that all share, else fresh float64 of the geometry."""
    if not slot.attribute.local:
        return float(slot.array[0])
    return np.array(slot.array, dtype=np.float64).reshape(geometry)


def write_slot(slot: Slot, value: object, size: int, owner: str) -> None:
    """Set one value for all neurons, or one for each.

    Raises:
        InputError: The value does not fit.
    """
    what = f"{owner}.{slot.attribute.name}"
    local = slot.attribute.local
    real = slot.real
    slot.write(as_values(value, size, what, real) if local else as_one(value, what, real))
