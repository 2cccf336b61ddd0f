"""Recordings that memory does not hold: refused before they start, or one error where they end."""

from __future__ import annotations

import pickle
import resource
import sys
from dataclasses import replace

import numpy as np
import pytest
from zoo import OPTIONS, STEPS, dense, samples

from annconv.errors import AnnconvError, OutOfMemoryError
from annconv.live.network import LiveNetwork
from annconv.machine import PROC
from annconv.runtime import memory
from annconv.runtime.compiled import CompiledNetwork, compile_network
from annconv.runtime.memory import SPIKE_BYTES, MemoryTold, Recording, spike_limit

pytestmark = pytest.mark.compiles

X = samples(dense())
NAMES = ["image", "hidden", "classes"]


@pytest.fixture(params=[1, 2])
def network(request: pytest.FixtureRequest) -> CompiledNetwork:
    return compile_network(dense(), replace(OPTIONS, threads=request.param))


def has(monkeypatch: pytest.MonkeyPatch, size: int | None) -> None:
    """The machine has so much memory, and nothing but recorded spikes needs any."""
    monkeypatch.setattr("annconv.runtime.compiled.spike_limit", lambda _: size)


def spikes_of(network: CompiledNetwork, x: np.ndarray, steps: int) -> int:
    trains = network.run(x, steps=steps, record=NAMES).spikes.values()
    return sum(len(train) for found in trains for train in found)


