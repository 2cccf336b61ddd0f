"""Thresholds of channels whose values are known."""

import numpy as np
import pytest

from annconv.conversion.calibration.activations import BINS, Activations
from annconv.conversion.calibration.thresholds import RULES, thresholds


def activations(*channels, positions=4):
    low = np.array([min(values) for values in channels], float)
    high = np.array([max(values) for values in channels], float)
    counts = [
        np.histogram(values, BINS, (below, above if above > below else below + 1))[0]
        for values, below, above in zip(channels, low, high, strict=True)
    ]
    return Activations(low, high, np.array(counts), positions)


def squared_error(values, theta, levels):
    """By hand: nearest of `levels` multiples, cut above."""
    unit = theta / levels
    lowest = -levels if values.min() < 0 else 0
    return ((values - np.clip(np.rint(values / unit), lowest, levels) * unit) ** 2).sum()


@pytest.mark.parametrize("levels", [1, 4, 15])
@pytest.mark.parametrize("sign", [1, -1])
def test_least_squares_are_least(levels, sign):
    rng = np.random.default_rng(levels)
    values = np.maximum(rng.normal(0, 1, 4000), 0 if sign > 0 else -1) ** (2 + (sign < 0))
    (found,) = thresholds(activations(values), levels, RULES["least_squares"])
    best = min(
        np.abs(values).max() * (1 - 0.01 * step) for step in range(95)
        if step is not None
        and squared_error(values, np.abs(values).max() * (1 - 0.01 * step), levels)
        <= squared_error(values, found, levels)
    )  # fmt: skip
    lowest = min(
        squared_error(values, np.abs(values).max() * (1 - 0.01 * step), levels)
        for step in range(95)
    )
    assert squared_error(values, found, levels) <= 1.01 * lowest
    assert best <= found * 1.2


def test_maxima_and_percentiles():
    values = np.concatenate([np.linspace(0, 1, 9991), np.full(9, 50.0)])
    found = activations(values, -values)
    np.testing.assert_array_equal(RULES["maximum"](found, 8), [50.0, 50.0])
    np.testing.assert_allclose(RULES["percentile"](found, 8), [1.0, 1.0], atol=50 / BINS)


def test_silent_channels_take_the_largest_and_silent_populations_one():
    found = activations(np.zeros(9), np.linspace(0, 3, 9), np.linspace(0, 2, 9))
    np.testing.assert_array_equal(thresholds(found, 4, RULES["maximum"]), [3.0, 3.0, 2.0])
    silent = activations(np.zeros(9), np.zeros(9))
    np.testing.assert_array_equal(thresholds(silent, 4, RULES["maximum"]), [1.0, 1.0])


def test_channels_with_one_value_a_sample_share_a_threshold():
    found = activations(np.linspace(0, 1, 50), np.linspace(0, 4, 50), positions=1)
    np.testing.assert_array_equal(thresholds(found, 4, RULES["maximum"]), [4.0, 4.0])
    shared = thresholds(found, 4, RULES["least_squares"])
    assert shared[0] == shared[1]
    assert 2.5 < shared[0] <= 4.0
