"""Arrays of the intermediate representations: fixed type, write-protected, known by content."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.ir.arrays import array_digest, describe_array, freeze


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.ones(3, dtype=">f4"), "<f4"),
        (np.ones(3, dtype=np.float16), "<f8"),
        (np.ones(3, dtype=np.int64), "<f8"),
        ([1, 2, 3], "<f8"),
        (2.5, "<f8"),
    ],
)
def test_freeze_knows_two_types(values, dtype):
    frozen = freeze(values)
    assert frozen.dtype.str == dtype
    assert frozen.flags.c_contiguous
    assert not frozen.flags.writeable
    assert np.array_equal(frozen, values)


def test_freeze_copies_and_orders():
    values = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    frozen = freeze(values)
    values[:] = 0
    assert frozen.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_digest_tells_type_shape_and_values_apart():
    arrays = [
        np.zeros(4, dtype=np.float32),
        np.zeros(2, dtype=np.float64),
        np.zeros((2, 2), dtype=np.float32),
        np.array([0, 0, 0, 1], dtype=np.float32),
        np.float64(0),
    ]
    assert len({array_digest(freeze(array)) for array in arrays}) == len(arrays)
    assert array_digest(freeze([1.0, 2.0])) == array_digest(freeze([1, 2]))


def test_a_single_number_is_described_by_itself():
    assert describe_array(freeze(0.1)) == "0.1"
