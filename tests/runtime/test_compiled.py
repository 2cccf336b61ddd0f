"""CompiledNetwork: what it takes, what it refuses, what it gives back."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from zoo import OPTIONS, STEPS, ZOO, dense, numbers, samples, spiking

import annconv
from annconv.build.builder import find_extension
from annconv.codegen.network_context import SUMMING_SOURCES
from annconv.errors import (
    CacheError,
    InputError,
    ModelFileError,
    OptionError,
    SimulationError,
)
from annconv.ir.operators import Dense
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.passes.pipeline import target_of
from annconv.plan.kernels import LayerKernel
from annconv.plan.planner import make_plan
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network
from annconv.runtime import compiled as compiled_module
from annconv.runtime.compiled import CompiledNetwork, compile_network

pytestmark = pytest.mark.compiles

X = samples(dense())


@pytest.fixture(autouse=True)
def still_predicts(compiled: CompiledNetwork) -> Iterator[None]:
    """After every test, whatever it did, the shared network computes what it did before."""
    yield
    expected = run_network(dense(), X, steps=STEPS, seed=5)
    np.testing.assert_array_equal(compiled.run(X, seed=5).counts, expected.counts)


@pytest.mark.parametrize("name", ZOO)
def test_runs_like_the_oracle(zoo: Mapping[str, CompiledNetwork], name: str) -> None:
    network = ZOO[name]()
    x = samples(network)
    record = spiking(network)
    expected = run_network(network, x, steps=STEPS, seed=3, record=record)
    received = zoo[name].run(x, seed=3, record=record)
    np.testing.assert_array_equal(received.labels, expected.labels)
    np.testing.assert_array_equal(received.counts, expected.counts)
    np.testing.assert_array_equal(received.outputs, expected.outputs)
    np.testing.assert_array_equal(received.stopped_at, expected.stopped_at)
    assert list(received.spikes) == record
    for population in record:
        for ours, theirs in zip(
            received.spikes[population], expected.spikes[population], strict=True
        ):
            assert ours.dtype == theirs.dtype == np.int32
            np.testing.assert_array_equal(ours, theirs)


def test_early_stops_are_those_of_the_oracle(zoo: Mapping[str, CompiledNetwork]) -> None:
    """The two read-outs that stop do so at different steps in different samples."""
    for name in ("picture", "branches"):
        stopped = zoo[name].run(samples(ZOO[name](), 12)).stopped_at
        expected = run_network(ZOO[name](), samples(ZOO[name](), 12), steps=STEPS).stopped_at
        np.testing.assert_array_equal(stopped, expected)
        assert len(set(stopped)) > 1
        assert stopped.min() < STEPS


def test_a_stopped_sample_records_no_later_spike(zoo: Mapping[str, CompiledNetwork]) -> None:
    result = zoo["picture"].run(samples(ZOO["picture"]()), record=["image", "classes"])
    for train, stop in zip(result.spikes["image"], result.stopped_at, strict=True):
        assert train[:, 0].max() < stop
    for train, stop in zip(result.spikes["classes"], result.stopped_at, strict=True):
        assert set(train[:, 0]) == {stop - 1}, "a spike at step 9 stops after 10 steps"


def test_types_and_shapes(zoo: Mapping[str, CompiledNetwork]) -> None:
    result = zoo["signed"].run(samples(ZOO["signed"]()), record=["image", "both"])
    assert (result.labels.dtype, result.labels.shape) == (np.int64, (6,))
    assert (result.counts.dtype, result.counts.shape) == (np.int64, (6, 2))
    assert (result.outputs.dtype, result.outputs.shape) == (np.float64, (6, 2))
    assert (result.stopped_at.dtype, result.stopped_at.shape) == (np.int64, (6,))
    assert all(train.shape[1:] == (2,) for train in result.spikes["image"])
    assert all(train.shape[1:] == (3,) for train in result.spikes["both"])
    assert {-1, 1} == {int(sign) for train in result.spikes["both"] for sign in train[:, 2]}
    for trains in result.spikes.values():
        for train in trains:
            order = np.lexsort((train[:, 1], train[:, 0]))
            np.testing.assert_array_equal(order, np.arange(len(train)))


@pytest.mark.parametrize("shape", [(6, 6), (6, 2, 3), (6, 1, 6, 1), (6, 6, 1)])
def test_any_shape_with_the_right_number_of_values(
    compiled: CompiledNetwork, shape: tuple[int, ...]
) -> None:
    expected = compiled.run(X, seed=1).counts
    np.testing.assert_array_equal(compiled.run(X.reshape(shape), seed=1).counts, expected)


def test_other_types_and_layouts(compiled: CompiledNetwork) -> None:
    expected = compiled.run(X, seed=1).counts
    padded = np.zeros((6, 12))
    padded[:, ::2] = X
    for given in (X.tolist(), np.asfortranarray(X), padded[:, ::2], X.astype(">f8")):
        np.testing.assert_array_equal(compiled.run(given, seed=1).counts, expected)


def test_whole_numbers_do_not_wrap() -> None:
    """Rates of 200 * 100 are far beyond a byte: every neuron fires in every step."""
    network = replace(dense(), input_scale=100.0)
    compiled = compile_network(network, OPTIONS)
    for dtype in (np.uint8, np.int16, np.int64):
        result = compiled.run(np.full((1, 6), 100, dtype=dtype), record=["image"])
        assert len(result.spikes["image"][0]) == 6 * STEPS
    truth = compiled.run(np.ones((1, 6), dtype=bool), seed=4)
    np.testing.assert_array_equal(truth.counts, compiled.run(np.ones((1, 6)), seed=4).counts)


@pytest.mark.parametrize("empty", [np.zeros((0, 6)), np.zeros((0, 2, 3)), [], np.zeros(0)])
def test_zero_samples_give_an_empty_answer(compiled: CompiledNetwork, empty: object) -> None:
    result = compiled.run(empty, record=["image", "hidden"])
    assert result.labels.shape == result.stopped_at.shape == (0,)
    assert result.labels.dtype == np.int64
    assert result.counts.shape == result.outputs.shape == (0, 3)
    assert result.spikes == {"image": [], "hidden": []}
    assert result.tied_labels() == []
    assert len(result) == 0
    assert compiled.predict(empty).tolist() == []


BAD_SAMPLES: dict[str, tuple[object, str]] = {
    "too few values": (np.zeros((2, 5)), r"any shape with 6 values per sample, received shape \(2"),
    "too many values": (np.zeros((2, 7)), "received shape"),
    "no batch axis": (np.zeros(6), r"A single sample needs a batch axis: samples\[None\]"),
    "a number": (1.0, r"received shape \(\)"),
    "nothing": (None, "received NoneType None"),
    "zero samples of another size": (np.zeros((0, 5)), r"received shape \(0, 5\)"),
    "text": (np.array([["a"] * 6]), "expected an array of numbers, received text"),
    "bytes": (np.array([[b"a"] * 6]), "received bytes"),
    "objects": (np.array([[object()] * 6]), "received objects"),
    "complex": (np.zeros((1, 6), dtype=complex), "received complex numbers"),
    "times": (np.zeros((1, 6), dtype="datetime64[s]"), "received other values"),
    "ragged": ([[1.0] * 6, [1.0]], "received a ragged list"),
    "not a number": (np.where(np.eye(6) > 0, np.nan, 0.0), "received 6 that are NaN or infinite"),
    "infinite": (np.full((1, 6), -np.inf), r"the first at index \(0, 0\)"),
    "too large": (np.full((1, 6), 1e308), "samples times the input scale 800"),
    "too large in float32": (
        np.full((1, 6), 1e38, dtype=np.float32),
        "expected values within float32",
    ),
}


@pytest.mark.parametrize("kind", BAD_SAMPLES)
def test_bad_samples(compiled: CompiledNetwork, kind: str) -> None:
    given, why = BAD_SAMPLES[kind]
    for call in (compiled.run, compiled.predict):
        with pytest.raises(InputError, match=why) as caught:
            call(given)
        assert isinstance(caught.value, ValueError)


WHOLE = r"expected a whole number from \d+ to \d+, received"
BAD_OPTIONS: dict[str, tuple[dict[str, object], str]] = {
    "no steps": ({"steps": 0}, f"steps: {WHOLE} 0"),
    "negative steps": ({"steps": -3}, f"steps: {WHOLE} -3"),
    "half a step": ({"steps": 2.5}, f"steps: {WHOLE} 2.5"),
    "steps as float": ({"steps": 10.0}, f"steps: {WHOLE} 10.0"),
    "steps as truth": ({"steps": True}, f"steps: {WHOLE} True"),
    "steps as text": ({"steps": "10"}, f"steps: {WHOLE} '10'"),
    "too many steps": ({"steps": 2**31}, f"steps: {WHOLE} 2147483648"),
    "steps not a number": ({"steps": float("nan")}, f"steps: {WHOLE} nan"),
    "negative seed": ({"seed": -1}, f"seed: {WHOLE} -1"),
    "large seed": ({"seed": 2**64}, f"seed: {WHOLE} 18446744073709551616"),
    "seed as text": ({"seed": "1"}, f"seed: {WHOLE} '1'"),
    "no seed": ({"seed": None}, f"seed: {WHOLE} None"),
    "first sample": ({"first_sample": -1}, f"first_sample: {WHOLE} -1"),
    "frames": ({"frames": 1}, "frames: expected True or False, received 1"),
    "progress": ({"progress": "yes"}, "progress: expected True or False, received 'yes'"),
    "unknown population": (
        {"record": ["hiden"]},
        r"record: no population 'hiden' that spikes. Nearest: 'hidden'. Known: 'image', 'hidden'",
    ),
    "not a name": ({"record": [3]}, "record: no population 3 that spikes"),
    "not names": ({"record": 3}, "record: expected names of populations, received 3"),
    "empty name": ({"record": ""}, "record: no population '' that spikes"),
}


@pytest.mark.parametrize("kind", BAD_OPTIONS)
def test_bad_options(compiled: CompiledNetwork, kind: str) -> None:
    given, why = BAD_OPTIONS[kind]
    with pytest.raises(OptionError, match=why) as caught:
        compiled.run(X, **given)  # type: ignore[arg-type]
    assert isinstance(caught.value, ValueError)


def test_all_bad_options_are_listed(compiled: CompiledNetwork) -> None:
    with pytest.raises(OptionError) as caught:
        compiled.run(X, steps=0, seed=-1, first_sample=2**32)
    assert [fault.partition(":")[0] for fault in caught.value.faults] == [
        "steps", "seed", "first_sample",
    ]  # fmt: skip
    with pytest.raises(OptionError) as caught:
        compiled.run(X, record=["a", "b"])
    assert len(caught.value.faults) == 2


def test_a_junction_cannot_be_recorded(zoo: Mapping[str, CompiledNetwork]) -> None:
    with pytest.raises(OptionError, match="no population 'sum' that spikes"):
        zoo["branches"].run(samples(ZOO["branches"]()), record=["sum"])


@pytest.mark.parametrize("threads", [0, -1, 1.5, "2", True, 5000, float("inf")])
def test_bad_threads(threads: object) -> None:
    with pytest.raises(OptionError, match=f"threads: {WHOLE}"):
        annconv.compile(dense(), threads=threads)  # type: ignore[arg-type]


@pytest.mark.parametrize("precision", ["float", "Double", None, 64, "half"])
def test_bad_precision(precision: object) -> None:
    with pytest.raises(OptionError, match="precision: unknown value .* Known: 'single', 'double'"):
        annconv.compile(dense(), precision=precision)  # type: ignore[arg-type]


def test_the_nearest_precision_is_named() -> None:
    with pytest.raises(OptionError, match="unknown value 'Duoble'. Nearest: 'double'"):
        annconv.compile(dense(), precision="Duoble", threads=2)


def test_compile_takes_networks_only() -> None:
    with pytest.raises(InputError, match="expected a Network, .* received str"):
        annconv.compile("cnn.keras")  # type: ignore[arg-type]


def test_whole_numbers_of_numpy_are_whole_numbers(compiled: CompiledNetwork) -> None:
    expected = compiled.run(X, steps=9, seed=7, first_sample=2)
    for kind in (np.int8, np.int32, np.uint64):
        received = compiled.run(X, steps=kind(9), seed=kind(7), first_sample=kind(2))
        np.testing.assert_array_equal(received.counts, expected.counts)
        np.testing.assert_array_equal(received.labels, expected.labels)


def test_the_ends_of_the_ranges(compiled: CompiledNetwork) -> None:
    for options in ({"seed": 2**64 - 1}, {"first_sample": 2**32 - 1}, {"steps": 1}):
        expected = run_network(dense(), X, **{"steps": STEPS, **options})
        received = compiled.run(X, **options)
        np.testing.assert_array_equal(received.counts, expected.counts)
        np.testing.assert_array_equal(received.labels, expected.labels)


def test_steps_are_the_networks_unless_given(compiled: CompiledNetwork) -> None:
    assert set(compiled.run(X).stopped_at) == {STEPS}
    assert set(compiled.run(X, steps=4).stopped_at) == {4}


@pytest.mark.parametrize("record", ["hidden", ["hidden"], ("hidden", "hidden"), iter(["hidden"])])
def test_ways_to_name_what_is_recorded(compiled: CompiledNetwork, record: object) -> None:
    assert list(compiled.run(X, record=record).spikes) == ["hidden"]  # type: ignore[arg-type]


def test_the_order_of_recordings_is_the_callers(compiled: CompiledNetwork) -> None:
    result = compiled.run(X, record=["classes", "image"])
    assert list(result.spikes) == ["classes", "image"]
    totals = [len(train) for train in result.spikes["classes"]]
    np.testing.assert_array_equal(totals, result.counts.sum(axis=1))


def test_seeds(compiled: CompiledNetwork) -> None:
    first, again, other = (compiled.run(X, seed=seed, record=["image"]) for seed in (1, 1, 2))
    for name in ("labels", "counts"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert not all(map(np.array_equal, first.spikes["image"], other.spikes["image"]))


def test_frames(compiled: CompiledNetwork) -> None:
    """Every step sees its own frame, in the oracle and in machine code."""
    frames = np.random.default_rng(1).random((4, 7, 2, 3))
    frames[:, 3:5] = 0
    expected = run_network(dense(), frames, steps=7, seed=2, frames=True, record=["image"])
    received = compiled.run(frames, steps=7, seed=2, frames=True, record=["image"])
    for ours, theirs in zip(received.spikes["image"], expected.spikes["image"], strict=True):
        np.testing.assert_array_equal(ours, theirs)
        assert not set(ours[:, 0]) & {3, 4}
    same = np.repeat(X[:, None], 5, axis=1)
    constant = compiled.run(X, steps=5).counts
    np.testing.assert_array_equal(compiled.run(same, steps=5, frames=True).counts, constant)
    np.testing.assert_array_equal(
        compiled.predict(same, steps=5, frames=True), compiled.predict(X, steps=5)
    )
    assert compiled.predict(np.zeros((0, 5, 6)), steps=5, frames=True).shape == (0,)


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((2, 4, 6), "expected one frame for each of 5 steps, received 4 frames"),
        ((2, 6, 6), "received 6 frames"),
        ((2, 5, 7), r"expected an array \(N, 5, 6\) or any shape with 6 values per frame"),
        ((6,), "received shape"),
    ],
)
def test_bad_frames(compiled: CompiledNetwork, shape: tuple[int, ...], why: str) -> None:
    with pytest.raises(InputError, match=why):
        compiled.run(np.zeros(shape), steps=5, frames=True)


@pytest.mark.parametrize("name", ZOO)
def test_a_profile_has_the_time_of_every_kernel(
    zoo: Mapping[str, CompiledNetwork], name: str
) -> None:
    begin = perf_counter()
    parts = zoo[name].profile(samples(ZOO[name]()))
    passed = perf_counter() - begin
    assert all(seconds > 0 for seconds in parts.values())
    assert sum(parts.values()) < passed
    kernels = [kernel for kernel in zoo[name].plan.kernels if isinstance(kernel, LayerKernel)]
    summing = [entry.name for entry in kernels if entry.arrivals[0].function in SUMMING_SOURCES]
    assert [part.split()[0] for part in parts if part.endswith(" sums")] == summing
    assert [part.split()[0] for part in parts if part.endswith(" neurons")] == summing
    assert {entry.name for entry in kernels} <= {part.split()[0] for part in parts}


@pytest.mark.parametrize("name", ZOO)
def test_threads_and_batches_change_nothing(zoo: Mapping[str, CompiledNetwork], name: str) -> None:
    """Nor do they change a tie's draw: a label depends on the seed and the sample alone."""
    network = ZOO[name]()
    x = samples(network, 11)
    record = spiking(network)
    expected = zoo[name].run(x, seed=8, record=record)
    two = compile_network(network, replace(OPTIONS, threads=2))
    many = compile_network(network, replace(OPTIONS, threads=40))
    parts = [
        two.run(x[start:end], seed=8, first_sample=start, record=record)
        for start, end in ((0, 1), (1, 6), (6, 6), (6, 11))
    ]
    joined = [
        np.concatenate([getattr(part, field) for part in parts])
        for field in ("labels", "counts", "outputs", "stopped_at")
    ]
    for result in (two.run(x, seed=8, record=record), many.run(x, seed=8, record=record)):
        whole = (result.labels, result.counts, result.outputs, result.stopped_at)
        for ours, split, single in zip(
            whole,
            joined,
            (expected.labels, expected.counts, expected.outputs, expected.stopped_at),
            strict=True,
        ):
            np.testing.assert_array_equal(ours, single)
            np.testing.assert_array_equal(split, single)
        for population in record:
            trains = [train for part in parts for train in part.spikes[population]]
            for a, b, c in zip(
                result.spikes[population], expected.spikes[population], trains, strict=True
            ):
                np.testing.assert_array_equal(a, b)
                np.testing.assert_array_equal(c, b)


