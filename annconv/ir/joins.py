"""How a Graph joins branches: one small class per way.

Shapes are without the batch axis. Axes are counted from the end, -1 being the channels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from annconv.ir.arrays import Geometry
from annconv.ir.records import WHOLE, Coder, record


def _repeated_geometry(shapes: Sequence[Geometry]) -> Geometry | None:
    """The common shape once extents of 1 are repeated, None where others differ."""
    try:
        return tuple(np.broadcast_shapes(*shapes))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Add:
    """Sum of all inputs; extents of 1 are repeated, and axes missing in front count as 1."""

    def joined_geometry(self, shapes: Sequence[Geometry]) -> Geometry | None:
        """Geometry of the result, None if the inputs cannot be joined."""
        return _repeated_geometry(shapes)

    def __str__(self) -> str:
        return "add"


@dataclass(frozen=True, slots=True)
class Subtract:
    """The first of two inputs less the second; shapes as in `Add`."""

    def joined_geometry(self, shapes: Sequence[Geometry]) -> Geometry | None:
        """Geometry of the result, None if the inputs cannot be joined."""
        return _repeated_geometry(shapes) if len(shapes) == 2 else None

    def __str__(self) -> str:
        return "subtract"


@dataclass(frozen=True, slots=True)
class Multiply:
    """Product of all inputs; shapes as in `Add`."""

    def joined_geometry(self, shapes: Sequence[Geometry]) -> Geometry | None:
        """Geometry of the result, None if the inputs cannot be joined."""
        return _repeated_geometry(shapes)

    def __str__(self) -> str:
        return "multiply"


@dataclass(frozen=True, slots=True)
class Maximum:
    """The largest of all inputs; shapes as in `Add`."""

    def joined_geometry(self, shapes: Sequence[Geometry]) -> Geometry | None:
        """Geometry of the result, None if the inputs cannot be joined."""
        return _repeated_geometry(shapes)

    def __str__(self) -> str:
        return "maximum"


@dataclass(frozen=True, slots=True)
class Minimum:
    """The smallest of all inputs; shapes as in `Add`."""

    def joined_geometry(self, shapes: Sequence[Geometry]) -> Geometry | None:
        """Geometry of the result, None if the inputs cannot be joined."""
        return _repeated_geometry(shapes)

    def __str__(self) -> str:
        return "minimum"


@dataclass(frozen=True, slots=True)
class Concatenate:
    """All inputs side by side along one axis.

    Attributes:
        axis: Counted from the end, below 0.
    """

    axis: int = -1

    def joined_geometry(self, shapes: Sequence[Geometry]) -> Geometry | None:
        """Geometry of the result, None if the inputs cannot be joined."""
        first = shapes[0]
        if not -len(first) <= self.axis < 0:
            return None
        place = len(first) + self.axis
        before, behind = first[:place], first[place + 1 :]
        for shape in shapes:
            same_rank = len(shape) == len(first)
            if not same_rank or (shape[:place], shape[place + 1 :]) != (before, behind):
                return None
        return (*before, sum(shape[place] for shape in shapes), *behind)

    def __str__(self) -> str:
        return "concatenate" if self.axis == -1 else f"concatenate axis {self.axis}"


Join = Add | Subtract | Multiply | Maximum | Minimum | Concatenate

JOINS: Mapping[type, Coder] = MappingProxyType(
    {
        **{kind: record(kind) for kind in (Add, Subtract, Multiply, Maximum, Minimum)},
        Concatenate: record(Concatenate, axis=WHOLE),
    }
)
"""Every join, and how it is written."""
