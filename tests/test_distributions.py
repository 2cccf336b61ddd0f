"""Distributions against their moments, their cumulative functions and their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annconv.distributions import DISTRIBUTIONS, argument_fault
from annconv.philox import uniform

COUNT = 20_000


def drawn(name, *arguments):
    def numbers(number):
        return uniform(3, np.arange(COUNT), number // 4, 0, 0, number % 4)

    return DISTRIBUTIONS[name].sample(arguments, numbers)


@pytest.mark.parametrize(
    ("name", "arguments", "mean", "variance"),
    [
        ("Uniform", (-1.0, 3.0), 1.0, 16 / 12),
        ("Normal", (2.0, 3.0), 2.0, 9.0),
        ("LogNormal", (0.0, 0.5), math.exp(0.125), (math.exp(0.25) - 1) * math.exp(0.25)),
        ("Exponential", (4.0,), 0.25, 0.0625),
        ("Gamma", (0.3, 2.0), 0.6, 1.2),
        ("Gamma", (1.0, 2.0), 2.0, 4.0),
        ("Gamma", (7.5, 0.5), 3.75, 1.875),
        ("DiscreteUniform", (-1.0, 3.0), 1.0, 2.0),
        ("Binomial", (20.0, 0.1), 2.0, 1.8),
        ("Binomial", (20.0, 0.9), 18.0, 1.8),
        ("Binomial", (2000.0, 0.5), 1000.0, 500.0),
    ],
)
def test_mean_and_variance(name, arguments, mean, variance):
    values = drawn(name, *arguments)
    assert values.shape == (COUNT,)
    assert values.mean() == pytest.approx(mean, abs=5 * math.sqrt(variance / COUNT))
    assert values.var() == pytest.approx(variance, rel=0.12)


@pytest.mark.parametrize(
    ("name", "arguments", "cumulative"),
    [
        ("Normal", (0.0, 1.0), lambda x: 0.5 * (1 + math.erf(x / math.sqrt(2)))),
        ("Exponential", (1.0,), lambda x: 1 - math.exp(-x)),
        ("Gamma", (1.0, 1.0), lambda x: 1 - math.exp(-x)),
        ("Gamma", (2.0, 1.0), lambda x: 1 - math.exp(-x) * (1 + x)),
        ("Gamma", (0.5, 1.0), lambda x: math.erf(math.sqrt(x))),
    ],
)
def test_the_whole_distribution(name, arguments, cumulative):
    values = np.sort(drawn(name, *arguments))
    expected = np.array([cumulative(value) for value in values])
    steps = np.arange(1, COUNT + 1) / COUNT
    assert np.abs(expected - steps).max() < 1.95 / math.sqrt(COUNT)  # exceeded once in a thousand


def test_whole_numbers_are_equally_frequent():
    values, counts = np.unique(drawn("DiscreteUniform", 2.0, 5.0), return_counts=True)
    assert values.tolist() == [2.0, 3.0, 4.0, 5.0]
    assert np.abs(counts - COUNT / 4).max() < 4 * math.sqrt(COUNT * 3 / 16)


def test_a_binomial_counts_successes():
    values, counts = np.unique(drawn("Binomial", 3.0, 0.25), return_counts=True)
    expected = [27 / 64, 27 / 64, 9 / 64, 1 / 64]
    assert values.tolist() == [0.0, 1.0, 2.0, 3.0]
    np.testing.assert_allclose(counts / COUNT, expected, atol=0.015)
    assert set(drawn("Binomial", 3.0, 0.0)) == {0.0}
    assert set(drawn("Binomial", 3.0, 1.0)) == {3.0}


def test_arguments_without_a_distribution_give_nan():
    assert np.isnan(drawn("Binomial", 3.0, 1.5)).all()
    assert np.isnan(drawn("Binomial", -1.0, 0.5)).all()
    assert np.isnan(drawn("Gamma", 0.0, 1.0)).all()
    assert np.isinf(drawn("LogNormal", 1e4, 1.0)).all()


def test_what_is_not_known_is_not_at_fault():
    assert argument_fault("Gamma", (None, 1.0)) is None
    assert argument_fault("DiscreteUniform", (None, 1.0)) is None
    assert argument_fault("DiscreteUniform", (1.0, 1.0)) is None
    assert argument_fault("Uniform", (2.0, 1.0)) is None