@pytest.mark.parametrize("name", ZOO)
def test_single_precision(name: str) -> None:
    """Weights of the zoo are exact in it, so are the sums: the same spikes."""
    network = ZOO[name]()
    x = samples(network).astype(np.float32)
    options = replace(OPTIONS, precision="single", compiler_level=2)
    received = compile_network(network, options).run(x)
    expected = run_network(network, x, steps=STEPS)
    np.testing.assert_array_equal(received.labels, expected.labels)
    np.testing.assert_allclose(received.outputs, expected.outputs, rtol=1e-5, atol=1e-5)
    assert received.outputs.dtype == np.float64


def test_pickled_networks_run_alike(compiled: CompiledNetwork) -> None:
    again = pickle.loads(pickle.dumps(compiled))
    assert again.network == compiled.network
    assert again.options == compiled.options
    np.testing.assert_array_equal(again.run(X, seed=1).counts, compiled.run(X, seed=1).counts)
    network = pickle.loads(pickle.dumps(compiled.network))
    assert network == compiled.network
    assert network.digest() == compiled.network.digest()


def heavier(factor: float) -> annconv.Network:
    network = dense()
    projections = (
        replace(network.projections[0], operators=(Dense(numbers(6, 5) * factor),)),
        network.projections[1],
    )
    return replace(network, projections=projections)


