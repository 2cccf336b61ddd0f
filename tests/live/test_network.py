"""The live network: its parts, its clock, runs, resets, what it refuses."""

from __future__ import annotations

import copy
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from live_oracle import Oracle, first_rates
from zoo import OPTIONS, dense, picture, samples

from annconv.errors import InputError, OptionError, UnavailableError
from annconv.live.network import LiveNetwork, output_monitor
from annconv.readouts import READOUTS
from annconv.reference.network import run_network

pytestmark = pytest.mark.compiles


def test_parts(live):
    network = live("picture", rates=False)
    populations, projections = network.get_populations(), network.get_projections()
    assert [entry.name for entry in populations] == ["image", "conv", "pool", "classes"]
    assert [entry.name for entry in projections] == ["conv_proj_2", "pool_proj_3", "dense_proj_4"]
    assert network.get_populations() is populations, "the live list, as in the reference"
    assert network.get_projections() is projections
    assert network.get_population("pool") is populations[2]
    assert network.get_projection("pool_proj_3") is projections[1]
    assert (projections[1].pre, projections[1].post) == (populations[1], populations[2])
    monitor = network.monitor(populations[1], ["v"], name="mine")
    again = network.monitor(populations[1], ["v"], name="mine")
    assert network.get_monitors() == [monitor, again]
    assert network.get_monitor("mine") is monitor, "the first of that name"
    assert (network.get_extensions(), network.get_constants()) == ([], [])


def test_unknown_names_print_a_line(live, capsys):
    network = live("picture", rates=False)
    assert network.get_population("imge") is None
    assert capsys.readouterr().out == (
        "There is no population 'imge'. Nearest: 'image'. Known: 'image', 'conv', 'pool', "
        "'classes'.\n"
    )
    for call in ("projection", "monitor", "constant", "extension"):
        assert getattr(network, f"get_{call}")("?") is None
        printed = capsys.readouterr().out
        assert printed.startswith(f"There is no {call} '?'. Known: ")
        assert printed.count("\n") == 1
    assert network.get_population(["conv"]) is None


def test_filters_of_projections(live):
    network = live("branches", rates=False)
    image, peaks, sums, classes = network.get_populations()
    names = lambda found: [entry.name for entry in found]  # noqa: E731
    assert names(network.get_projections(post=classes)) == ["direct", "late"]
    assert names(network.get_projections(pre=image)) == ["pool", "skip"]
    assert names(network.get_projections(pre="image", post=sums)) == ["skip"]
    assert names(network.get_projections(post=peaks, target="exc")) == ["pool"]
    assert network.get_projections(post=image, suppress_error=True) == []
    with pytest.raises(InputError, match="get_projections: expected ends and target of one of"):
        network.get_projections(target="inh")


def test_the_clock(live):
    network = live("signed")
    assert (network.dt, network.time, network.current_step) == (0.5, 0.0, 0)
    network.simulate(2.3)
    assert (network.time, network.current_step) == (2.5, 5)
    network.step()
    assert network.current_step == 6
    network.simulate(-3)
    network.simulate(0)
    assert network.current_step == 6
    network.time = 10.0
    assert network.current_step == 20
    network.current_step = 3.0
    assert (network.time, type(network.current_step)) == (1.5, int)
    network.reset()
    assert network.time == 0.0
    network.dt = 0.5
    with pytest.raises(UnavailableError, match=r"network.dt: expected 0.5, with which the network"):
        network.dt = 1.0
    with pytest.raises(UnavailableError, match=r"network.seed: expected to stay 0, received 3"):
        network.seed = 3
    assert (network.seed, network.compiled, network.directory) == (0, True, "")
    assert network.id != live("dense").id
    assert network.default_rng.random() == network.default_rng.random()


@pytest.mark.parametrize("value", ["a", None, float("nan"), float("inf"), 1j, True])
def test_durations_that_are_none(live, value):
    network = live("dense")
    with pytest.raises(OptionError, match="duration: expected a number"):
        network.simulate(value)
    with pytest.raises(OptionError, match="time: expected a number"):
        network.time = value
    with pytest.raises(OptionError, match="current_step: expected a number"):
        network.current_step = value


def test_a_time_is_the_step_that_ends_there():
    """0.3 / 0.1 is less than 3 in floats."""
    network = LiveNetwork(replace(dense(), dt=0.1), OPTIONS)
    for tenths in range(100):
        network.time = float(f"{tenths / 10:g}")
        assert network.current_step == tenths
        network.time = network.time
        assert network.current_step == tenths


