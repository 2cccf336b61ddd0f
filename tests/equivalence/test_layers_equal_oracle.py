"""Layers spike like the NumPy oracle, for every width of vectors, tile and cache size.

What is asked for in a record is computed by code that keeps every population whole; without a
record, fused code runs. Both are compared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from batch import varied
from hypothesis import given, settings
from hypothesis import strategies as st
from random_layers import draw_layers
from random_networks import STEPS, Structure
from test_compiled_equals_oracle import Built, build_structures

from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan import channel_groups
from annconv.plan.kernels import LayerKernel
from annconv.reference.compare import differences
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

QUICK = (*range(12), 17, 19, 44, 54, 58)
LONG = range(1000, 1200)
DRAWS = 6
SAMPLES = 3

OPTIONS = CompileOptions(precision="double", threads=1, strict_warnings=True, compiler_level=1)


def options_of(seed: int) -> CompileOptions:
    return varied(OPTIONS, seed)


@pytest.fixture(scope="module", autouse=True)
def channels_in_groups() -> Iterator[None]:
    """Random weights spike apart; tables of patterns are made here wherever they fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel_groups, "LEAST_COACTIVITY", -1.0)
        yield


@pytest.fixture(scope="module")
def quick_structures() -> Built:
    return build_structures({seed: draw_layers(seed) for seed in QUICK}, options_of)


@pytest.fixture(scope="module")
def long_structures() -> Built:
    return build_structures({seed: draw_layers(seed) for seed in LONG}, options_of)


def compare_draw(structure: Structure, draw: int) -> None:
    """One draw of weights and samples: recorded and not, with one and with several threads."""
    rng = np.random.default_rng([structure.seed, draw])
    on_grid = draw % 2 == 0
    network = structure.with_data(rng, on_grid=on_grid)
    samples = structure.samples(rng, SAMPLES)
    record = [entry.name for entry in network.populations]
    expected = run_network(network, samples, steps=STEPS, seed=draw, record=record)
    threads = 1 + draw // 2 % 2 * 4  # five threads share three samples
    compiled = compile_network(network, replace(options_of(structure.seed), threads=threads))
    recorded = compiled.run(samples, steps=STEPS, seed=draw, record=record)
    fused = compiled.run(samples, steps=STEPS, seed=draw)
    same = np.ones(SAMPLES, dtype=bool)
    for found in differences(network, samples, expected.spikes, recorded.spikes, seed=draw):
        assert found.is_rounding_tie, found.explain()
        assert not (on_grid and structure.exact), found.explain()
        same[found.sample] = False
    for received in (recorded, fused):
        np.testing.assert_array_equal(received.counts[same], expected.counts[same])
        np.testing.assert_array_equal(received.stopped_at[same], expected.stopped_at[same])
        outputs = expected.outputs[same]
        np.testing.assert_allclose(received.outputs[same], outputs, rtol=1e-9, atol=1e-9)


@pytest.mark.compiles
@pytest.mark.parametrize("seed", QUICK)
@settings(max_examples=DRAWS)
@given(draw=st.integers(0, 2**32 - 1))
def test_layers(seed: int, draw: int, quick_structures: Built) -> None:
    compare_draw(quick_structures[seed], draw)


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("seed", LONG)
@settings(max_examples=DRAWS)
@given(draw=st.integers(0, 2**32 - 1))
def test_two_hundred_structures(seed: int, draw: int, long_structures: Built) -> None:
    compare_draw(long_structures[seed], draw)


def test_the_structures_have_every_kind_of_layer() -> None:
    sources: Counter[str] = Counter()
    for seed in QUICK:
        plan = lower(draw_layers(seed).network, options_of(seed))[1]
        layers = [kernel for kernel in plan.kernels if isinstance(kernel, LayerKernel)]
        sources.update(layer.arrival.function for layer in layers)
        sources["pooling"] += sum(layer.pooling is not None for layer in layers)
        sources["patterns"] += sum(dict(layer.constants).get("kPatterns", 0) for layer in layers)
        apart = [dict(layer.constants).get("kRowsTogether", 1) == 0 for layer in layers]
        sources["kernel rows apart"] += sum(apart)
        sources["shared inputs"] += plan.shared_inputs is not None
        bits = {buffer.name for buffer in plan.buffers if buffer.type == "bits"}
        for layer in layers:
            if layer.arrival.spikes in bits:
                sources[f"bits for {layer.arrival.function}"] += 1
        recorded = lower(draw_layers(seed).network, replace(options_of(seed), whole=True))[1]
        sources["bits recorded"] += any(entry.type == "bits" for entry in recorded.buffers)
    assert sorted(kind for kind, count in sources.items() if count > 0) == [
        "ConvolutionSource", "DenseSource", "RatesSource", "RowTableSource",
        "bits for ConvolutionSource", "bits for DenseSource", "bits for RowTableSource",
        "bits recorded", "kernel rows apart", "patterns", "pooling", "shared inputs",
    ]  # fmt: skip