def test_networks_that_differ_in_values_share_one_build(
    compiled: CompiledNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be built")

    monkeypatch.setattr(compiled_module, "build_extension", refuse)
    for factor in (0.5, 2.0):
        other = heavier(factor)
        artifact = find_extension(compiled.plan.digest(), OPTIONS)
        assert artifact is not None
        assert artifact.cached
        received = compile_network(other, OPTIONS).run(X, seed=5).counts
        expected = run_network(other, X, steps=STEPS, seed=5).counts
        np.testing.assert_array_equal(received, expected)
        assert not np.array_equal(received, compiled.run(X, seed=5).counts)


def test_networks_of_one_process_keep_their_own_modules(
    zoo: Mapping[str, CompiledNetwork],
) -> None:
    """Alternating between all of them, each computes its own."""
    for _ in range(2):
        for name, compiled in zoo.items():
            x = samples(ZOO[name]())
            expected = run_network(ZOO[name](), x, steps=STEPS)
            np.testing.assert_array_equal(compiled.run(x).outputs, expected.outputs)


def test_a_description(compiled: CompiledNetwork) -> None:
    assert repr(compiled) == "<CompiledNetwork 'dense': double precision, 1 threads>"
    assert repr(compiled.run(X)) == "<RunResult: 6 samples, recorded populations: none>"
    recorded = compiled.run(X, record=["image", "hidden"])
    assert "recorded populations: image, hidden" in repr(recorded)
    assert compiled._native.arena_bytes > 0


def test_sources_are_written(compiled: CompiledNetwork, tmp_path: Path) -> None:
    compiled.write_sources(tmp_path / "a" / "b")
    written = {path.name for path in (tmp_path / "a" / "b").iterdir()}
    assert written == {"network.hpp", "network.cpp", "kernels.cpp", "weights.bin"}
    compiled.write_sources(str(tmp_path / "a" / "b"))


def test_a_folder_that_cannot_be_written(compiled: CompiledNetwork, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ModelFileError, match="cannot be written: .* Instead: choose a folder"):
            compiled.write_sources(folder)


def test_sources_go_into_a_path(compiled: CompiledNetwork) -> None:
    with pytest.raises(OptionError, match="directory: expected a path, received 3"):
        compiled.write_sources(3)  # type: ignore[arg-type]


def test_stages_are_kept_where_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANNCONV_KEEP", str(tmp_path / "kept"))
    compiled = compile_network(dense(), OPTIONS)
    kept = tmp_path / "kept"
    assert (kept / "01-network.txt").read_text() == f"{dense()}\n"
    plain = make_plan(dense(), OPTIONS.precision, target_of(OPTIONS))
    (stage,) = kept.glob("*-plan.txt")
    assert stage.read_text() == f"{plain}\n"
    names = [path.name for path in sorted(kept.iterdir())]
    assert names[1] == "02-order_channels.diff"
    (after,) = kept.glob("*-liveness.diff")
    assert names.index(after.name) == names.index(stage.name) + 1
    assert "-buffer hidden_mask  real[5]" in after.read_text().splitlines()
    assert compiled.plan != plain
    assert (kept / "src" / "kernels.cpp").is_file()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ANNCONV_KEEP", str(tmp_path / "file"))
    with pytest.raises(CacheError, match="set ANNCONV_KEEP to a folder that can be written to"):
        compile_network(dense(), OPTIONS)


def test_a_score_that_is_no_number(compiled: CompiledNetwork) -> None:
    """An explosion of the potential is told, not turned into a class."""
    network = dense()
    neuron = Neuron(name="Bomb", equations="v = (v + g_exc + 2)^9 - (v + g_exc + 2)^9 * 1.0001")
    populations = (*network.populations[:2], replace(network.populations[2], neuron=neuron))
    bomb = replace(network, populations=populations, readout=READOUTS["membrane_potential"])
    with pytest.raises(SimulationError, match="its score is not a number"):
        compile_network(bomb, OPTIONS).run(X)


def test_options_are_checked_when_they_are_made() -> None:
    with pytest.raises(OptionError) as caught:
        CompileOptions(precision="x", threads=0, compiler_level=4, strict_warnings=1, sanitize=None)  # type: ignore[arg-type]
    assert len(caught.value.faults) == 5
