"""Ratios, fits, and how numbers are written."""

import numpy as np
import pytest

from measures import linear_fit, megabytes, ratio, readable, three_digits, typical


def test_ratio_is_the_median_of_the_pairs_ratios():
    # The machine was ten times slower in the second pair, which changes nothing.
    assert ratio([2.0, 20.0, 6.0], [1.0, 10.0, 2.0]) == 2.0


def test_ratio_needs_pairs():
    with pytest.raises(ValueError, match="shorter"):
        ratio([1.0, 2.0], [1.0])


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (0.012345, "0.0123"),
        (1.0, "1.00"),
        (12.345, "12.3"),
        (123.45, "123"),
        (1234.5, "1,230"),
        (1876543, "1,880,000"),
        (-0.5, "-0.500"),
        (float("inf"), "inf"),
    ],
)
def test_three_digits(number, text):
    assert three_digits(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(1.77, "1.77 s"), (0.00921, "9.21 ms"), (85e-5, "850 µs"), (3e-8, "30.0 ns"), (0.0, "0 ns")],
)
def test_readable(seconds, text):
    assert readable(seconds) == text


def test_typical_names_median_and_extremes():
    assert typical([0.003, 0.001, 0.002]) == "2.00 ms (1.00 ms to 3.00 ms)"
    assert typical([0.002]) == "2.00 ms"


def test_megabytes():
    assert megabytes(435_904) == "0.436 MB"


def test_points_on_a_line_fit_it():
    fit = linear_fit([1, 2, 4], [5.0, 7.0, 11.0])
    assert (fit.slope, fit.intercept) == pytest.approx((2.0, 3.0))
    assert str(fit) == "R² 1.0000, off the line by at most 0.0 % of the largest"


def test_fit_agrees_with_correlation():
    x, y = [1, 2, 3, 4], [1.0, 3.0, 2.0, 5.0]
    fit = linear_fit(x, y)
    assert fit.r_squared == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    # The line is 1.1 x; furthest off is x = 3 with 3.3 for 2, beside a largest value of 5.
    assert fit.deviation == pytest.approx(1.3 / 5)


def test_equal_times_are_a_line():
    assert linear_fit([1, 2], [3.0, 3.0]).r_squared == 1.0
