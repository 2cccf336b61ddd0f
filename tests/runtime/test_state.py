"""A network stepped by hand: what is read, set, recorded, and what ends a run."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from zoo import OPTIONS, ZOO, dense, numbers, picture, samples, signed

from annconv.ir.operators import Dense
from annconv.plan.arrays import Source
from annconv.reference.network import run_network
from annconv.runtime.state import SpikeRecording, State, ValueRecording, open_state

pytestmark = pytest.mark.compiles


def rates_of(state: State, index: int = 0) -> np.ndarray:
    network = state.network
    scaled = samples(network)[index] * network.input_scale
    return np.ascontiguousarray(scaled.ravel().astype(state.real))


def values(state: State, buffer: str, steps: int, **kept: object) -> ValueRecording:
    size = state.buffers[buffer].size
    given = {"ranks": None, "period": 1, "wait": 0, "rows": np.empty((steps, size)), **kept}
    return ValueRecording(state.position(buffer), **given)


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("precision", ["single", "double"])
def test_spikes_are_those_of_the_interpreter(name: str, precision: str) -> None:
    """One call for all steps, in either precision."""
    network, options = ZOO[name](), replace(OPTIONS, precision=precision)
    state = open_state(network, options)
    output = network.names.index(network.output.name)
    result = run_network(
        network, samples(network), steps=network.steps, seed=5, record=[network.output.name],
        real=state.real,
    )  # fmt: skip
    for index, train in enumerate(result.spikes[network.output.name]):
        state.reset()
        advance = state.advance(
            int(result.stopped_at[index]),
            rates_of(state, index),
            seed=5,
            sample=index,
            spikes=[SpikeRecording(output, None)],
        )
        positive = train[train[:, 2] > 0] if train.shape[1] == 3 else train
        np.testing.assert_array_equal(advance.spikes[0], positive[:, :2])
        counts = state.buffers[state.plan.readout.counts]
        np.testing.assert_array_equal(counts, result.counts[index])


def test_the_read_out_stops_a_run() -> None:
    network = picture()
    state = open_state(network, OPTIONS)
    expected = run_network(network, samples(network), steps=25).stopped_at
    assert expected.min() < 25
    for index, stop in enumerate(expected):
        state.reset()
        advance = state.advance(25, rates_of(state, index), sample=index, stops=True)
        assert advance.steps == stop
        assert state.stopped() == (stop < 25)
    state.reset()
    assert state.advance(25, rates_of(state)).steps == 25


def test_periods_and_ranks() -> None:
    state = open_state(dense(), OPTIONS)
    everything = values(state, "hidden_v", 20)
    some = values(
        state, "hidden_v", 6, ranks=np.array([4, 1], np.int32), period=3, wait=2,
        rows=np.empty((6, 2)),
    )  # fmt: skip
    spikes = [SpikeRecording(1, None), SpikeRecording(1, np.array([4, 1], np.int32))]
    advance = state.advance(20, rates_of(state), seed=1, values=[everything, some], spikes=spikes)
    assert advance.written == [20, 6]
    np.testing.assert_array_equal(some.rows, everything.rows[2::3][:, [4, 1]])
    full, part = advance.spikes
    assert len(part) >= 3
    assert sorted(map(tuple, part)) == [tuple(row) for row in full if row[1] in (1, 4)]


def test_a_row_that_never_comes() -> None:
    state = open_state(dense(), OPTIONS)
    late = values(state, "hidden_v", 0, wait=5)
    assert state.advance(3, rates_of(state), values=[late]).written == [0]


def test_weights_and_parameters_are_views() -> None:
    """What is written into them is what the next step computes with."""
    state = open_state(dense(), OPTIONS)
    weights = state.array_of(Source("operator", "dense_proj_2", "weights"))
    assert weights is not None
    np.testing.assert_array_equal(weights, numbers(6, 5).ravel())
    weights[:] = 0.25
    threshold = state.array_of(Source("parameter", "hidden", "vt"))
    assert threshold is not None
    threshold[:] = 1e9
    recording = values(state, "hidden_v", 12)
    state.advance(12, rates_of(state), seed=1, values=[recording])
    network = dense()
    expected = replace(
        network,
        projections=(
            replace(
                network.projections[0],
                operators=(Dense(np.full((6, 5), 0.25)),),
            ),
            network.projections[1],
        ),
        populations=(
            network.populations[0],
            replace(network.populations[1], parameters={"vt": np.array(1e9)}),
            network.populations[2],
        ),
    )  # fmt: skip
    other = open_state(expected, OPTIONS)
    again = values(other, "hidden_v", 12)
    other.advance(12, rates_of(other), seed=1, values=[again])
    np.testing.assert_array_equal(recording.rows, again.rows)
    assert recording.rows[-1].min() > 0.25
    assert state.array_of(Source("parameter", "hidden", "bogus")) is None


def test_what_is_given_arrives_once() -> None:
    for precision in ("single", "double"):
        state = open_state(dense(), replace(OPTIONS, precision=precision))
        silent = np.zeros(6, state.real)
        state.given["hidden_g_exc"][:] = [0.0, 0.5, 0.0, -0.25, 0.125]
        recording = values(state, "hidden_v", 2)
        state.advance(2, silent, values=[recording])
        np.testing.assert_array_equal(recording.rows, [[0.0, 0.5, 0.0, -0.25, 0.125]] * 2)
        assert not state.given["hidden_g_exc"].any()


def test_a_disabled_population_stays_and_is_silent() -> None:
    state = open_state(dense(), OPTIONS)
    state.advance(10, rates_of(state), seed=1)
    before = state.buffers["hidden_v"].copy()
    state.enabled[1] = 0
    advance = state.advance(5, rates_of(state), seed=1, index=10, spikes=[SpikeRecording(1, None)])
    assert len(advance.spikes[0]) == 0
    np.testing.assert_array_equal(state.buffers["hidden_v"], before)
    state.enabled[1] = 1
    state.advance(5, rates_of(state), seed=1, index=15)
    assert (state.buffers["hidden_v"] != before).any()


def test_a_projection_that_does_not_transmit_delivers_zero() -> None:
    state = open_state(dense(), OPTIONS)
    state.advance(10, rates_of(state), seed=1)
    assert state.buffers["hidden_g_exc"].any()
    state.transmits[0] = 0
    state.advance(1, rates_of(state), seed=1, index=10)
    assert not state.buffers["hidden_g_exc"].any()


def test_variables_of_one_population_restart() -> None:
    state = open_state(signed(), OPTIONS)
    start = {name: array.copy() for name, array in state.buffers.items()}
    assert start["both_v"].any(), "each neuron starts with a value of its own"
    state.advance(12, rates_of(state), seed=1)
    other = state.buffers["classes_v"].copy()
    mask = state.buffers["both_mask"].copy()
    assert mask.any()
    state.restart("both", ["mask"])
    np.testing.assert_array_equal(state.buffers["both_v"], start["both_v"])
    np.testing.assert_array_equal(state.buffers["both_mask"], mask)
    state.restart("both")
    assert not state.buffers["both_mask"].any()
    np.testing.assert_array_equal(state.buffers["classes_v"], other)


def test_measured_rates() -> None:
    """Spikes of the last three steps, at half a millisecond a step."""
    state = open_state(signed(), OPTIONS)
    state.measure(0, 3)
    source = -1 - 0
    recording = ValueRecording(source, None, 1, 0, np.empty((20, 4)))
    advance = state.advance(
        20, rates_of(state), seed=2, values=[recording], spikes=[SpikeRecording(0, None)]
    )
    fired = np.zeros((20, 4))
    fired[tuple(advance.spikes[0].T)] = 1
    expected = [fired[max(0, t - 2) : t + 1].sum(axis=0) / 1.5e-3 for t in range(20)]
    assert fired.sum() > 10
    np.testing.assert_allclose(recording.rows, expected, rtol=1e-12)
    np.testing.assert_allclose(state.firing_rates(0), expected[-1], rtol=1e-12)
    state.measure(0, 0)
    state.forget_spikes(0)
    state.advance(5, rates_of(state), seed=2)
    np.testing.assert_allclose(state.firing_rates(0), expected[-1], rtol=1e-12)


def test_two_states_are_apart() -> None:
    one, other = (open_state(dense(), OPTIONS) for _ in range(2))
    one.packed["hidden_vt"][:] = 7.0
    one.advance(10, rates_of(one), seed=1)
    assert other.packed["hidden_vt"] == 0.75
    assert not other.buffers["hidden_mask"].any()


def test_views_keep_their_memory_alive() -> None:
    values_of = open_state(dense(), OPTIONS).packed["dense_proj_2_weights"]
    np.testing.assert_array_equal(values_of, numbers(6, 5).ravel())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rates": np.zeros(5)}, "rates: expected C-contiguous reals"),
        ({"rates": np.zeros(6, np.float32)}, "rates: expected C-contiguous reals"),
        ({"ranks": np.array([9], np.int32)}, "ranks: expected those of neurons"),
        ({"ranks": np.array([-1], np.int32)}, "ranks: expected those of neurons"),
        ({"rows": np.empty((3, 5))}, "rows: expected a row of all values"),
        ({"rows": np.empty((4, 4))}, "rows: expected a row of all values"),
        ({"period": 0}, "period: expected 1 or more"),
        ({"wait": -1}, "period: expected 1 or more"),
    ],
)
def test_what_would_reach_beyond_memory_is_refused(change: dict[str, object], message: str) -> None:
    state = open_state(dense(), OPTIONS)
    rates = change.pop("rates", np.zeros(6))
    with pytest.raises(ValueError, match=message):
        state.advance(4, rates, values=[values(state, "hidden_v", 4, **change)])
    with pytest.raises(ValueError, match="window: expected 0 or more steps"):
        state.measure(0, -1)
    with pytest.raises(IndexError):
        state.advance(1, np.zeros(6), values=[ValueRecording(99, None, 1, 0, np.empty((1, 5)))])
    potential, counts = state.position("hidden_v"), state.position(state.plan.readout.counts)
    arriving = state.position("hidden_g_exc")
    for source, arrived in ((potential, potential), (counts, arriving), (potential, 99)):
        wrong = ValueRecording(source, None, 1, 0, np.empty((1, 5)), arrived)
        with pytest.raises(IndexError, match="no such conductance"):
            state.advance(1, np.zeros(6), values=[wrong])
    with pytest.raises(IndexError):
        state.advance(1, np.zeros(6), spikes=[SpikeRecording(99, None)])


def test_a_second_state_is_found_in_the_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    open_state(dense(), OPTIONS)
    monkeypatch.setattr("annconv.runtime.state.build_extension", None)
    assert open_state(dense(), replace(OPTIONS, optimize=2, threads=2)).plan.precision == "double"


INTERRUPTED = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the tests were started by
sys.path[:0] = ["tests", "."]
from dataclasses import replace
import numpy as np
from zoo import OPTIONS, dense
from annconv.runtime.state import open_state
state = open_state(dense(), replace(OPTIONS, precision=sys.argv[1]))
while True:
    try:
        print("running", flush=True)
        advance = state.advance(2**31 - 1, np.zeros(6, state.real))
        break
    except KeyboardInterrupt:  # before the run began: asks for another one
        continue
print(type(advance.error).__name__, 0 < advance.steps < 2**31 - 1, flush=True)
"""


@pytest.mark.parametrize(
    "precision",
    ["double", *(pytest.param(name, marks=pytest.mark.slow) for name in ("single", "int16"))],
    ids=["double", "single", "int16"],
)
def test_an_interrupt_ends_a_run_between_two_steps(precision: str, root_folder: Path) -> None:
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
    finally:
        process.kill()
        process.communicate()
    assert printed == "KeyboardInterrupt True\n"
