"""Each pass switched off alone leaves the answer as it is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from batch import Job, Run, compile_batch
from random_layers import draw_layers
from random_networks import STEPS, Structure
from random_shapes import draw_shapes

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.passes.pipeline import pass_names
from annconv.reference.network import run_network

STRUCTURES = {
    "5": draw_layers(5),
    "36": draw_layers(36),  # together with 5: every pass changes something
    "edges": draw_shapes(112),  # pooling windows that hang over the edge, in a layer
}


def drawn(structure: Structure) -> tuple[Network, FloatArray]:
    assert structure.exact
    rng = np.random.default_rng(structure.seed)
    return structure.with_data(rng, on_grid=True), structure.samples(rng, 2)


FURTHER = ("pack_spikes", "share_inputs")
"""Passes that change nothing in the first structure: for these the second one is compiled, too."""


def compiled(cases: Iterable[tuple[str, str]], folder: Path) -> dict[str, Run]:
    options = {
        name: CompileOptions(
            precision="double", threads=1, strict_warnings=True, compiler_level=0, disable=(name,)
        )
        for name in pass_names()
    }
    jobs = {f"{key} {name}": Job(drawn(STRUCTURES[key])[0], options[name]) for key, name in cases}
    return compile_batch(jobs, folder)


CASES = [(key, name) for key in STRUCTURES for name in pass_names()]
QUICK = [(key, name) for key, name in CASES if key != "36" or name in FURTHER]


@pytest.fixture(scope="module")
def quick_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    return compiled(QUICK, tmp_path_factory.mktemp("passes"))


@pytest.mark.compiles
@pytest.mark.parametrize(("key", "name"), QUICK)
def test_without_one_pass(key: str, name: str, quick_runs: dict[str, Run]) -> None:
    compare(key, quick_runs[f"{key} {name}"])


@pytest.mark.slow
@pytest.mark.compiles
def test_without_one_pass_in_all_structures(tmp_path: Path) -> None:
    runs = compiled(CASES, tmp_path)
    for key, name in CASES:
        compare(key, runs[f"{key} {name}"])


def compare(key: str, run: Run) -> None:
    network, samples = drawn(STRUCTURES[key])
    expected = run_network(network, samples, steps=STEPS)
    received = run(samples, STEPS, 0)
    np.testing.assert_array_equal(received.counts, expected.counts)
    np.testing.assert_array_equal(received.stopped_at, expected.stopped_at)
    np.testing.assert_allclose(received.outputs, expected.outputs, rtol=1e-9, atol=1e-9)
