"""Distributions against their moments, their cumulative functions and their limits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from annconv.distributions import DISTRIBUTIONS, _relative_frequency, argument_fault
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
        ("Binomial", (2000.0, 0.999), 1998.0, 1.998),
        ("Binomial", (1e5, 0.5), 5e4, 2.5e4),
        ("Binomial", (1e12, 1e-12), 1.0, 1.0),
        ("Binomial", (1e12, 0.25), 2.5e11, 1.875e11),
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


@pytest.mark.parametrize(
    ("trials", "probability"),
    [
        (19.0, 0.5),  # below a mean of 10: counted up
        (20.0, 0.5),  # the smallest for which rejection holds
        (25.0, 0.4),
        (25.0, 0.6),
        (101.0, 0.1),
        (101.0, 0.9),
        (400.0, 0.3),
        (1e5, 2e-4),
    ],
)
def test_every_count_of_a_binomial_is_as_frequent_as_it_should_be(trials, probability):
    values, counts = np.unique(drawn("Binomial", trials, probability), return_counts=True)
    assert ((values >= 0) & (values <= trials) & (values == np.floor(values))).all()
    seen = dict(zip(values.tolist(), counts.tolist(), strict=True))
    whole = np.arange(trials + 1)
    logarithm = [
        math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
        for count in whole
    ]
    expected = COUNT * np.exp(
        logarithm + whole * math.log(probability) + (trials - whole) * math.log1p(-probability)
    )
    received = np.array([seen.get(count, 0) for count in whole.tolist()])
    often = expected >= 10
    cells = [*zip(received[often], expected[often], strict=True)]
    cells.append((received[~often].sum(), expected[~often].sum()))
    squares = sum((got - wanted) ** 2 / wanted for got, wanted in cells)
    free = len(cells) - 1
    # Chi-square of `free` degrees (Wilson and Hilferty 1931); exceeded once in ten thousand.
    assert squares < free * (1 - 2 / (9 * free) + 3.72 * math.sqrt(2 / (9 * free))) ** 3


@pytest.mark.parametrize(("trials", "probability"), [(20, 0.5), (101, 0.1), (1000, 0.3)])
def test_a_binomial_knows_how_frequent_its_counts_are(trials, probability):
    def logarithm(count):
        ways = math.lgamma(trials + 1) - math.lgamma(count + 1) - math.lgamma(trials - count + 1)
        return ways + count * math.log(probability) + (trials - count) * math.log(1 - probability)

    expected = np.array([logarithm(count) for count in range(trials + 1)])
    received = [_relative_frequency(trials, probability, float(n)) for n in range(trials + 1)]
    np.testing.assert_allclose(received, expected - expected.max(), atol=1e-8)


def test_a_binomial_of_any_size_needs_few_numbers():
    asked = []

    def numbers(number):
        asked.append(number)
        return uniform(3, np.arange(2000), number // 4, 0, 0, number % 4)

    entry = DISTRIBUTIONS["Binomial"]
    for trials in (1e3, 1e6, 1e9, 1e12):
        entry.sample((trials, 0.5), numbers)
    assert max(asked) < 4 * entry.counters
    assert len(asked) <= 4 * 30  # each attempt is taken in 7 of 10 cases or more


def test_a_binomial_whose_attempts_all_fail_is_its_mode():
    refusing = {0: 1e-9, 1: 1 - 1e-9}
    found = DISTRIBUTIONS["Binomial"].sample((1000.0, 0.5), lambda k: np.array(refusing[k % 2]))
    assert found == 500.0


def test_arguments_without_a_distribution_give_nan():
    assert np.isnan(drawn("Binomial", 3.0, 1.5)).all()
    assert np.isnan(drawn("Binomial", -1.0, 0.5)).all()
    assert np.isnan(drawn("Binomial", math.inf, 0.5)).all()
    assert np.isnan(drawn("Gamma", 0.0, 1.0)).all()
    assert np.isinf(drawn("LogNormal", 1e4, 1.0)).all()


def test_what_is_not_known_is_not_at_fault():
    assert argument_fault("Gamma", (None, 1.0)) is None
    assert argument_fault("DiscreteUniform", (None, 1.0)) is None
    assert argument_fault("DiscreteUniform", (1.0, 1.0)) is None
    assert argument_fault("Uniform", (2.0, 1.0)) is None
