"""Layers spike like the NumPy oracle, for every width of vectors, tile and cache size.

What is asked for in a record is computed by code that keeps every population whole; without a
record, fused code runs. Both are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from batch import Job, Run, compile_batch, spike_trains, varied
from random_counts import draw_counts
from random_joins import draw_joins
from random_layers import draw_layers
from random_networks import STEPS, Structure

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.kernels import LayerKernel
from annconv.reference.compare import differences
from annconv.reference.network import run_network

JOINS, COUNTS = 20_000, 30_000
QUICK = (
    *range(7), 17, 19, 44, 58,
    *(JOINS + seed for seed in (3, 12, 23, 57, 240)),
    *(COUNTS + seed for seed in (9, 23, 24, 37)),
)  # fmt: skip
"""Those that cost little to compile; together they have every kind."""
LONG = (54, *range(1000, 1200), *range(JOINS, JOINS + 100), *range(COUNTS, COUNTS + 100))
CHUNK = 10
DRAWS = 6
SAMPLES = 3

OPTIONS = CompileOptions(precision="double", threads=1, strict_warnings=True)


def structure_of(seed: int) -> Structure:
    """Populations in a row, residual blocks, or pooled counts and junctions."""
    if seed >= COUNTS:
        return draw_counts(seed)
    return draw_joins(seed) if seed >= JOINS else draw_layers(seed)


def options_of(seed: int, draw: int = 0) -> CompileOptions:
    """Vectors, tile and cache by structure; with two draws in six, five threads share samples."""
    return replace(varied(OPTIONS, seed), threads=1 + draw // 2 % 2 * 4)


def drawn(seed: int, draw: int) -> tuple[Network, FloatArray, bool]:
    """A network, samples, and whether all its sums are exact; even draws lie on a grid."""
    structure = structure_of(seed)
    rng = np.random.default_rng([seed, draw])
    on_grid = draw % 2 == 0
    network = structure.with_data(rng, on_grid=on_grid)
    return network, structure.samples(rng, SAMPLES), on_grid and structure.exact


def compiled(seeds: Iterable[int], folder: Path, level: int = 1) -> dict[str, Run]:
    """What runs each draw, compiled at a level of the compiler: the quick list at its quickest."""

    def options(seed: int, draw: int) -> CompileOptions:
        return replace(options_of(seed, draw), compiler_level=level)

    jobs = {
        f"{seed} {draw}": Job(drawn(seed, draw)[0], options(seed, draw), recorded=True)
        for seed in seeds
        for draw in range(DRAWS)
    }
    return compile_batch(jobs, folder)


@pytest.fixture(scope="module")
def quick_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    return compiled(QUICK, tmp_path_factory.mktemp("layers"), level=0)


def compare(seed: int, draw: int, run: Run) -> None:
    """One draw of weights and samples: recorded and not."""
    network, samples, exact = drawn(seed, draw)
    record = [entry.name for entry in network.populations if entry.neuron is not None]
    expected = run_network(network, samples, steps=STEPS, seed=draw, record=record)
    recorded = run.recorded(samples, STEPS, draw)
    trains = spike_trains(network, recorded.spikes, SAMPLES)
    same = np.ones(SAMPLES, dtype=bool)
    for found in differences(network, samples, expected.spikes, trains, seed=draw):
        assert found.is_rounding_tie, found.explain()
        assert not exact, found.explain()
        same[found.sample] = False
    for received in (recorded, run(samples, STEPS, draw)):
        np.testing.assert_array_equal(received.counts[same], expected.counts[same])
        np.testing.assert_array_equal(received.stopped_at[same], expected.stopped_at[same])
        outputs = expected.outputs[same]
        np.testing.assert_allclose(received.outputs[same], outputs, rtol=1e-9, atol=1e-9)


@pytest.mark.compiles
@pytest.mark.parametrize("seed", QUICK)
def test_layers(seed: int, quick_runs: dict[str, Run]) -> None:
    for draw in range(DRAWS):
        compare(seed, draw, quick_runs[f"{seed} {draw}"])


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("first", range(0, len(LONG), CHUNK))
def test_many_structures(first: int, tmp_path: Path) -> None:
    seeds = LONG[first : first + CHUNK]
    runs = compiled(seeds, tmp_path)
    for seed in seeds:
        for draw in range(DRAWS):
            compare(seed, draw, runs[f"{seed} {draw}"])


def test_the_structures_have_every_kind_of_layer() -> None:
    sources: Counter[str] = Counter()
    for seed in QUICK:
        plan = lower(structure_of(seed).network, options_of(seed))[1]
        layers = [kernel for kernel in plan.kernels if isinstance(kernel, LayerKernel)]
        sources.update(entry.function for layer in layers for entry in layer.arrivals)
        sources["pooling"] += sum(layer.pooling is not None for layer in layers)
        sources["patterns"] += sum(dict(layer.constants).get("kPatterns", 0) for layer in layers)
        apart = [dict(layer.constants).get("kRowsTogether", 1) == 0 for layer in layers]
        sources.update(f"{len(layer.arrivals)} arrivals" for layer in layers)
        pooled = [layer for layer in layers if layer.pooling is not None]
        sources["pooled counts"] += any(layer.emits.model.name == "Increase" for layer in pooled)
        sources["signs pooled"] += any(layer.emits.model.unspike is not None for layer in pooled)
        sources["joined and pooled"] += any(len(layer.arrivals) > 1 for layer in pooled)
        sources["kernel rows apart"] += sum(apart)
        sources["shared inputs"] += plan.shared_inputs is not None
        bits = {buffer.name for buffer in plan.buffers if buffer.type == "bits"}
        for layer in layers:
            for arrival in layer.arrivals:
                sources[f"bits for {arrival.function}"] += arrival.spikes in bits
                sources[f"signs for {arrival.function}"] += arrival.signed
        recorded = lower(structure_of(seed).network, replace(options_of(seed), whole=True))[1]
        sources["bits recorded"] += any(entry.type == "bits" for entry in recorded.buffers)
    assert sorted(kind for kind, count in sources.items() if count > 0) == [
        "1 arrivals", "2 arrivals", "3 arrivals",
        "ConvolutionSource", "DenseSource", "ElementSource", "RatesSource", "RowTableSource",
        "bits for ConvolutionSource", "bits for DenseSource", "bits for ElementSource",
        "bits for RowTableSource", "bits recorded", "joined and pooled", "kernel rows apart",
        "patterns", "pooled counts", "pooling", "shared inputs", "signs for ConvolutionSource",
        "signs for DenseSource", "signs for ElementSource", "signs for RowTableSource",
        "signs pooled",
    ]  # fmt: skip