def test_a_recording_ends_where_its_memory_ends(
    network: CompiledNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 400
    needed = spikes_of(network, X, steps) * SPIKE_BYTES
    expected = network.run(X, steps=steps, record=NAMES)
    has(monkeypatch, 2 * needed)  # trains grow by half
    enough = network.run(X, steps=steps, record=NAMES)
    assert [len(train) for train in enough.spikes["hidden"]] == [
        len(train) for train in expected.spikes["hidden"]
    ]
    has(monkeypatch, needed // 2)
    with pytest.raises(OutOfMemoryError) as caught:
        network.run(X, steps=steps, record=NAMES)
    text = str(caught.value)
    assert text.startswith(
        f"recording 'image', 'hidden', 'classes' for 6 samples of {steps} steps: expected at most "
    )
    done = float(text.partition(" after ")[2].partition(" of 6 samples. ")[0])
    assert 1 <= done <= 4, text  # half, as trains have room to grow
    assert f"Record about {int(done * 0.9)} sample" in text
    assert isinstance(caught.value, AnnconvError)
    assert isinstance(caught.value, MemoryError)
    assert str(pickle.loads(pickle.dumps(caught.value))) == text
    assert network.run(X, seed=3).counts.tolist() == expected_counts(network)


def expected_counts(network: CompiledNetwork) -> list[list[int]]:
    fresh = compile_network(network.network, network.options)
    return fresh.run(X, seed=3).counts.tolist()


def test_a_recording_of_many_samples_is_refused_before_it_starts(
    network: CompiledNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = np.tile(X, (50, 1))
    per_sample = [spikes_of(network, many[at : at + 1], STEPS) for at in (0, 99, 199, 299)]
    one_call = spikes_of(network, many, STEPS) * SPIKE_BYTES
    seen: list[int] = []

    class Counted:
        arena_bytes = network._native.arena_bytes

        def run(self, part: np.ndarray, *rest: object) -> object:
            seen.append(len(part))
            return native.run(part, *rest)

    native = network._native
    monkeypatch.setattr(network, "_native", Counted())
    has(monkeypatch, one_call // 10)
    with pytest.raises(OutOfMemoryError, match=r"received about .* or more. Record about \d+ sam"):
        network.run(many, record=NAMES)
    assert seen == [1, 1, 1, 1]
    has(monkeypatch, 2 * one_call)
    network.run(many, record=NAMES)
    assert seen[4:] in ([300], [1, 1, 1, 1, 300])
    assert min(per_sample) > 0


def test_no_memory_at_all(network: CompiledNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    has(monkeypatch, 0)
    with pytest.raises(OutOfMemoryError, match=r"at most 0 B .* up to .* Record fewer populations"):
        network.run(X, record=NAMES)
    assert network.run(X[:0], record=NAMES).spikes["hidden"] == []
    assert len(network.run(X)) == 6, "without recordings nothing is limited"


def test_runs_that_record_nothing_do_not_ask_what_memory_is_left(
    network: CompiledNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[None] = []
    monkeypatch.setattr(memory, "available_memory", lambda: asked.append(None))
    network.predict(X)
    assert asked == []
    network.run(X, record=NAMES)
    assert len(asked) == 1


def test_a_recording_that_surely_fits_is_not_tried() -> None:
    def trial(index: int) -> int:
        raise AssertionError

    Recording(["a"], 10, 1000, 100).check(10 * 1000 * 100 * SPIKE_BYTES, trial)


def test_the_least_active_sample_decides() -> None:
    recording = Recording(["a"], 10, 1000, 100)
    spikes = {0: 900, 333: 300, 666: 500, 999: 400}
    recording.check(300 * 1000 * SPIKE_BYTES, spikes.__getitem__)
    with pytest.raises(OutOfMemoryError, match="Record about 999 samples in a call"):
        recording.check(300 * 1000 * SPIKE_BYTES - 1, spikes.__getitem__)


def test_what_others_need_and_a_share_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    assert spike_limit(100) == 800
    assert spike_limit(2000) == 0
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    assert spike_limit(100) == memory.UNLIMITED


def test_any_other_lack_of_memory_is_told() -> None:
    @MemoryTold("this", "Do that.")
    def fail(error: Exception) -> None:
        raise error

    with pytest.raises(OutOfMemoryError, match=r"this: expected memory for it, .* Do that\."):
        fail(MemoryError())
    own = OutOfMemoryError("what", expected="x", received="y", instead="z")
    with pytest.raises(OutOfMemoryError) as caught:
        fail(own)
    assert caught.value is own


@pytest.mark.skipif(sys.platform != "linux", reason="limits of addresses are Linux'")
def test_memory_that_ends_before_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system gives no more: std::bad_alloc in whichever thread asks."""
    network = compile_network(dense(), replace(OPTIONS, threads=2))
    has(monkeypatch, memory.UNLIMITED)
    network.run(X, record=NAMES)
    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int((PROC / "self" / "statm").read_text().split()[0])
    room = 32 * 2**20  # of which the second thread takes its stack
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room, limits[1]))
    try:
        with pytest.raises(OutOfMemoryError) as caught:
            network.run(10 * np.ones_like(X), steps=2**31 - 1, record=NAMES)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert "MiB after" in str(caught.value)
    assert len(network.run(X, record=NAMES)) == 6


def test_monitors_that_memory_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    network = LiveNetwork(dense(), OPTIONS)
    image, hidden, _ = network.get_populations()
    monitor = network.monitor(hidden, ["v"])
    network.simulate(10)
    room = 32 * 2**20
    monkeypatch.setattr("annconv.live.engine.available_memory", lambda: room)
    fits = int(room * 0.9) // (8 * hidden.size)
    with pytest.raises(OutOfMemoryError, match=r"expected at most 28.8 MiB.* received 28.8 MiB"):
        network.simulate(fits + 1)
    assert (network.current_step, len(monitor.get("v"))) == (10, 10)
    monitor.pause()
    image.rates = 800.0
    spikes = network.monitor(image, ["spike"])
    monkeypatch.setattr("annconv.live.engine.LARGE", 1)
    monkeypatch.setattr("annconv.live.engine.LONGEST_CHUNK", 100)
    sizes = iter([2**20, 2**20, 0])
    monkeypatch.setattr("annconv.live.engine.available_memory", lambda: next(sizes))
    with pytest.raises(OutOfMemoryError, match="recording 100 steps"):
        network.simulate(1000)
    assert network.current_step == 210, "what was run until then is kept"
    assert max(map(max, filter(None, spikes.get("spike").values()))) < 210
