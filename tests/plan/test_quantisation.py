"""Integer weights: no set of spikes overflows, and too many weights are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annconv.errors import InputError
from annconv.plan.quantisation import LARGEST, quantised, unit_of


@given(seed=st.integers(0, 2**32 - 1), inputs=st.integers(1, 2000), outputs=st.integers(1, 9))
def test_the_largest_sum_fits_16_bits(seed: int, inputs: int, outputs: int) -> None:
    weights = np.random.default_rng(seed).normal(size=(inputs, outputs))
    integers = quantised(weights, unit_of(weights, "p")).astype(np.int64)
    assert np.abs(integers).sum(axis=0).max() <= LARGEST
    assert np.abs(integers).sum(axis=0).max() >= 0.9 * LARGEST


def test_weights_come_back_within_half_a_unit() -> None:
    weights = np.random.default_rng(0).normal(size=(5, 5, 16, 64))
    unit = unit_of(weights, "p")
    integers = quantised(weights, unit)
    assert integers.dtype == np.int16
    assert np.abs(integers * unit - weights).max() <= unit / 2 * (1 + 1e-9)


def test_sums_of_equal_weights_still_fit() -> None:
    integers = quantised(np.full((1000, 3), 0.1), unit_of(np.full((1000, 3), 0.1), "p"))
    assert 1000 * int(integers[0, 0]) <= LARGEST


def test_weights_of_zero_have_a_unit() -> None:
    assert unit_of(np.zeros((4, 2)), "p") == 1.0


def test_too_many_weights_are_refused_with_the_layer() -> None:
    with pytest.raises(InputError) as caught:
        unit_of(np.ones((5000, 2)), "dense_proj_2")
    assert str(caught.value) == (
        "weights of 'dense_proj_2': expected a largest weight of 16 units or more in 16-bit sums "
        "that cannot overflow, received 6.1 units, for sums of 5000 weights. Compile with "
        "precision='single'."
    )
