"""What monitors record, against the oracle, and when."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from live_oracle import Oracle, first_rates
from zoo import OPTIONS, ZOO, dense

from annconv.errors import (
    InputError,
    ModelFileError,
    OptionError,
    UnavailableError,
    UnknownNameError,
)
from annconv.live.network import LiveNetwork
from annconv.neurons.neuron import Neuron

pytestmark = pytest.mark.compiles


@pytest.mark.parametrize("name", ZOO)
def test_every_variable_of_every_population(live, name):
    network = live(name, seed=2)
    oracle = Oracle(ZOO[name](), first_rates(name), seed=2).run(25)
    monitors = {
        population.name: network.monitor(population, [*population.variables, "spike"])
        for population in network.get_populations()
        if population.attributes
    }
    for duration in (7, 1, 17):
        network.simulate(duration * network.dt)
    for population, monitor in monitors.items():
        recorded = monitor.get()
        assert list(recorded) == monitor.variables
        assert recorded.pop("spike") == oracle.spikes(population)
        assert not recorded.pop("r").any()
        for variable, rows in recorded.items():
            expected = oracle.values(population, variable)
            assert (rows.dtype, rows.shape) == (np.float64, expected.shape)
            np.testing.assert_allclose(rows, expected, rtol=1e-12, atol=1e-12)


def test_formats(live):
    network = live("picture")
    conv = network.get_population("conv")
    monitor = network.monitor(conv, ["v", "spike"])
    assert (monitor.name, monitor.object, monitor.variables) == (
        "Monitor_conv",
        conv,
        ["v", "spike"],
    )
    assert monitor.get("v").shape == (0, 4, 4, 2)
    assert monitor.get("spike") == {rank: [] for rank in range(32)}
    network.simulate(12)
    kept = monitor.get("v", keep=True)
    assert kept.shape == (12, 4, 4, 2)
    np.testing.assert_array_equal(monitor.get(["v"], keep=True), kept)
    np.testing.assert_array_equal(monitor.get("v", keep=True, reshape=False), kept.reshape(12, 32))
    both = monitor.get(["v", "spike"], keep=True)
    assert list(both) == ["v", "spike"]
    assert list(monitor.get("v", keep=True, force_dict=True)) == ["v"]
    np.testing.assert_array_equal(monitor["v"], kept)
    assert monitor["v"].shape == (0, 4, 4, 2), "the first look emptied it"
    assert monitor.get("spike") == both["spike"]
    steps = [step for listed in both["spike"].values() for step in listed]
    assert steps
    assert {type(step) for step in steps} == {int}


def test_types_follow_the_variables():
    """Whole numbers, truth values, and one value for the whole population."""
    neuron = Neuron(
        parameters="vt = 2.0 : population",
        equations="""
            v += g_exc
            age = age + 1 : int, init = 3
            high = v > 0.5 : bool
            clock = t : population
        """,
        spike="v > vt",
        reset="v = 0",
    )
    plain = dense()
    hidden = replace(plain.populations[1], neuron=neuron, parameters={})
    populations = (plain.populations[0], hidden, plain.populations[2])
    network = LiveNetwork(replace(plain, populations=populations), OPTIONS, seed=1)
    network.get_population("image").rates = first_rates("dense")
    found = network.get_population("hidden")
    monitor = network.monitor(found, ["age", "high", "clock"])
    network.simulate(8)
    recorded = monitor.get()
    assert recorded["age"].dtype == np.int64
    np.testing.assert_array_equal(recorded["age"], np.arange(4, 12)[:, None] * np.ones(5))
    assert recorded["high"].dtype == np.bool_
    assert recorded["high"].any()
    assert (recorded["clock"].dtype, recorded["clock"].tolist()) == (np.float64, [*range(8)])
    assert (found.age.dtype, found.high.dtype) == (np.float64, np.float64)
    assert found.clock == 7.0
    found.age = 2.9
    assert found.age.tolist() == [2.0] * 5
    found.high = [0, 0.5, -1, 0, 3]
    assert found.high.tolist() == [0.0, 1.0, 1.0, 0.0, 1.0]


@pytest.mark.parametrize("precision", ["double", "single"])
def test_a_lasting_conductance_is_recorded_before_its_equation_runs(precision):
    """As by ANNarchy: with what has arrived. Here it is just what the potential grows by."""
    neuron = Neuron(
        parameters="vt = 1000.0", equations="v += g_exc ; g_exc = 0.5*g_exc", spike="v > vt"
    )
    plain = dense()
    hidden = replace(plain.populations[1], neuron=neuron, parameters={})
    populations = (plain.populations[0], hidden, plain.populations[2])
    options = replace(OPTIONS, precision=precision)
    network = LiveNetwork(replace(plain, populations=populations), options, seed=1)
    network.get_population("image").rates = first_rates("dense")
    found = network.get_population("hidden")
    monitor = network.monitor(found, ["g_exc", "v"])
    some = network.monitor(found[[1, 4]], ["g_exc"], period=3.0, period_offset=1.0)
    network.simulate(7)
    found.g_exc = 0.25  # replaces what is left
    found.disable()
    network.step()
    found.enable()
    network.simulate(3)
    recorded = monitor.get()
    grown = np.diff(recorded["v"], axis=0, prepend=np.zeros((1, 5)))
    awake = np.arange(11) != 7
    assert np.abs(grown).max() > 1
    np.testing.assert_allclose(recorded["g_exc"][awake], grown[awake], rtol=0, atol=1e-6)
    np.testing.assert_array_equal(some.get("g_exc"), recorded["g_exc"][1::3][:, [1, 4]])
    np.testing.assert_array_equal(found.g_exc, recorded["g_exc"][-1] / 2)


def test_a_view_is_recorded_by_itself(live):
    network = live("picture")
    conv = network.get_population("conv")
    everything = network.monitor(conv, ["v", "spike"])
    some = network.monitor(conv[[3, 8, 30]], ["v", "spike"])
    one = network.monitor(conv[3], "v")
    assert some.get("v").shape == (0,)
    assert some.get("spike") == {3: [], 8: [], 30: []}
    network.simulate(20)
    full, part = everything.get(), some.get()
    np.testing.assert_array_equal(part["v"], full["v"].reshape(20, 32)[:, [3, 8, 30]])
    assert part["spike"] == {rank: full["spike"][rank] for rank in (3, 8, 30)}
    assert any(part["spike"].values())
    np.testing.assert_array_equal(one.get("v"), part["v"][:, :1])


@pytest.mark.parametrize(("period", "offset"), [(1.0, None), (3.0, 1.0), (4.0, 0.0), (2.5, 2.0)])
def test_periods(live, period, offset):
    """Half a millisecond a step; the first row comes with the offset, whoever calls how often."""
    network = live("signed", seed=1)
    both = network.get_population("both")
    network.simulate(2.0)
    thin = network.monitor(both, ["v", "spike"], period=period, period_offset=offset)
    full = network.monitor(both, ["v", "spike"])
    assert (thin.period, thin.period_offset) == (period, offset or 0.0)
    for duration in (0.5, 3.0, 4.5, 2.0):
        network.simulate(duration)
    every, first = round(period / 0.5), round((offset or 0.0) / 0.5)
    np.testing.assert_array_equal(thin.get("v"), full.get("v")[first::every])
    assert thin.get("spike") == full.get("spike"), "spikes are complete"


@pytest.mark.parametrize(
    ("made", "period", "offset", "steps"),
    [
        (7, 3, 0, [7, 10]),  # counted from step 1 on
        (7, 3, 1, [8, 11]),
        (7, 3, 2, [9]),
        (8, 4, 3, [11]),
        (9, 5, 4, []),
    ],
)
def test_periods_count_from_where_the_monitor_was_made(live, made, period, offset, steps):
    """As ANNarchy's remainders: after a reset nothing comes before the first origin."""
    network = live("dense", seed=1)
    image = network.get_population("image")
    network.simulate(made)
    thin = network.monitor(image, ["p"], period=float(period), period_offset=float(offset))
    full = network.monitor(image, ["p"])
    network.simulate(12 - made)
    np.testing.assert_array_equal(thin.get("p"), full.get("p")[[step - made for step in steps]])
    network.reset()
    network.simulate(12)
    after = [step for step in range(12) if math.fmod(step - made % period, period) == offset]
    np.testing.assert_array_equal(thin.get("p"), full.get("p")[after])


