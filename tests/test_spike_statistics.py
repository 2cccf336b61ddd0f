"""Statistics of spikes, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

import annconv
from annconv.errors import InputError, OptionError
from annconv.spike_statistics import (
    coefficient_of_variation,
    histogram,
    inter_spike_interval,
    mean_fr,
    population_rate,
    raster_plot,
    smoothed_rate,
)

SPIKES = {0: [1, 4, 9], 3: [2], 5: []}
NONE: dict[int, list[int]] = {0: [], 1: []}


def test_they_can_be_had_from_the_top():
    assert annconv.spike_statistics.raster_plot is raster_plot


def test_raster_plot():
    times, ranks = raster_plot(SPIKES, dt=0.5)
    assert (times.dtype, ranks.dtype) == (np.float64, np.int64)
    assert times.tolist() == [0.5, 2.0, 4.5, 1.0]
    assert ranks.tolist() == [0, 0, 0, 3]
    assert raster_plot(NONE)[0].shape == (0,)
    assert raster_plot({"spike": SPIKES, "v": np.zeros(3)})[1].tolist() == [0, 0, 0, 3]


@pytest.mark.parametrize(
    ("bins", "expected"),
    [
        (None, [1, 1, 0, 1, 0, 0, 0, 0, 1]),
        (2.0, [2, 1, 0, 0, 1]),
        (3.0, [2, 1, 1]),
        (4.0, [3, 0, 1]),
        (8.0, [3, 1]),
        (9.0, [4]),
    ],
)
def test_histogram_from_the_first_to_the_last_spike(bins, expected):
    counts = histogram(SPIKES, bins)
    assert counts.dtype == np.int64
    assert counts.tolist() == expected


def test_histogram_of_a_window():
    assert histogram(SPIKES, 3.0, recording_window=(0, 10)).tolist() == [2, 1, 0, 1]
    assert histogram(SPIKES, 4.0, recording_window=(1, 10)).tolist() == [3, 0, 1]
    assert histogram(SPIKES, 1.0, recording_window=(2, 4)).tolist() == [1, 0, 1], "others are left"
    assert histogram(NONE, 5.0, recording_window=(0, 9)).tolist() == [0, 0]


def test_histogram_per_neuron_and_in_ms():
    rows = [[2, 0, 1], [1, 0, 0], [0, 0, 0]]
    assert histogram(SPIKES, 4.0, per_neuron=True).tolist() == rows, "a row for every key"
    assert histogram(SPIKES, 1.0, dt=0.5).tolist() == [2, 1, 0, 0, 1]
    assert histogram(SPIKES, 0.3, dt=0.1).tolist() == [2, 1, 1]


def test_mean_rate():
    assert mean_fr(SPIKES) == pytest.approx(4 / 3 / 0.008)
    assert mean_fr(SPIKES, duration=20, dt=0.5) == pytest.approx(4 / 3 / 0.010)
    assert mean_fr(NONE, duration=20) == 0.0


def test_smoothed_rate_is_the_inverse_of_the_interval():
    rates = smoothed_rate(SPIKES)
    assert rates.shape == (3, 9)
    np.testing.assert_allclose(rates[0], [1000 / 3] * 3 + [200.0] * 5 + [0.0])
    assert not rates[1:].any()
    late = smoothed_rate({0: [31, 33]}, dt=0.5, window=(30, 35))
    np.testing.assert_allclose(late, [[0, 1000, 1000, 0, 0]])
    cut = smoothed_rate({0: [1, 9]}, window=(3, 6))
    np.testing.assert_allclose(cut, [[125.0] * 3])


def test_population_rate():
    rates = population_rate(SPIKES)
    np.testing.assert_allclose(rates, np.array([1, 1, 0, 1, 0, 0, 0, 0, 1]) * 1000 / 3)
    np.testing.assert_allclose(
        population_rate(SPIKES, dt=0.5, window=(0, 4)), np.array([0, 1, 1, 0]) * 2000 / 3
    )


def test_the_low_pass_filter():
    """x: 3, 3, 0, 3, … times 1000/9; y += (x - y)/2."""
    rates = population_rate({0: [0, 1, 3]}, smooth=2.0)
    np.testing.assert_allclose(rates, [1000.0, 1000.0, 500.0, 750.0])
    halves = population_rate({0: [0, 1, 3]}, smooth=1.0, dt=0.5)
    np.testing.assert_allclose(halves, [2000.0, 2000.0, 1000.0, 1500.0])


def test_intervals():
    assert inter_spike_interval(SPIKES, dt=0.5) == [1.5, 2.5]
    assert inter_spike_interval(SPIKES, per_neuron=True) == {0: [3.0, 5.0]}
    assert inter_spike_interval(SPIKES, ranks=[3, 5]) == []
    assert inter_spike_interval({**SPIKES, 7: [0, 2]}, ranks=iter([7])) == [2.0]


def test_variation():
    """Intervals 3 and 5: mean 4, deviation 1."""
    (value,) = coefficient_of_variation(SPIKES)
    assert value == 0.25
    assert type(value) is np.float64
    assert coefficient_of_variation(SPIKES, per_neuron=True) == {0: 0.25}
    assert coefficient_of_variation({0: [1, 2]}) == [], "two spikes have one interval"


@pytest.mark.parametrize("statistic", [histogram, mean_fr, smoothed_rate, population_rate])
def test_no_spikes(statistic):
    with pytest.raises(InputError, match=r"one spike or more|a duration above 0") as caught:
        statistic(NONE)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("spikes", [3, [1, 2], {0: 3}, {"v": np.zeros(2)}, None])
def test_what_is_no_dict_of_spikes(spikes):
    with pytest.raises(InputError, match="spikes: expected a dict of rank -> steps"):
        raster_plot(spikes)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bins": 0}, "bins: expected a number of ms above 0, received 0"),
        ({"bins": "1"}, "bins: expected"),
        ({"bins": float("nan")}, "bins: expected"),
        ({"recording_window": (3, 3)}, "recording_window: expected a first and a later last time"),
        ({"recording_window": 3}, "recording_window: expected"),
        ({"recording_window": (0, None)}, "recording_window: expected"),
    ],
)
def test_options_of_the_histogram(arguments, message):
    with pytest.raises(OptionError, match=message):
        histogram(SPIKES, **arguments)


def test_a_filter_needs_a_time_constant_above_zero():
    with pytest.raises(OptionError, match="smooth: expected a number of ms above 0, received -1"):
        population_rate(SPIKES, smooth=-1)