def test_times_out_of_range(live):
    network = live("dense")
    with pytest.raises(OptionError, match="time: expected 0 to 2147483647 steps, received -3"):
        network.time = -3
    with pytest.raises(OptionError, match=r"time: expected 0 to 2147483647 steps, received -0.25"):
        network.time = -0.25
    with pytest.raises(OptionError, match=r"steps, received 1e\+300"):
        network.time = 1e300
    assert network.current_step == 0
    network.current_step = 2**31 - 3
    network.simulate(2)
    with pytest.raises(OptionError, match="duration: expected at most 2147483647 steps since"):
        network.simulate(1)


def test_a_reset_begins_anew(live):
    network = live("picture")
    classes = network.get_population("classes")
    monitor = network.monitor(classes, ["v", "spike", "g_exc"])
    network.simulate(25)
    first = monitor.get()
    network.get_population("conv").vt = 9.0
    network.simulate(3)
    network.reset()
    assert monitor.get("v").shape == (0, 3)
    assert not network.get_population("image").rates.any(), "rates are a parameter, too"
    assert network.get_population("conv").vt.max() == 0.75
    network.get_population("image").rates = first_rates("picture")
    network.simulate(25)
    second = monitor.get()
    np.testing.assert_array_equal(first["v"], second["v"])
    np.testing.assert_array_equal(first["g_exc"], second["g_exc"])
    assert first["spike"] == second["spike"]


def test_a_reset_of_the_time_alone(live):
    network = live("dense", seed=1)
    hidden = network.get_population("hidden")
    network.simulate(10)
    before = (hidden.v, hidden.mask)
    network.reset(populations=False, monitors=False)
    assert network.time == 0.0
    np.testing.assert_array_equal((hidden.v, hidden.mask), before)


def test_random_numbers_repeat_or_go_on(live):
    """Position s of the stream is that of sample s: the same numbers as in a run of samples."""
    network = live("dense", seed=7)
    image = network.get_population("image")
    monitor = network.monitor(image, ["spike"])
    trains = []
    for reseed in (True, True, False, False, True):
        network.simulate(25)
        trains.append(monitor.get("spike"))
        network.reset(reseed_rng=reseed)
        image.rates = first_rates("dense")
    assert trains[0] == trains[1] == trains[2]
    assert len({str(entry) for entry in trains}) == 3
    for sample in range(3):
        expected = Oracle(dense(), first_rates("dense"), seed=7, sample=sample).run(25)
        assert trains[2 + sample] == expected.spikes("image")


def test_runs_that_end_with_a_spike(live):
    """The oracle says when an output neuron spikes; every call goes on to the next spike."""
    network = live("picture")
    classes = network.get_population("classes")
    fired = Oracle(picture(), first_rates("picture")).run(60).values("classes", "spike").any(axis=1)
    steps = np.flatnonzero(fired)
    assert len(steps) > 3
    before = 0
    for step in steps[:3]:
        assert network.simulate_until(60, classes) == step + 1 - before
        before = step + 1
        assert network.time == before
    assert network.simulate_until(60.0, [classes], operator="or") == steps[3] + 1 - before
    network.reset()
    assert network.simulate_until(12.5, classes) == 13.0, "never met, nothing arrives"
    assert (network.simulate_until(0, classes), network.simulate_until(-4, classes)) == (0.0, 0.0)


def test_runs_that_end_with_k_spikes(live):
    network = live("branches")
    expected = run_network(network.network, samples(network.network)[:1], steps=25).stopped_at[0]
    classes = network.get_population("classes")
    assert network.simulate_until(25, classes) == expected < 25
    network.reset()
    network.get_population("image").rates = first_rates("branches")
    classes.k = 3
    later = network.simulate_until(500, classes)
    assert expected < later < 500
    assert classes.sc.max() == 3
    assert type(later) is float


def test_a_run_in_ms():
    """15 ms at half a millisecond are 15 ms, not 60 as in the reference."""
    network = LiveNetwork(replace(picture(), dt=0.5), OPTIONS)
    assert network.simulate_until(15, network.get_population("classes")) == 15.0
    assert network.current_step == 30