@pytest.mark.parametrize("reshape", [True, False])
def test_nothing_recorded(live, reshape):
    network = live("picture")
    conv = network.get_population("conv")
    whole, some = network.monitor(conv, ["v"]), network.monitor(conv[[0, 3]], ["v"])
    received = whole.get("v", reshape=reshape)
    assert (received.shape, received.dtype) == ((0, 4, 4, 2) if reshape else (0,), np.float64)
    assert some.get("v", reshape=reshape).shape == (0,)


def test_pauses(live):
    network = live("dense", seed=1)
    hidden = network.get_population("hidden")
    full = network.monitor(hidden, ["v", "spike"])
    monitor = network.monitor(hidden, ["v", "spike"])
    network.simulate(4)
    monitor.pause()
    network.simulate(3)
    monitor.resume()
    network.simulate(5)
    expected, received = full.get(), monitor.get()
    rows = [*range(4), *range(7, 12)]
    np.testing.assert_array_equal(received["v"], expected["v"][rows])
    assert received["spike"] == {
        rank: [step for step in steps if step in rows] for rank, steps in expected["spike"].items()
    }
    assert monitor.times() == {name: {"start": [0, 7], "stop": [4, 12]} for name in ("v", "spike")}
    network.simulate(2)
    monitor.pause()
    network.reset()
    network.simulate(3)
    assert monitor.get("v").shape == (0, 5), "it stays paused over a reset"
    monitor.start("mask")
    network.simulate(2)
    assert monitor.variables == ["v", "spike", "mask"]
    assert {name: len(rows) for name, rows in monitor.get(["v", "mask"]).items()} == {
        "v": 0, "mask": 2,
    }  # fmt: skip
    monitor.start()
    network.simulate(1)
    assert len(monitor.get("v")) == 1


