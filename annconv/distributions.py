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
    return _many(_one_binomial, 3)(*arguments, numbers(0))


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


def _one_binomial(trials: float, probability: float, number: float) -> float:
    """The smallest count whose cumulative probability reaches `number`.

    Probabilities are kept as logarithms, which do not underflow for many trials.
    """
    if not (trials >= 0.0 and 0.0 <= probability <= 1.0):
        return math.nan
    if probability in (0.0, 1.0):
        return trials * probability
    odds = math.log(probability / (1.0 - probability))
    logarithm = trials * math.log(1.0 - probability)
    cumulative, count = math.exp(logarithm), 0.0
    while cumulative < number and count < trials:
        logarithm = logarithm + (math.log((trials - count) / (count + 1.0)) + odds)
        cumulative = cumulative + math.exp(logarithm)
        count += 1.0
    return count


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
        "Binomial": Distribution(("n", "p"), 1, _binomial),
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
