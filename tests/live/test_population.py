"""Attributes of populations: read, set, reset; coordinates, rates, switches."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from live_oracle import Oracle, first_rates
from zoo import OPTIONS, ZOO, branches, dense, picture, signed

from annconv.errors import InputError, OptionError, UnavailableError, UnknownNameError
from annconv.live.network import LiveNetwork
from annconv.neurons.library import IaF
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions

pytestmark = pytest.mark.compiles


def test_what_is_known_without_compiling(monkeypatch):
    monkeypatch.setattr("annconv.live.engine.open_state", None)
    live = LiveNetwork(picture(), CompileOptions())
    conv = live.get_populations()[1]
    assert (conv.name, conv.geometry, conv.size, len(conv)) == ("conv", (4, 4, 2), 32, 32)
    assert (conv.width, conv.height, conv.depth, conv.dimension) == (4, 4, 2, 3)
    last = live.get_populations()[3]
    assert (last.width, last.height, last.depth, last.dimension) == (3, 1, 1, 1)
    assert conv.ranks.dtype == np.int32
    assert last.ranks.tolist() == [0, 1, 2]
    assert conv.neuron_type is IaF
    assert conv.parameters == ["vt", "vr", "mask_tau"]
    assert conv.variables == ["v", "mask", "r", "g_exc"]
    assert conv.attributes == [*conv.parameters, *conv.variables]
    assert (conv.functions, conv.targets, conv.max_delay, conv.refractory) == ([], ["exc"], 0, None)
    assert (conv.id, conv.class_name) == (1, "pop1")
    assert conv.init["mask_tau"] == 2.0
    np.testing.assert_array_equal(conv.init["vt"], np.broadcast_to([0.5, 0.75], (4, 4, 2)))
    image = live.get_populations()[0]
    assert image.variables == ["v", "u", "mask", "r"], "nothing arrives at the input"
    assert image.targets == []
    assert [entry.stop_condition for entry in live.get_populations()] == [
        None, None, None, "spiked: any",
    ]  # fmt: skip
    assert (live.time, live.current_step) == (0.0, 0)


def test_a_junction_has_no_attributes(live):
    junction = live("branches").get_population("sum")
    assert (junction.neuron_type, junction.attributes, junction.size) == (None, [], 18)
    with pytest.raises(UnavailableError, match=r"population 'sum' has no attribute 'v'"):
        junction.v  # noqa: B018


def test_a_parameter_that_a_reset_writes_is_a_parameter(live):
    counter = live("branches").get_population("classes")
    assert counter.parameters == ["k", "vt", "vr", "sc"]
    assert counter.variables == ["v", "r", "g_exc"]
    assert counter.stop_condition == "sc >= k: any"


@pytest.mark.parametrize("name", ZOO)
def test_variables_follow_the_oracle(live, name):
    network = live(name, seed=4)
    oracle = Oracle(ZOO[name](), first_rates(name), seed=4)
    for _ in range(12):
        network.step()
        oracle.run(1)
        for population in network.get_populations():
            kept = [key for key in population.variables if (population.name, key) in oracle.rows]
            for key in kept:
                value = population.get(key)
                if key.startswith("g_"):  # used up by the step
                    assert not value.any()
                    continue
                expected = oracle.rows[population.name, key][-1]
                np.testing.assert_allclose(value, expected, rtol=1e-12, atol=1e-12)
                assert value.dtype == np.float64
                assert value.flags.owndata or value.base.flags.owndata


def test_reading_gives_a_copy(live):
    conv = live("picture").get_population("conv")
    conv.v[...] = 7.0
    assert not conv.v.any()


def test_local_attributes_take_a_number_or_one_each(live):
    conv = live("picture").get_population("conv")
    each = np.arange(32)
    for value in (each, each.reshape(4, 4, 2), each.reshape(1, 4, 4, 2), each.tolist(),
                  each.astype(np.float32), each.astype(np.uint8)):  # fmt: skip
        conv.v = 0
        conv.v = value
        np.testing.assert_array_equal(conv.v, each.reshape(4, 4, 2))
    conv.v = np.float32(0.5)
    np.testing.assert_array_equal(conv.v, np.full((4, 4, 2), 0.5))
    conv.v = "mask"
    assert not conv.v.any()
    conv.vt = each + 0.5
    np.testing.assert_array_equal(conv.vt.ravel(), each + 0.5)


def test_attributes_of_the_population_take_a_number(live):
    pool = live("picture").get_population("pool")
    assert pool.vt == 0.25
    assert type(pool.vt) is float
    for value, kept in ((0.5, 0.5), (1, 1.0), (True, 1.0), (np.float32(0.25), 0.25)):
        pool.vt = value
        assert pool.vt == kept
    pool.vt = "vr"
    assert pool.vt == 0.0
    pool.set({"vt": 0.7, "v": 0.125, "note": "x"})
    assert (pool.vt, pool.v.max(), pool.note) == (0.7, 0.125, "x")


def test_a_threshold_of_one_neuron_is_felt(live):
    """`start` and `vt` of this neuron are local; uniform or not, each may have its own."""
    network = live("signed", seed=1)
    both = network.get_population("both")
    both.vt = 1e9
    monitor = network.monitor(both, ["spike"])
    network.simulate(12)
    assert not any(monitor.get("spike").values())
    both[[2]].vt = -5.0
    network.simulate(5)
    spikes = monitor.get("spike")
    assert spikes[2] == list(range(24, 34))
    assert not any(spikes[rank] for rank in range(6) if rank != 2)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("vt", np.ones(8), r"pool.vt: expected one number, as all neurons share it, received 8 of"),
        ("vt", [1.0, 2.0], "pool.vt: expected one number"),
        ("vt", None, "pool.vt: expected a number or an array of numbers, received NoneType None"),
        ("v", np.ones(7), r"pool.v: expected one number, or one for each of 8 neurons, received"),
        ("v", [1.0, 2.0], "pool.v: expected one number, or one for each of 8"),
        (
            "v",
            [[1.0], [2.0, 3.0]],
            "pool.v: expected a number or an array of numbers, received a",
        ),
        (
            "v",
            np.ones(8) * 1j,
            "pool.v: expected a number or an array of numbers, received c",
        ),
        ("v", {"a": 1}, "pool.v: expected a number or an array of numbers, received dict"),
    ],
)
def test_values_that_do_not_fit(live, name, value, message):
    pool = live("picture").get_population("pool")
    before = pool.get(name)
    with pytest.raises(InputError, match=message) as caught:
        setattr(pool, name, value)
    assert isinstance(caught.value, ValueError)
    np.testing.assert_array_equal(pool.get(name), before)


def test_unknown_attributes(live):
    pool = live("picture").get_population("pool")
    with pytest.raises(UnavailableError, match=r"'pool' has no attribute 'vtt'. Nearest: 'vt'"):
        pool.get("vtt")
    assert not hasattr(pool, "bogus")
    pool.bogus = 3
    assert pool.bogus == 3, "any other name is a Python attribute, as in the reference"
    with pytest.raises(UnavailableError, match="'pool' has no attribute 'nope'"):
        pool.v = "nope"
    with pytest.raises(InputError, match=r"pool.set: expected a dict of attributes and values"):
        pool.set([("v", 1)])
    with pytest.raises(UnavailableError, match="'pool' has no attribute 'zz'"):
        pool.reset(["v", "zz"])


def test_types_of_parameters(live):
    counter = live("branches").get_population("classes")
    counter.sc = 2.75
    np.testing.assert_array_equal(counter.sc, [2.0, 2.0])
    assert counter.sc.dtype == np.float64


def test_reset_restores_init(live):
    network = live("picture")
    pool = network.get_population("pool")
    network.simulate(20)
    pool.vt = 0.9
    pool.init["vt"] = 0.625
    pool.init["v"] = np.arange(8)
    pool.reset(["v"])
    np.testing.assert_array_equal(pool.v.ravel(), np.arange(8))
    assert pool.vt == 0.9
    pool.reset("vt")
    assert pool.vt == 0.625
    assert pool.mask.any()
    pool.reset()
    assert not pool.mask.any()
    pool.init["v"] = np.arange(7)
    with pytest.raises(InputError, match=r"init\['v'\] of 'pool': expected one number, or one for"):
        pool.reset()


def test_start_values_of_names_that_are_none(live):
    network = live("picture")
    pool = network.get_population("pool")
    before = dict(pool.init)
    message = r"^init of 'pool': there is no attribute 'Vt'\. Nearest: 'vt'\. Known: 'vt', "

    def merge():
        values = pool.init
        values |= {"vt": 0.5, "Vt": 0.5}

    for call in (
        lambda: pool.init.__setitem__("Vt", 0.5),
        lambda: pool.init.setdefault("Vt", 0.5),
        lambda: pool.init.update({"vt": 0.5, "Vt": 0.5}),
        lambda: pool.init.update(vt=0.5, Vt=0.5),
        merge,
    ):
        with pytest.raises(UnknownNameError, match=message) as caught:
            call()
        assert isinstance(caught.value, KeyError)
        assert pool.init == before
    pool.init.update(vt=0.625)
    del pool.init["v"]
    assert pool.init.setdefault("v", 0.125) == pool.init.setdefault("v", 3.0) == 0.125
    values = pool.init
    values |= {"mask": 0.5}
    network.reset()
    assert (pool.vt, pool.v.max(), pool.mask.min()) == (0.625, 0.125, 0.5)


def test_spikes_under_way_can_be_dropped(live):
    network = live("picture")
    monitor = network.monitor(network.get_population("classes"), ["g_exc"])
    spikes = network.monitor(network.get_population("pool"), ["spike"])
    while not any(spikes.get("spike").values()):
        network.step()
    monitor.get()
    network.get_population("pool").clear()
    network.step()
    assert not monitor.get("g_exc").any()


@pytest.mark.parametrize("forget", [lambda p: p.reset(["mask"]), lambda p: p.clear()])
def test_what_a_partial_reset_forgets(live, forget):
    """As ANNarchy's: spikes under way, and those behind the rate, whichever attributes are named.

    `r` itself keeps its value until the next step.
    """
    network = live("dense", seed=1)
    image = network.get_population("image")
    image.compute_firing_rate(100.0)
    arrived = network.monitor(network.get_population("hidden"), ["g_exc"])
    network.simulate(10)
    rate, potential = image.r, network.get_population("hidden").v
    assert rate.any()
    forget(image)
    np.testing.assert_array_equal(image.r, rate)
    arrived.get()
    spikes = network.monitor(image, ["spike"])
    network.step()
    assert not arrived.get("g_exc").any()
    np.testing.assert_array_equal(network.get_population("hidden").v, potential)
    fresh = [10.0 * len(steps) for steps in spikes.get("spike").values()]
    np.testing.assert_array_equal(image.r, fresh)


def test_a_partial_reset_ends_waiting():
    neuron = Neuron(
        equations="dv/dt = 1.0 + g_exc\nn = t - t_last", spike="v > 0.5", reset="v = 0.0",
        refractory=50.0, parameters="vt = 0.5 : population",
    )  # fmt: skip
    plain = dense()
    hidden = replace(plain.populations[1], neuron=neuron, parameters={})
    populations = (plain.populations[0], hidden, plain.populations[2])
    network = LiveNetwork(replace(plain, populations=populations), OPTIONS)
    waiting = network.get_population("hidden")
    spikes = network.monitor(waiting, ["spike"])
    network.simulate(4)
    waiting.reset(["n"])
    network.simulate(2)
    assert spikes.get("spike") == {rank: [0, 4] for rank in range(5)}
    waiting.clear()
    waiting.v = -10.0
    network.step()
    assert (waiting.n > 9000).all(), "as before the first spike"


def test_what_is_put_into_a_conductance_arrives_once(live):
    network = live("dense", rates=False)
    hidden = network.get_population("hidden")
    hidden.g_exc = [0.0, 0.5, 0.0, -0.25, 0.125]
    np.testing.assert_array_equal(hidden.sum("exc"), [0.0, 0.5, 0.0, -0.25, 0.125])
    network.simulate(3)
    np.testing.assert_array_equal(hidden.v, [0.0, 0.5, 0.0, -0.25, 0.125])
    assert not hidden.g_exc.any()
    with pytest.raises(UnavailableError, match=r"sum of 'hidden': expected the target of a proj"):
        hidden.sum("inh")


def test_a_population_can_be_switched_off(live):
    network = live("dense", seed=1)
    hidden = network.get_population("hidden")
    network.simulate(10)
    before = hidden.mask
    hidden.disable()
    assert not hidden.enabled
    network.simulate(4)
    np.testing.assert_array_equal(hidden.mask, before)
    hidden.enable()
    network.simulate(1)
    assert hidden.enabled
    assert (hidden.mask != before).any()


def test_a_population_that_is_switched_off_delivers_nothing(live):
    """Neither spikes nor traces; a rate that is measured stands still."""
    network = live("picture")
    image, conv = (network.get_population(name) for name in ("image", "conv"))
    image.compute_firing_rate(30.0)
    arrived = network.monitor(conv, ["g_exc"])
    network.simulate(30)
    assert arrived.get("g_exc")[-1].any()
    rate = image.r
    assert rate.any()
    image.disable()
    network.simulate(3)
    assert not arrived.get("g_exc").any()
    np.testing.assert_array_equal(image.r, rate)
    image.enable()
    network.step()
    assert arrived.get("g_exc").any()


def test_firing_rates(live):
    network = live("dense", seed=1)
    image = network.get_population("image")
    assert not image.r.any()
    image.compute_firing_rate(4.0)
    spikes = network.monitor(image, ["spike", "r"])
    network.simulate(15)
    recorded = spikes.get()
    for rank, steps in recorded["spike"].items():
        for step in range(15):
            expected = 250.0 * sum(step - 4 < entry <= step for entry in steps)
            assert recorded["r"][step, rank] == expected
    np.testing.assert_array_equal(image.r, recorded["r"][-1])
    network.reset()
    assert not image.r.any()


def test_another_window_counts_the_spikes_that_are_known(live):
    """Windows are cut to whole steps; what a smaller one dropped is unknown to a larger one."""
    network = live("dense", seed=1)
    image = network.get_population("image")
    spikes = network.monitor(image, ["spike", "r"])
    known: list[list[int]] = [[] for _ in range(image.size)]
    step, expected = 0, []
    for window, steps, jump in ((3.0, 9, 0), (8.7, 6, 0), (8.7, 4, -5), (2.0, 5, 9), (1.0, 4, 0)):
        step = network.current_step = step + jump
        image.compute_firing_rate(window)
        network.simulate(steps)
        fired = spikes.get("spike")
        for now in range(step, step + steps):
            for rank, times in enumerate(known):
                times.extend([now] * (now in fired[rank]))
                while times and times[0] <= now - int(window):
                    del times[0]
            expected.append([1000.0 / window * len(times) for times in known])
        step += steps
    np.testing.assert_allclose(spikes.get("r"), expected, rtol=1e-15)
    image.init["r"] = 7.0
    image.reset(["r"])
    assert (image.r == 7.0).all()


def test_windows_that_are_none(live):
    image = live("dense").get_population("image")
    for window in (0, 0.5, -1.0, "1", 1e12):
        with pytest.raises(OptionError, match="window: expected"):
            image.compute_firing_rate(window)


def test_coordinates(live):
    conv = live("picture").get_population("conv")
    for rank in range(conv.size):
        place = conv.coordinates_from_rank(rank)
        assert place == tuple(np.argwhere(np.arange(32).reshape(4, 4, 2) == rank)[0])
        assert conv.rank_from_coordinates(place) == rank
    assert conv.normalized_coordinates_from_rank(31, norm=2.0) == (2.0, 2.0, 2.0)
    assert conv.normalized_coordinates_from_rank(9) == (1 / 3, 0.0, 1.0)
    flat = live("picture").get_population("classes")
    assert flat.normalized_coordinates_from_rank(1) == (0.5,)
    for place in ((4, 0, 0), (-1, 0, 0), (0, 0), 3, (0, 0, 0.5), "a"):
        with pytest.raises(InputError, match=r"coordinates in 'conv': expected one number"):
            conv.rank_from_coordinates(place)
    for rank in (-1, 32, 1.5, None):
        with pytest.raises(InputError, match="rank in 'conv': expected 0 to 31"):
            conv.coordinates_from_rank(rank)


def test_copies_do_not_recurse(live):
    conv = live("picture").get_population("conv")
    assert copy.copy(conv).geometry == (4, 4, 2)
    assert signed().populations[1].name == "both"
    assert branches().populations[2].neuron is None