def test_stop_and_start(live):
    network = live("dense")
    hidden = network.get_population("hidden")
    monitor = network.monitor(hidden, ["v"], start=False)
    network.simulate(2)
    assert monitor.get("v").shape == (0, 5)
    monitor.start()
    network.simulate(2)
    assert monitor.get("v", keep=True).shape == (2, 5)
    monitor.start(["v"], period=2.0)
    network.simulate(4)
    assert monitor.get("v").shape == (4, 5), "two of every step, two of every second"
    monitor.reset()
    assert monitor.get("v").shape == (0, 5)
    monitor.stop()
    assert (monitor.variables, monitor.get()) == ([], {})
    network.simulate(2)
    monitor.start(["v", "spike"])
    network.simulate(3)
    assert monitor.get("v").shape == (3, 5)
    nothing = network.monitor(hidden)
    network.simulate(1)
    assert (nothing.variables, nothing.get()) == ([], {})


def test_times(live):
    network = live("dense")
    monitor = network.monitor(network.get_population("hidden"), ["v", "spike"])
    network.simulate(5)
    assert monitor.times("v") == {"v": {"start": [0], "stop": [5]}}
    monitor.get("v")
    assert monitor.times() == {name: {"start": [0], "stop": [5]} for name in ("v", "spike")}
    network.simulate(3)
    assert monitor.times(["v"]) == {"v": {"start": [5], "stop": [8]}}
    network.reset(monitors=False)
    network.simulate(2)
    assert monitor.get("v").shape == (5, 5)
    assert monitor.times("v") == {"v": {"start": [5, 0], "stop": [8, 2]}}
    network.reset()
    assert monitor.times("v") == {"v": {"start": [0], "stop": [0]}}
    assert monitor.get("spike") == {rank: [] for rank in range(5)}


