"""Medians, ratios and fits of measured times, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Median of the ratios of paired repeats."""
    pairs = zip(numerators, denominators, strict=True)
    return median(above / below for above, below in pairs)


def three_digits(number: float) -> str:
    """A number with three significant digits, without an exponent: 0.0123, 12.3, 1,230."""
    if number == 0 or not math.isfinite(number):
        return f"{number:g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(number))))
    if decimals:
        return f"{number:,.{decimals}f}"
    power = 10 ** (math.floor(math.log10(abs(number))) - 2)
    return f"{round(number / power) * power:,.0f}"


def readable(seconds: float) -> str:
    """Seconds in the unit that suits them: 1.77 s, 9.21 ms, 850 µs."""
    size, unit = next((entry for entry in UNITS if abs(seconds) >= entry[0]), UNITS[-1])
    return f"{three_digits(seconds / size)} {unit}"


def typical(seconds: Sequence[float]) -> str:
    """The median of several repeats, and the fastest and slowest of them in brackets."""
    middle = readable(median(seconds))
    if len(seconds) == 1:
        return middle
    return f"{middle} ({readable(min(seconds))} to {readable(max(seconds))})"


def megabytes(size: float) -> str:
    """A number of bytes in MB of 10^6 bytes."""
    return f"{three_digits(size / 1e6)} MB"


@dataclass(frozen=True, slots=True)
class Fit:
    """A straight line through points.

    Attributes:
        slope: Of the line.
        intercept: Its value at 0.
        r_squared: Share of the points' variance that the line explains.
        deviation: Largest distance of a point from the line, as a share of the largest point.
    """

    slope: float
    intercept: float
    r_squared: float
    deviation: float

    def __str__(self) -> str:
        deviation = f"{100 * self.deviation:.1f} % of the largest"
        return f"R² {self.r_squared:.4f}, off the line by at most {deviation}"


def linear_fit(x: Sequence[float], y: Sequence[float]) -> Fit:
    """The line of least squares.

    Args:
        x: Two different values or more.
        y: One positive value for each.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    slope, intercept = (float(value) for value in np.polyfit(xs, ys, 1))
    rest = ys - (slope * xs + intercept)
    spread = float(((ys - ys.mean()) ** 2).sum())
    explained = 1.0 if spread == 0 else 1.0 - float((rest**2).sum()) / spread
    return Fit(slope, intercept, explained, float(np.abs(rest).max() / ys.max()))
