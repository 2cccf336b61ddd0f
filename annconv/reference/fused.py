"""a*b + c with one rounding, as the `fma` of C, which NumPy and Python before 3.13 do not have."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]

_SPLIT = 134217729.0  # 2^27 + 1: halves the 53 bits of a double
_LEAST_FACTOR, _MOST_FACTOR, _MOST_SUMMAND = 2.0**-450, 2.0**450, 2.0**900
"""Within these limits no part of a product or sum overflows, and none loses bits to underflow."""


def fused_multiply_add(a: Values, b: Values, c: Values) -> Values:
    """a*b + c, rounded once.

    Args:
        a: A factor.
        b: A factor.
        c: What is added; the three broadcast together.
    Returns:
        float32 where all three are, else float64.
    Source: Boldo and Melquiond 2008, Emulation of a FMA and correctly rounded sums: proved
        algorithms using rounding to odd.
    """
    single = np.result_type(a, b, c) == np.float32
    a, b, c = (np.asarray(value, np.float64) for value in np.broadcast_arrays(a, b, c))
    with np.errstate(all="ignore"):
        return _of_singles(a, b, c) if single else _of_doubles(a, b, c)


def _of_singles(a: Doubles, b: Doubles, c: Doubles) -> NDArray[np.float32]:
    """Of numbers that single precision holds: a double holds their product."""
    plain = a * b + c
    fused = np.where(np.isfinite(plain), _sum_to_odd(a * b, c), plain)
    return fused.astype(np.float32)


def _of_doubles(a: Doubles, b: Doubles, c: Doubles) -> Doubles:
    high, low = _exact_product(a, b)
    small, small_rest = _exact_sum(c, low)
    large, large_rest = _exact_sum(high, small)
    fused = np.asarray(large + _sum_to_odd(small_rest, large_rest))
    fused = np.where(fused == 0.0, a * b + c, fused)  # a zero has the sign of the plain sum's
    usual = _is_usual(a) & _is_usual(b) & (np.abs(c) <= _MOST_SUMMAND)
    for place in np.argwhere(~usual):
        index = tuple(place)
        fused[index] = _one(float(a[index]), float(b[index]), float(c[index]))
    return fused


def _is_usual(factor: Doubles) -> NDArray[np.bool_]:
    size = np.abs(factor)
    return np.asarray((size == 0.0) | ((size >= _LEAST_FACTOR) & (size <= _MOST_FACTOR)))


def _exact_product(a: Doubles, b: Doubles) -> tuple[Doubles, Doubles]:
    """The rounded product, and what is missing from it (Dekker 1971)."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    missing = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    return product, missing


def _halves(value: Doubles) -> tuple[Doubles, Doubles]:
    """Two numbers of half as many bits whose sum it is (Veltkamp 1968)."""
    scaled = _SPLIT * value
    high = scaled - (scaled - value)
    return high, value - high


def _exact_sum(a: Doubles, b: Doubles) -> tuple[Doubles, Doubles]:
    """The rounded sum, and what is missing from it (Knuth 1969)."""
    total = a + b
    other = total - a
    return total, (a - (total - other)) + (b - other)


def _sum_to_odd(a: Doubles, b: Doubles) -> Doubles:
    """The sum if it is a double, else the neighbour whose last bit is set."""
    total, missing = _exact_sum(a, b)
    even = (np.asarray(total).view(np.int64) & 1) == 0
    neighbour = np.nextafter(total, np.copysign(np.inf, missing))
    return np.asarray(np.where((missing != 0.0) & even, neighbour, total))


def _one(a: float, b: float, c: float) -> float:
    """Of any three numbers."""
    if not (math.isfinite(a) and math.isfinite(b) and math.isfinite(c)):
        return float(np.float64(a) * np.float64(b) + np.float64(c))
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:  # the sign of a zero is that of the plain sum
        return float(np.float64(a) * np.float64(b) + np.float64(c))
    try:
        rounded = float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf
    return rounded or (0.0 if exact > 0 else -0.0)