def test_a_recording_larger_than_one_call(live, monkeypatch):
    """It is cut into calls that take a bounded space."""
    expected = live("dense", seed=1)
    reference = expected.monitor(expected.get_population("hidden"), ["v", "spike"])
    expected.simulate(50)
    monkeypatch.setattr("annconv.live.engine.CHUNK_BYTES", 200)
    network = live("dense", seed=1)
    monitor = network.monitor(network.get_population("hidden"), ["v", "spike"])
    network.simulate(50)
    kept, received = reference.get(), monitor.get()
    np.testing.assert_array_equal(received["v"], kept["v"])
    assert received["spike"] == kept["spike"]


def test_statistics_in_ms(live):
    """Those of the pure functions, with the network's step and the recorded time."""
    network = live("signed", seed=1)
    monitor = network.monitor(network.get_population("image"), ["spike"])
    network.simulate(3.0)
    monitor.get()
    network.simulate(10.0)
    spikes = monitor.get("spike", keep=True)
    total = sum(map(len, spikes.values()))
    assert total > 10
    times, ranks = monitor.raster_plot(spikes)
    assert sorted(times.tolist()) == sorted(step * 0.5 for s in spikes.values() for step in s)
    assert ranks.tolist() == [rank for rank, steps in spikes.items() for _ in steps]
    assert monitor.mean_fr(spikes) == pytest.approx(total / 4 / 0.010)
    assert monitor.mean_fr({"spike": spikes}) == monitor.mean_fr(spikes)
    rates = monitor.population_rate(spikes)
    assert rates.shape == (21,)
    np.testing.assert_allclose(rates.sum() * 0.5e-3 * 4, total)
    assert monitor.smoothed_rate(spikes, smooth=2.0).shape == (4, 20)
    counts = monitor.histogram(spikes, bins=1.0, recording_window=(3.0, 12.5))
    assert (counts.sum(), len(counts)) == (total, 10)
    assert monitor.histogram(spikes, per_neuron=True).shape[0] == 4
    intervals = monitor.inter_spike_interval(spikes, per_neuron=True)
    often = [rank for rank, steps in spikes.items() if len(steps) > 2]
    assert often
    for rank in often:
        assert intervals[rank] == [0.5 * gap for gap in np.diff(spikes[rank])]
        assert monitor.inter_spike_interval(spikes, ranks=[rank]) == intervals[rank]
    assert len(monitor.coefficient_of_variation(spikes, ranks=often)) == len(often)
    assert monitor.mean_fr() == pytest.approx(total / 4 / 0.010), "the buffer's own spikes"
    with pytest.raises(InputError, match="histogram: expected one spike or more"):
        monitor.histogram()
    network.simulate(0.5)
    monitor.get()
    network.reset()
    for statistic in ("mean_fr", "population_rate", "smoothed_rate"):
        with pytest.raises(InputError, match="expected spikes recorded over some time"):
            getattr(monitor, statistic)(spikes)