def test_what_simulate_until_refuses(live):
    network, other = live("picture"), live("dense")
    classes = network.get_population("classes")
    with pytest.raises(InputError, match="with a stop_condition, received 'pool'"):
        network.simulate_until(10, [classes, network.get_population("pool")])
    with pytest.raises(InputError, match=r"this network's is 'spike_count' \(no condition\)") as no:
        other.simulate_until(10, other.get_population("classes"))
    named = {name for name in READOUTS if f"{name!r}" in str(no.value)} - {"spike_count"}
    assert named == {name for name, readout in READOUTS.items() if readout.stop is not None}
    for wrong in ("classes", other.get_population("classes"), [], None, [classes, 3]):
        with pytest.raises(InputError, match="simulate_until: expected populations of this"):
            network.simulate_until(10, wrong)
    with pytest.raises(OptionError, match=r"operator: unknown value 'xor'. Known: 'and', 'or'"):
        network.simulate_until(10, classes, operator="xor")
    with pytest.raises(OptionError, match="max_duration: expected a number"):
        network.simulate_until("x", classes)


def test_lines_that_are_printed(live, capsys):
    network = live("picture")
    network.simulate(3, measure_time=True)
    assert capsys.readouterr().out.startswith("Simulated 0.003 s of the network in ")
    network.simulate_until(3, network.get_population("classes"), measure_time=True)
    assert capsys.readouterr().out.startswith("Simulated 0.003 s of the network in ")
    assert network.compile(directory="x", silent=True) is None
    assert capsys.readouterr().out == "The network is compiled already: nothing to do.\n"
    assert (network.enable_learning(), network.disable_learning()) == (None, None)


@pytest.mark.parametrize(
    "call",
    ["create", "connect", "constant", "config", "clear", "copy", "instance", "memory_footprint",
     "parallel_run", "boldmonitor", "callbacks_enabled", "enable_callbacks", "disable_callbacks",
     "clear_all_callbacks"],
)  # fmt: skip
def test_calls_that_are_left_out(live, call):
    network = live("dense", rates=False)
    message = rf"network.{call} does not exist in annconv. [A-Zd]"
    with pytest.raises(UnavailableError, match=message) as caught:
        getattr(network, call)
    assert isinstance(caught.value, AttributeError)
    assert not hasattr(network, call)


def test_other_attributes(live):
    network = live("dense", rates=False)
    with pytest.raises(UnavailableError, match=r"network.simulat does not exist .* 'simulate'"):
        network.simulat  # noqa: B018
    assert copy.copy(network).get_populations() is network.get_populations()


def test_the_monitor_of_the_output(live):
    network = live("dense", rates=False)
    monitor = output_monitor(network)
    assert (monitor.name, monitor.variables) == ("Monitor_classes", ["v", "spike"])


def test_nothing_is_compiled_before_it_is_needed(monkeypatch):
    monkeypatch.setattr("annconv.live.engine.open_state", None)
    network = LiveNetwork(dense(), OPTIONS)
    monitor = network.monitor(network.get_population("hidden"), ["v"])
    assert network.network is network.engine.network
    assert (network.time, network.dt, monitor.variables) == (0.0, 1.0, ["v"])
    with pytest.raises(TypeError):  # the compiler that is not there
        network.step()


INTERRUPTED = """
import signal
import sys
from dataclasses import replace
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started by
sys.path[:0] = ["tests", "."]
from zoo import OPTIONS, STEPS, dense
from annconv.live.network import LiveNetwork

def spikes(network):
    network.reset()
    network.get_population("image").rates = 700.0
    network.simulate(STEPS)
    return monitor.get("spike")

network = LiveNetwork(dense(), replace(OPTIONS, precision=sys.argv[1]))
monitor = network.monitor(network.get_population("hidden"), ["spike"])
before = spikes(network)
while network.current_step == STEPS:  # an interrupt before the run began: asks for another one
    try:
        print("running", flush=True)
        network.simulate(2**31 - 5 - STEPS)
    except KeyboardInterrupt:
        continue
print(network.current_step < 2**31 - 5, flush=True)
network.step()
print(monitor.times()["spike"]["stop"] == [network.current_step])
print(any(before.values()), before == spikes(network))
"""


@pytest.mark.parametrize(
    "precision",
    ["double", *(pytest.param(name, marks=pytest.mark.slow) for name in ("single", "int16"))],
    ids=["double", "single", "int16"],
)
def test_an_interrupt_leaves_the_network_between_two_steps(precision, root_folder):
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, precision],
        cwd=root_folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        while (printed := process.stdout.readline()) == "running\n":
            process.send_signal(signal.SIGINT)
        rest = process.stdout.read()  # not `communicate`, which forgets what `readline` read ahead
    finally:
        process.kill()
        process.communicate()
    assert printed + rest == "True\nTrue\nTrue True\n"
