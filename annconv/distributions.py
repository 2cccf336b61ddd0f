"""Random distributions made of uniform numbers, a fixed number of them for every draw.

The generated code does the same in C++ (`cpp/include/annconv/distributions.hpp`): the same
operations in the same order on doubles, with the functions of the C library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = Callable[[int], NDArray[np.float64]]
"""Uniform number k = 0, 1, 2, … of a draw, in (0, 1): of any shape, the same for every k."""

NUMBERS_PER_COUNTER = 4
"""Numbers that one value of the random generator's counter gives."""

GAMMA_ATTEMPTS = 8
"""All of them fail once in 10^10 draws at most; the result is then the mode's neighbour."""

BINOMIAL_ATTEMPTS = 20
"""Of two numbers each. All fail once in 10^10 draws at most; the result is then the mode."""

FEW_SUCCESSES = 10.0
"""Binomials with a smaller mean are counted up from 0, others drawn by rejection."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution.

    Attributes:
        arguments: Names of its arguments.
        counters: Values of the random generator's counter that one draw takes up.
        sample: Arguments and uniform numbers -> numbers of the distribution.
    """

    arguments: tuple[str, ...]
    counters: int
    sample: Callable[[Sequence[Any], Numbers], NDArray[np.float64]]


def _uniform(arguments: Sequence[Any], numbers: Numbers) -> NDArray[np.float64]:
    low, high = arguments
    return np.asarray(low + (high - low) * numbers(0))


def _normal(arguments: Sequence[Any], numbers: Numbers) -> NDArray[np.float64]:
    """Source: Box and Muller 1958, A note on the generation of random normal deviates."""
    mu, sigma = arguments
    return np.asarray(mu + sigma * _standard_normal(numbers(0), numbers(1)))


def _log_normal(arguments: Sequence[Any], numbers: Numbers) -> NDArray[np.float64]:
    return _many(_exp, 1)(_normal(arguments, numbers))


def _exponential(arguments: Sequence[Any], numbers: Numbers) -> NDArray[np.float64]:
    return np.asarray(-_many(math.log, 1)(numbers(0)) / arguments[0])


def _discrete_uniform(arguments: Sequence[Any], numbers: Numbers) -> NDArray[np.float64]:
    low, high = arguments
    return np.asarray(low + np.floor(numbers(0) * (high - low + 1.0)))


def _binomial(arguments: Sequence[Any], numbers: Numbers) -> NDArray[np.float64]:
    """Whichever outcome is rarer is counted, by one of two methods."""
    trials, probability, first = np.broadcast_arrays(*arguments, numbers(0))
    rare = np.where(probability > 0.5, 1.0 - probability, probability)
    count = _many(_few_successes, 3)(trials, rare, first)
    for attempt in range(BINOMIAL_ATTEMPTS):
        open_ = np.isinf(count)
        if not open_.any():
            break
        pair = (np.asarray(numbers(2 * attempt + k))[open_] for k in (0, 1))
        count[open_] = _many(_many_successes, 4)(trials[open_], rare[open_], *pair)
    count = np.where(np.isinf(count), np.floor((trials + 1.0) * rare), count)
    return np.where(probability > 0.5, trials - count, count)


def _gamma(arguments: Sequence[Any], numbers: Numbers) -> NDArray[np.float64]:
    alpha, beta = arguments
    uniforms = [numbers(k) for k in range(NUMBERS_PER_COUNTER * GAMMA_ATTEMPTS)]
    return np.asarray(_many(_one_gamma, 1 + len(uniforms))(alpha, *uniforms) * beta)


def _many(function: Callable[..., float], arguments: int) -> Callable[..., NDArray[np.float64]]:
    """A function of numbers as a function of arrays that broadcast together."""
    vectorised = np.frompyfunc(function, arguments, 1)

    def apply(*values: Any) -> NDArray[np.float64]:
        with np.errstate(all="ignore"):
            return np.asarray(vectorised(*values), dtype=np.float64)

    return apply


def _exp(exponent: float) -> float:
    """`exp`, infinite where no double can hold it."""
    try:
        return math.exp(exponent)
    except OverflowError:
        return math.inf


def _standard_normal(first: Any, second: Any) -> NDArray[np.float64]:
    radius = np.sqrt(-2.0 * _many(math.log, 1)(first))
    return np.asarray(radius * _many(math.cos, 1)(2.0 * math.pi * second))


def _few_successes(trials: float, probability: float, number: float) -> float:
    """The smallest count whose cumulative probability reaches `number`; infinite for a large mean.

    Probabilities are kept as logarithms, which do not underflow for many trials.
    """
    if not (0.0 <= trials < math.inf and 0.0 <= probability <= 0.5):
        return math.nan
    if probability == 0.0:
        return 0.0
    if trials * probability >= FEW_SUCCESSES:
        return math.inf
    odds = math.log(probability / (1.0 - probability))
    logarithm = trials * math.log1p(-probability)
    cumulative, count = math.exp(logarithm), 0.0
    while cumulative < number and count < trials:
        logarithm = logarithm + (math.log((trials - count) / (count + 1.0)) + odds)
        cumulative = cumulative + math.exp(logarithm)
        count += 1.0
    return count