def test_what_cannot_be_recorded(live):
    network = live("picture")
    conv = network.get_population("conv")
    for wrong in ("vt", ["v", "bogus"], ["vt", "mask_tau"]):
        with pytest.raises(
            InputError, match=r"monitor of 'conv': expected some of 'v', 'mask', 'r'"
        ):
            network.monitor(conv, wrong)
    for wrong in ("conv", conv.neuron(1), network.get_projection("dense_proj_4"), None):
        with pytest.raises(InputError, match="monitor: expected a population or a view of one"):
            network.monitor(wrong, ["v"])
    with pytest.raises(InputError, match="variables of a monitor: expected a name or a list"):
        network.monitor(conv, 3)
    monitor = network.monitor(conv, ["v"])
    with pytest.raises(InputError, match="monitor of 'conv': expected some of"):
        monitor.start("zz")
    with pytest.raises(UnknownNameError, match=r"^monitor 'Monitor_conv' does not record 'w'. Kno"):
        monitor.get("w")
    with pytest.raises(KeyError):
        monitor.times("spike")
    with pytest.raises(InputError, match=r"monitor 'Monitor_conv': expected spikes, recorded with"):
        monitor.mean_fr()
    with pytest.raises(UnavailableError, match="has no attribute 'spike_times'"):
        monitor.spike_times  # noqa: B018
    junction = live("branches").get_population("sum")
    with pytest.raises(InputError, match="expected some of nothing: it has no neurons"):
        live("branches").monitor(junction, ["v"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"period": 2.0, "period_offset": 3.0},
            "period_offset: expected 0 or more and less than th",
        ),
        ({"period_offset": 1.0}, r"less than the period \(1 ms\), in whole steps of 1 ms, rec"),
        ({"period": 0.3}, r"period: expected a multiple of the step of 1 ms, received 0.3. Use 1"),
        ({"period": 2.5}, r"of the step of 1 ms, received 2.5. Use 2 or 3\."),
        ({"period": 2.0, "period_offset": 0.3}, "in whole steps of 1 ms, received 0.3"),
        ({"period": 0.0}, "period: expected a number of ms above 0, received 0.0"),
        ({"period": "1"}, "period: expected a number of ms above 0"),
        ({"period": 2.0, "period_offset": "x"}, "period_offset: expected 0 or more"),
        ({"period": 2.0, "period_offset": -1.0}, "period_offset: expected 0 or more"),
    ],
)
def test_periods_that_are_none(live, options, message):
    network = live("dense")
    with pytest.raises(OptionError, match=message):
        network.monitor(network.get_population("hidden"), ["v"], **options)
    assert network.get_monitors() == []


def test_a_later_period_is_no_part_of_a_step(live):
    network = live("dense")
    monitor = network.monitor(network.get_population("hidden"), ["v"])
    with pytest.raises(OptionError, match="period: expected a multiple of the step of 1 ms"):
        monitor.start("v", period=1.5)
    network.simulate(4)
    assert len(monitor.get("v")) == 4


def test_periods_of_decimals():
    """0.3 / 0.1 is less than 3 in floats, 0.7 / 0.1 as well, 0.6 / 0.1 not."""
    network = LiveNetwork(replace(dense(), dt=0.1), OPTIONS)
    hidden = network.get_population("hidden")
    for period, steps in ((0.3, 3), (0.7, 7), (0.6, 6), (0.1 + 0.2, 3)):
        monitor = network.monitor(hidden, ["v"], period=period, period_offset=0.2)
        network.simulate(4.2)
        assert len(monitor.get("v")) == 42 // steps


def test_saving(live, tmp_path):
    network = live("dense", seed=1)
    monitor = network.monitor(network.get_population("hidden"), ["v", "spike"])
    network.simulate(20)
    recorded = monitor.get(keep=True)
    monitor.save(tmp_path / "a" / "m.npz")
    with np.load(tmp_path / "a" / "m.npz") as stored:
        np.testing.assert_array_equal(stored["v"], recorded["v"])
        pairs = list(zip(stored["spike_ranks"], stored["spike_steps"], strict=True))
    assert pairs == [(rank, step) for rank, steps in recorded["spike"].items() for step in steps]
    assert len(monitor.get("v")) == 0
    with pytest.raises(ModelFileError, match=r"expected a path that ends in '.npz'"):
        monitor.save(tmp_path / "m.hdf5")
