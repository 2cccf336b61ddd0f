"""Windows of every kind spike like the NumPy oracle, fused and not.

`window_kinds.KINDS` is the list of what has to be drawn; `test_window_kinds.py` holds that the long
list draws all of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from random_networks import STEPS, Structure
from random_shapes import draw_shapes
from test_compiled_equals_oracle import Built, build_structures

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.options import VECTOR_BITS, CompileOptions
from annconv.plan import channel_groups
from annconv.reference.compare import differences
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network
from annconv.runtime.result import RunResult

QUICK = (17, 56, 64, 73, 89, 105, 112)
LONG = range(10_000, 11_000)
CHUNK = 20
SAMPLES = 3
DRAWS = 3

OPTIONS = CompileOptions(precision="double", threads=1, strict_warnings=True, compiler_level=1)


def options_of(number: int) -> CompileOptions:
    """Vectors, tile and cache differ from network to network."""
    return replace(
        OPTIONS,
        vector_bits=VECTOR_BITS[number % 3],
        tile=(16, 3, 5, 64)[number % 4],
        cache_bytes=(32 * 1024, 4 * 1024)[number // 2 % 2],
    )


@pytest.fixture(scope="module")
def quick_structures() -> Iterator[Built]:
    """All built; tables of patterns are made wherever they fit, whatever the weights."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel_groups, "LEAST_COACTIVITY", -1.0)
        drawn = {number: draw_shapes(number) for number in QUICK}
        build_structures(drawn, options_of, whole=False)
        yield Built(drawn)


def agree(received: RunResult, expected: RunResult) -> FloatArray:
    """(samples,) bool: where two runs have the same counts, ends and outputs."""
    close = np.isclose(received.outputs, expected.outputs, rtol=1e-9, atol=1e-9).all(axis=1)
    counts = (received.counts == expected.counts).all(axis=1)
    return counts & close & (received.stopped_at == expected.stopped_at)


@pytest.mark.compiles
@pytest.mark.parametrize("draw", range(DRAWS))
@pytest.mark.parametrize("number", QUICK)
def test_quick_list(number: int, draw: int, quick_structures: Built) -> None:
    structure = quick_structures[number]
    assert structure.exact
    rng = np.random.default_rng([number, draw])
    network, samples = structure.with_data(rng, on_grid=True), structure.samples(rng, SAMPLES)
    expected = run_network(network, samples, steps=STEPS, seed=draw)
    received = compile_network(network, options_of(number)).run(samples, steps=STEPS, seed=draw)
    assert agree(received, expected).all()


def assert_ties(network: Network, samples: FloatArray, wrong: FloatArray, draw: int) -> None:
    """Nothing but a rounding tie, found in what is recorded, excuses a sample that differs."""
    record = [entry.name for entry in network.populations]
    expected = run_network(network, samples, steps=STEPS, seed=draw, record=record)
    recorded = compile_network(network, OPTIONS).run(samples, steps=STEPS, seed=draw, record=record)
    found = list(differences(network, samples, expected.spikes, recorded.spikes, seed=draw))
    for difference in found:
        assert difference.is_rounding_tie, difference.explain()
    assert set(np.flatnonzero(wrong)) <= {difference.sample for difference in found}


def compare(structure: Structure, draw: int) -> int:
    """The optimised and the plain kernels against the oracle; returns samples that a tie ended."""
    rng = np.random.default_rng([structure.seed, draw])
    on_grid = draw % 2 == 0
    network, samples = structure.with_data(rng, on_grid=on_grid), structure.samples(rng, SAMPLES)
    expected = run_network(network, samples, steps=STEPS, seed=draw)
    tied = 0
    for options in (OPTIONS, replace(OPTIONS, optimize=0)):
        received = compile_network(network, options).run(samples, steps=STEPS, seed=draw)
        wrong = ~agree(received, expected)
        if wrong.any():
            assert not (on_grid and structure.exact), (structure.seed, draw, options)
            assert_ties(network, samples, wrong, draw)
            tied += int(wrong.sum())
    return tied


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("first", LONG[::CHUNK])
def test_a_thousand_networks(first: int) -> None:
    """One in a hundred samples may end in a rounding tie; `-k` chooses chunks of the list."""
    tied = 0
    for number in range(first, first + CHUNK):
        structure = draw_shapes(number)
        tied += sum(compare(structure, draw) for draw in range(DRAWS))
    assert tied <= 2 * CHUNK * DRAWS * SAMPLES / 100
