"""Fused multiply-add against exact fractions, also where numbers are tiny, huge or not finite."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from annconv.reference.fused import fused_multiply_add


def exact(a: float, b: float, c: float) -> float:
    """Python rounds fractions correctly."""
    return float(Fraction(a) * Fraction(b) + Fraction(c))


@pytest.mark.parametrize("spread", [1, 30, 60, 400])
def test_random_numbers(spread):
    rng = np.random.default_rng(spread)
    a, b, c = (rng.normal(size=2000) * 2.0 ** rng.integers(-spread, spread, 2000) for _ in "abc")
    c[::4] = -a[::4] * b[::4]  # only what the product lost is left
    c[1::4] = -np.nextafter(a[1::4] * b[1::4], 0.0)
    c[2::4] = a[2::4] * b[2::4] * 2.0 ** rng.integers(45, 60, 500)  # halves of a last bit
    received = fused_multiply_add(a, b, c)
    expected = [exact(*map(float, numbers)) for numbers in zip(a, b, c, strict=True)]
    assert received.tolist() == expected
    assert (received != a * b + c).any()


def test_halves_are_decided_by_what_lies_behind_them():
    """1 + 2^-53 is halfway between two doubles; a speck more or less decides."""
    a, b = 1.0 + 2.0**-30, 2.0**-53 * (1.0 - 2.0**-30)  # product a hair below 2^-53
    assert fused_multiply_add(a, b, 1.0) == 1.0
    assert fused_multiply_add(a, b, 1.0 + 2.0**-52) == 1.0 + 2.0**-52
    assert fused_multiply_add(a, 2.0**-53, 1.0) == 1.0 + 2.0**-52


@pytest.mark.parametrize(
    ("a", "b", "c"),
    [
        (1e200, 1e200, -math.inf),
        (1e200, 1e200, 0.0),
        (1e200, -1e200, 1e308),
        (1e308, 10.0, -1.5e308),
        (3e-200, 7e-130, 5e-324),
        (5e-324, 5e-324, 0.0),
        (-5e-324, 5e-324, 0.0),
        (5e-324, 0.25, 5e-324),
        (math.inf, 0.0, 1.0),
        (math.nan, 1.0, 1.0),
        (0.0, -1.0, 0.0),
        (0.0, -1.0, -0.0),
        (1e-300, 1.0, -1e-300),
    ],
)
def test_numbers_at_the_limits(a, b, c):
    received = float(fused_multiply_add(a, b, c))
    if all(map(math.isfinite, (a, b, c))) and Fraction(a) * Fraction(b) + Fraction(c) != 0:
        product = Fraction(a) * Fraction(b) + Fraction(c)
        try:
            expected = float(product) or (0.0 if product > 0 else -0.0)
        except OverflowError:
            expected = math.inf if product > 0 else -math.inf
    else:
        with np.errstate(all="ignore"):
            expected = float(np.float64(a) * np.float64(b) + np.float64(c))
    assert repr(received) == repr(expected)


def test_shapes_broadcast():
    received = fused_multiply_add(np.ones((2, 1)), np.arange(3.0), np.float64(1e-20))
    assert received.shape == (2, 3)
    assert fused_multiply_add(np.float64(2.0), np.float64(3.0), np.float64(1.0)) == 7.0


def exact_single(a: np.float32, b: np.float32, c: np.float32) -> np.float32:
    """The single nearest to the exact sum, of an even last bit where two are as near."""
    total = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c))
    guess = np.float32(float(total))
    around = [
        guess,
        np.nextafter(guess, np.float32(np.inf)),
        np.nextafter(guess, -np.float32(np.inf)),
    ]
    return min(
        around, key=lambda one: (abs(Fraction(float(one)) - total), int(one.view(np.int32)) & 1)
    )


@pytest.mark.parametrize("spread", [1, 12, 40])
def test_single_precision_rounds_once(spread):
    rng = np.random.default_rng(spread)
    scales = [2.0 ** rng.integers(-spread, spread, 900) for _ in "abc"]
    a, b, c = ((rng.normal(size=900) * scale).astype(np.float32) for scale in scales)
    c[::3] = -(a[::3] * b[::3])  # only what the product lost is left
    c[1::3] = (a[1::3] * b[1::3] * 2.0 ** rng.integers(20, 32, 300)).astype(np.float32)
    received = fused_multiply_add(a, b, c)
    assert received.dtype == np.float32
    expected = [exact_single(*numbers) for numbers in zip(a, b, c, strict=True)]
    np.testing.assert_array_equal(received, np.array(expected, np.float32))
    assert (received != a * b + c).any()


def test_single_precision_is_not_rounded_to_double_first():
    """(1 + 2^-12)^2 lies between two singles; what decides is less than a double tells apart."""
    factor = np.float32(1.0 + 2.0**-12)
    below, above = np.float32(1.0 + 2.0**-11), np.float32(1.0 + 2.0**-11 + 2.0**-23)
    speck = np.float32(2.0**-80)
    assert fused_multiply_add(factor, factor, speck) == above
    assert fused_multiply_add(factor, factor, -speck) == below


def test_single_precision_at_the_limits():
    most, inf = np.finfo(np.float32).max, np.float32(np.inf)
    assert fused_multiply_add(most, most, -most) == inf
    assert fused_multiply_add(most, np.float32(1.0), most) == inf
    assert np.isnan(fused_multiply_add(inf, np.float32(0.0), most))
    assert np.signbit(fused_multiply_add(np.float32(0.0), np.float32(-1.0), np.float32(-0.0)))
