"""Generated code of preset `rate` spikes like the interpreter: random Graphs, fused and plain."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from batch import Job, Run, compile_batch, spike_trains
from random_rate import Drawn, random_rate

from annconv.ir.operators import OPERATORS
from annconv.live.engine import Engine
from annconv.live.presenting import present
from annconv.options import VECTOR_BITS, CompileOptions
from annconv.passes.pipeline import network_of
from annconv.reference.compare import differences
from annconv.reference.network import run_network

STEPS = 24
QUICK = (11, 14, 16, 37, 38, 48, 57, 118, 194, 196, 219, 244)
"""Together they have all that the preset makes."""
LONG = range(250, 810)
CHUNK = 35
WAYS = {"fused": ("double", 2), "plain": ("double", 0), "int16": ("int16", 2)}


def options(seed: int, way: str) -> CompileOptions:
    precision, optimize = WAYS[way]
    return CompileOptions(
        precision=precision,
        threads=1,
        strict_warnings=True,
        compiler_level=0,
        optimize=optimize,
        tile=(16, 3, 5, 64)[seed % 4],
        vector_bits=VECTOR_BITS[seed % 3],
    )


def drawn(seeds: Iterable[int]) -> dict[int, Drawn]:
    found = {seed: random_rate(seed, STEPS) for seed in seeds}
    return {seed: entry for seed, entry in found.items() if entry is not None}


def compiled(networks: dict[int, Drawn], folder: Path) -> dict[str, Run]:
    jobs = {
        f"{seed} {way}": Job(entry.network, options(seed, way), recorded=True)
        for seed, entry in networks.items()
        for way in WAYS
    }
    return compile_batch(jobs, folder)


def compare(entry: Drawn, way: str, run: Run, ways: CompileOptions) -> None:
    """Spikes of all populations, and outputs; in integers all are equal."""
    network, samples = entry.network, entry.samples
    record = [p.name for p in network.populations if p.neuron is not None]
    whole = way == "int16"
    expected = run_network(
        network_of(network, ways) if whole else network,
        samples,
        steps=STEPS,
        record=record,
        real=np.float32 if whole else np.float64,
    )
    received = run.recorded(samples, STEPS, 0)
    trains = spike_trains(network, received.spikes, len(samples))
    same = np.ones(len(samples), dtype=bool)
    if whole:
        for name in record:
            for first, second in zip(expected.spikes[name], trains[name], strict=True):
                np.testing.assert_array_equal(second, first)
    else:
        for found in differences(network, samples, expected.spikes, trains):
            assert found.is_rounding_tie, found.explain()
            same[found.sample] = False
    outputs = expected.outputs[same]
    for answer in (received, run(samples, STEPS, 0)):
        scale = max(1.0, float(np.abs(outputs).max(initial=0.0)))
        tolerance = 1e-5 if whole else 1e-9
        np.testing.assert_allclose(answer.outputs[same], outputs, atol=tolerance * scale)


@pytest.fixture(scope="module")
def quick() -> dict[int, Drawn]:
    return drawn(QUICK)


@pytest.fixture(scope="module")
def quick_runs(quick: dict[int, Drawn], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    return compiled(quick, tmp_path_factory.mktemp("rate"))


@pytest.mark.compiles
@pytest.mark.parametrize("way", WAYS)
def test_random_graphs(way: str, quick: dict[int, Drawn], quick_runs: dict[str, Run]) -> None:
    for seed, entry in quick.items():
        compare(entry, way, quick_runs[f"{seed} {way}"], options(seed, way))


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("first", LONG[::CHUNK])
def test_many_random_graphs(first: int, tmp_path: Path) -> None:
    networks = drawn(range(first, min(first + CHUNK, LONG.stop)))
    runs = compiled(networks, tmp_path)
    for seed, entry in networks.items():
        for way in WAYS:
            compare(entry, way, runs[f"{seed} {way}"], options(seed, way))


def test_the_quick_list_has_what_the_preset_makes(quick: dict[int, Drawn]) -> None:
    networks = [entry.network for entry in quick.values()]
    operators = {
        type(operator) for n in networks for p in n.projections for operator in p.operators
    }
    assert operators == set(OPERATORS)
    neurons = {p.neuron.name.split()[0] for n in networks for p in n.populations if p.neuron}
    assert neurons == {"Constant", "Rectifier", "Follower", "Accumulator", "Reader"}
    assert any(p.role == "linear" for n in networks for p in n.populations)
    targets = {p.target for n in networks for p in n.projections}
    assert {"exc", "input0", "input1"} <= targets


@pytest.mark.compiles
def test_a_live_network_steps_as_the_oracle(quick: dict[int, Drawn]) -> None:
    seed, entry = next(iter(quick.items()))
    network, samples = entry.network, entry.samples
    expected = run_network(network, samples, steps=STEPS)
    rates = samples.reshape(len(samples), -1)
    received = present(Engine(network, options(seed, "fused"), 0), rates, STEPS, None)
    np.testing.assert_allclose(received, expected.outputs, rtol=1e-9, atol=1e-12)
