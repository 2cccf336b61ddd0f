"""Whole weights: no sum that is added up in 16 bits overflows, and typical weights have levels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from annconv.plan.quantisation import (
    FEWEST_LEVELS,
    safe_additions,
    typical_levels,
    units_of,
    whole_weights,
)

INT16 = 2**15 - 1
SINGLE = 2**24


def largest_sums(whole: NDArray[np.int16], additions: int) -> NDArray[np.int64]:
    """The largest magnitude that `additions` spikes can give each channel."""
    return -np.sort(-np.abs(whole.astype(np.int64)), axis=0)[:additions].sum(axis=0)


@given(
    seed=st.integers(0, 2**32 - 1),
    inputs=st.integers(1, 6000),
    channels=st.integers(1, 5),
    size=st.sampled_from([1e-30, 1e-3, 1.0, 1e9]),
    heavy=st.booleans(),
)
def test_what_is_added_in_16_bits_fits(
    seed: int, inputs: int, channels: int, size: float, heavy: bool
) -> None:
    rng = np.random.default_rng(seed)
    weights = size * (rng.standard_cauchy if heavy else rng.normal)(size=(inputs, channels))
    units = units_of(weights)
    whole = whole_weights(weights, units)
    assert whole.dtype == np.int16
    additions = safe_additions(inputs) or inputs
    assert largest_sums(whole, additions).max() <= INT16
    assert largest_sums(whole, inputs).max() < SINGLE
    if additions == inputs:  # nothing is given away
        assert largest_sums(whole, inputs).min() >= 0.9 * INT16
    error = np.abs(whole * units.astype(np.float64) - weights)
    assert (error <= units * 0.500001).all()


def test_equal_weights_of_the_longest_sum_in_16_bits_keep_their_levels() -> None:
    inputs = next(count for count in range(1, 10_000) if safe_additions(count + 1))
    weights = np.full((inputs, 2), [0.1, -3.0])
    whole = whole_weights(weights, units_of(weights))
    assert (np.abs(whole) == FEWEST_LEVELS).all()
    longer = np.concatenate([weights, weights[:1]])
    assert (np.abs(whole_weights(longer, units_of(longer))) > FEWEST_LEVELS).all()


def test_every_channel_has_a_unit_of_its_own() -> None:
    weights = np.random.default_rng(0).normal(size=(5, 5, 16, 4)) * [1.0, 1000.0, 1e-6, 0.0]
    units = units_of(weights)
    assert units.dtype == np.float32
    assert units[3] == 1.0
    assert 900 < units[1] / units[0] < 1100
    whole = whole_weights(weights, units)
    for channel in range(3):
        error = np.abs(whole[..., channel] * float(units[channel]) - weights[..., channel])
        assert error.max() <= 0.51 * units[channel]
        assert error.max() < np.abs(weights[..., channel]).max() / 100


def test_a_few_large_weights_do_not_hide_that_the_others_are_lost() -> None:
    weights = np.random.default_rng(1).normal(size=(784, 3)) * 0.05
    weights[0, 1] = 20_000.0
    levels = typical_levels(weights, units_of(weights))
    assert levels[1] < 1.0
    assert levels[[0, 2]].min() > FEWEST_LEVELS


@pytest.mark.parametrize("share", [0.9, 0.995])
def test_sparse_weights_are_judged_by_those_there_are(share: float) -> None:
    rng = np.random.default_rng(2)
    weights = rng.normal(size=(1000, 4)) * (rng.random((1000, 4)) > share)
    assert typical_levels(weights, units_of(weights)).min() > 100
    tiny = np.where(weights == 0.0, 1e-4 * rng.normal(size=weights.shape), weights)
    if share == 0.9:
        assert typical_levels(tiny, units_of(tiny)).min() > FEWEST_LEVELS


def test_small_kernels_may_have_one_weight_that_outweighs_all_others() -> None:
    weights = np.full((3, 3, 1, 1), 1e-4)
    weights[1, 1] = 1.0
    assert typical_levels(weights, units_of(weights))[0] > FEWEST_LEVELS


def test_no_weights_but_zeros() -> None:
    zeros = np.zeros((4, 2))
    assert (units_of(zeros) == 1.0).all()
    assert (typical_levels(zeros, units_of(zeros)) == np.inf).all()
    assert not whole_weights(zeros, units_of(zeros)).any()
