from __future__ import annotations

import numpy as np
import pytest

from annconv.conversion.annarchy.normalisation import (
    normalise_weights,
    scale_factor_fault,
    scale_factors,
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, (2.0, 3.0, 4.0)), (5, (5.0, 5.0, 5.0)), (1.5, (1.5, 1.5, 1.5)),
        (np.float32(2.5), (2.5, 2.5, 2.5)), ([1, 2, 3], (1.0, 2.0, 3.0)),
        ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0)), (np.array([1.0, 2.0, 3.0]), (1.0, 2.0, 3.0)),
    ],
)  # fmt: skip
def test_one_factor_for_each_layer(given, expected):
    assert scale_factor_fault(given) is None
    assert scale_factors(given, 3) == expected


@pytest.mark.parametrize(
    "given",
    [
        "2",
        0,
        -1.0,
        np.nan,
        np.inf,
        True,
        [1, "2"],
        [[1, 2]],
        [1, 0],
        {1: 2},
        np.ones((2, 2)),
        1j,
        10**400,
    ],
)
def test_what_is_no_factor_is_a_fault(given):
    fault = scale_factor_fault(given)
    assert fault.startswith("scale_factor: expected None, a number above 0, or a list of them")
    assert fault.endswith(f"received {given!r}.")


def test_the_number_of_factors_must_fit():
    with pytest.raises(ValueError, match="expected 3 factors, one per Dense, .* received 2"):
        scale_factors([1.0, 2.0], 3)


def test_the_largest_sum_of_positive_weights_becomes_the_factor():
    kernel = np.random.default_rng(0).normal(size=(3, 3, 2, 4)).astype(np.float32)
    normalised = normalise_weights(kernel, 2.5)
    sums = [normalised[..., f][normalised[..., f] > 0].sum() for f in range(4)]
    assert max(sums) == pytest.approx(2.5)
    ratio = normalised / kernel.astype(np.float64)
    np.testing.assert_allclose(ratio, ratio.flat[0])
    assert normalised.dtype == np.float64


def test_weights_that_are_never_positive_stay():
    np.testing.assert_array_equal(normalise_weights(-np.ones((2, 2)), 3.0), -np.ones((2, 2)))