def _many_successes(trials: float, probability: float, first: float, second: float) -> float:
    """One attempt, which is taken in 7 to 9 of 10 cases; infinite where it is not.

    Source: Hoermann 1993, The generation of binomial random variates (algorithm BTRS, which holds
    for means from 10 and probabilities up to 1/2).
    """
    deviation = math.sqrt(trials * probability * (1.0 - probability))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * probability
    u = first - 0.5
    edge = 0.5 - abs(u)
    count = float(np.floor((2.0 * a / edge + b) * u + (trials * probability + 0.5)))
    if edge >= 0.07 and second <= 0.92 - 4.2 / b:
        return count
    if count < 0.0 or count > trials:
        return math.inf
    hat = math.log(second * ((2.83 + 5.1 / b) * deviation) / (a / (edge * edge) + b))
    return count if hat <= _relative_frequency(trials, probability, count) else math.inf


def _relative_frequency(trials: float, probability: float, count: float) -> float:
    """Logarithm of how frequent a count is, compared with the most frequent one."""
    odds = probability / (1.0 - probability)
    mode = float(np.floor((trials + 1.0) * probability))
    most = (mode + 0.5) * math.log((mode + 1.0) / (odds * (trials - mode + 1.0)))
    least = (count + 0.5) * math.log(odds * (trials - count + 1.0) / (count + 1.0))
    between = (trials + 1.0) * math.log((trials - mode + 1.0) / (trials - count + 1.0))
    tails = _stirling_tail(mode) + _stirling_tail(trials - mode)
    tails = tails - _stirling_tail(count) - _stirling_tail(trials - count)
    return most + between + least + tails


def _stirling_tail(count: float) -> float:
    """log(count!) without Stirling's (count + 1/2) log(count + 1) - (count + 1) + log(2 pi)/2."""
    if count <= 9.0:
        return _STIRLING_TAILS[int(count)]
    square = (count + 1.0) * (count + 1.0)
    series = 1.0 / 12.0 - (1.0 / 360.0 - 1.0 / 1260.0 / square) / square
    return series / (count + 1.0)


_STIRLING_TAILS = (
    0.08106146679532726,
    0.04134069595540929,
    0.02767792568499834,
    0.02079067210376509,
    0.01664469118982119,
    0.01387612882307075,
    0.01189670994589177,
    0.01041126526197209,
    0.009255462182712733,
    0.008330563433362871,
)


def _one_gamma(alpha: float, *numbers: float) -> float:
    """Gamma of scale 1, four numbers an attempt.

    Source: Marsaglia and Tsang 2000, A simple method for generating gamma variables.
    """
    if not alpha > 0.0:
        return math.nan
    shape = alpha + 1.0 if alpha < 1.0 else alpha
    d = shape - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    volume, last = 1.0, numbers[3]
    for start in range(0, len(numbers), NUMBERS_PER_COUNTER):
        first, second, third, fourth = numbers[start : start + NUMBERS_PER_COUNTER]
        x = math.sqrt(-2.0 * math.log(first)) * math.cos(2.0 * math.pi * second)
        root = 1.0 + c * x
        cube = root * root * root
        if cube <= 0.0:
            continue
        if math.log(third) < 0.5 * x * x + d - d * cube + d * math.log(cube):
            volume, last = cube, fourth
            break
    return d * volume * (math.pow(last, 1.0 / alpha) if alpha < 1.0 else 1.0)


DISTRIBUTIONS: Mapping[str, Distribution] = MappingProxyType(
    {
        "Uniform": Distribution(("low", "high"), 1, _uniform),
        "Normal": Distribution(("mu", "sigma"), 1, _normal),
        "LogNormal": Distribution(("mu", "sigma"), 1, _log_normal),
        "Exponential": Distribution(("rate",), 1, _exponential),
        "Gamma": Distribution(("alpha", "beta"), GAMMA_ATTEMPTS, _gamma),
        "DiscreteUniform": Distribution(("low", "high"), 1, _discrete_uniform),
        "Binomial": Distribution(
            ("n", "p"), 2 * BINOMIAL_ATTEMPTS // NUMBERS_PER_COUNTER, _binomial
        ),
    }
)
"""By the name in equations. `beta` is a scale, both ends of DiscreteUniform are included."""

WHOLE = frozenset({"DiscreteUniform", "Binomial"})
"""Distributions of whole numbers."""


def argument_fault(name: str, arguments: Sequence[float | None]) -> str | None:
    """What is wrong with the arguments of a distribution, None where nothing is.

    Args:
        name: Of the distribution.
        arguments: Numbers; None for one that is not known yet.
    """
    checks: dict[str, tuple[tuple[int, str, Callable[[float], bool]], ...]] = {
        "Normal": ((1, "0 or more", lambda v: v >= 0),),
        "LogNormal": ((1, "0 or more", lambda v: v >= 0),),
        "Exponential": ((0, "above 0", lambda v: v > 0),),
        "Gamma": ((0, "above 0", lambda v: v > 0), (1, "above 0", lambda v: v > 0)),
        "DiscreteUniform": (
            (0, "a whole number", float.is_integer), (1, "a whole number", float.is_integer),
        ),
        "Binomial": (
            (0, "a whole number of 0 or more", lambda v: v >= 0 and v.is_integer()),
            (1, "between 0 and 1", lambda v: 0 <= v <= 1),
        ),
    }  # fmt: skip
    for position, expected, fits in checks.get(name, ()):
        value = arguments[position]
        if value is not None and not fits(value):
            argument = DISTRIBUTIONS[name].arguments[position]
            return f"{argument} of {name} must be {expected}, not {value:g}"
    if name == "DiscreteUniform" and None not in arguments:
        low, high = (float(value) for value in arguments if value is not None)
        if low > high:
            return f"low of DiscreteUniform is above high: {low:g} and {high:g}"
    return None
