from __future__ import annotations

import pytest

from annconv.conversion.annarchy.thresholds import largest_step, lowered_threshold


@pytest.mark.parametrize(
    ("index", "expected"), [(0, 1.0), (1, 0.95), (3, 1.0 - 0.05 * 3), (6, 1.0 - 0.05 * 6)]
)
def test_thresholds_fall_with_the_index(index, expected):
    assert lowered_threshold(1.0, 0.05, index) == expected


@pytest.mark.parametrize(
    ("initial", "index", "expected"),
    [(1.0, 21, 0.04), (1.0, 20, 0.04), (1.0, 100, 0.009), (0.5, 30, 0.01), (30.0, 2, 10.0)],
)
def test_the_largest_step_of_one_digit_leaves_a_threshold(initial, index, expected):
    step = largest_step(initial, index)
    assert step == expected
    assert lowered_threshold(initial, step, index) > 0
