"""Linear joins are sums: what is placed and added up equals what NumPy joins by itself."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest

from annconv.conversion.placing import placing, repeating
from annconv.ir.joins import Add, Concatenate, Subtract
from annconv.ir.operators import Convolution, Dense, Reshape, Upsample
from annconv.reference.operators import apply_operator

N = 2
SHAPES = [
    [(3,), (3,)], [(1,), (3,)], [(2, 3), (3,)], [(4, 2, 3), (2, 1)], [(1, 5, 1), (4, 1, 3)],
    [(1,), (4, 5, 2)], [(1, 1, 1), (2, 2, 2), (2, 2, 2)],
]  # fmt: skip


def given(shapes):
    generator = np.random.default_rng(7)
    return [generator.normal(size=(N, *shape)) for shape in shapes]


def summed(join, values):
    shapes = [value.shape[1:] for value in values]
    placed = []
    for place, value in enumerate(values):
        result = value
        for operator in placing(join, shapes, place):
            result = apply_operator(operator, result)
        placed.append(result)
    assert {result.shape[1:] for result in placed} == {join.joined_geometry(shapes)}
    return reduce(np.add, placed)


@pytest.mark.parametrize("shapes", SHAPES)
def test_sums_and_differences(shapes):
    values = given(shapes)
    for sample in range(N):
        expected = reduce(np.add, [value[sample] for value in values])
        np.testing.assert_allclose(summed(Add(), values)[sample], expected, atol=1e-12)
        if len(values) == 2:
            expected = values[0][sample] - values[1][sample]
            np.testing.assert_allclose(summed(Subtract(), values)[sample], expected, atol=1e-12)


@pytest.mark.parametrize("axis", [-1, -2, -3])
def test_parts_side_by_side(axis):
    shapes = [[2, 3, 4], [2, 3, 4], [2, 3, 4]]
    for extent, shape in zip((1, 2, 3), shapes, strict=True):
        shape[axis] = extent
    values = given(shapes)
    received = summed(Concatenate(axis), values)
    np.testing.assert_array_equal(received, np.concatenate(values, axis=axis))


def test_nothing_is_placed_that_is_in_place():
    assert placing(Add(), [(2, 3), (2, 3)], 1) == ()
    assert repeating((3,), (3,)) == ()
    assert [type(operator) for operator in repeating((1,), (3,))] == [Dense]
    assert [type(operator) for operator in repeating((1,), (5, 3))] == [
        Reshape, Convolution, Upsample,
    ]  # fmt: skip
