"""Linear joins as sums: the operators that bring each input to its place in the result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from annconv.ir.arrays import Geometry
from annconv.ir.joins import Add, Concatenate, Subtract
from annconv.ir.operators import Convolution, Dense, Pad, Reshape, Scale, Slice, Upsample

LinearJoin = Add | Subtract | Concatenate
"""Joins whose result is a sum of what linear operators make of each input."""
Placing = Convolution | Dense | Pad | Reshape | Scale | Slice | Upsample
"""Such operators."""


def placing(join: LinearJoin, shapes: Sequence[Geometry], place: int) -> tuple[Placing, ...]:
    """Operators for one input of a join; the sum of all inputs behind theirs is what it computes.

    Args:
        join: One that can join the shapes.
        shapes: Of all inputs.
        place: Which of them.
    """
    if isinstance(join, Concatenate):
        return _concatenating(join.axis, shapes, place)
    sign = (Scale(np.asarray(-1.0)),) if isinstance(join, Subtract) and place else ()
    return (*sign, *repeating(shapes[place], np.broadcast_shapes(*shapes)))


def repeating(shape: Geometry, result: Geometry) -> tuple[Placing, ...]:
    """Operators that repeat values along axes of extent 1, and along axes missing in front.

    Args:
        shape: Of the values.
        result: To which it can be repeated, as NumPy broadcasts.
    """
    operators: list[Placing] = []
    rank = len(result) - 1
    if len(shape) < len(result):
        shape = (*(1,) * (len(result) - len(shape)), *shape)
        operators.append(Reshape(shape))
    if shape[-1] != result[-1]:
        ones = (1,) * rank
        kernel = np.ones((*ones, 1, result[-1]))
        alike = Convolution(kernel, ones, ((0, 0),) * rank, ones) if rank else Dense(kernel)
        operators.append(alike)
    repeats = tuple(
        to if extent != to else 1 for extent, to in zip(shape[:-1], result[:-1], strict=True)
    )
    if any(factor != 1 for factor in repeats):
        operators.append(Upsample(repeats))
    return tuple(operators)


def _concatenating(axis: int, shapes: Sequence[Geometry], place: int) -> tuple[Placing, ...]:
    """Zeros where the other inputs stand."""
    extents = [shape[axis] for shape in shapes]
    before, behind = sum(extents[:place]), sum(extents[place + 1 :])
    if axis == -1:
        return (Slice(before, sum(extents)),)
    padding = [(0, 0)] * (len(shapes[place]) - 1)
    padding[axis + 1] = (before, behind)
    return (Pad(tuple(padding)),)
