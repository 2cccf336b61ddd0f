"""Each pass switched off alone leaves the answer as it is."""

from __future__ import annotations

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


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    options = {
        name: CompileOptions(
            precision="double", threads=1, strict_warnings=True, compiler_level=0, disable=(name,)
        )
        for name in pass_names()
    }
    jobs = {
        f"{key} {name}": Job(drawn(structure)[0], options[name])
        for key, structure in STRUCTURES.items()
        for name in options
    }
    return compile_batch(jobs, tmp_path_factory.mktemp("passes"))


@pytest.mark.compiles
@pytest.mark.parametrize("name", pass_names())
@pytest.mark.parametrize("key", STRUCTURES)
def test_without_one_pass(name: str, key: str, runs: dict[str, Run]) -> None:
    network, samples = drawn(STRUCTURES[key])
    expected = run_network(network, samples, steps=STEPS)
    received = runs[f"{key} {name}"](samples, STEPS, 0)
    np.testing.assert_array_equal(received.counts, expected.counts)
    np.testing.assert_array_equal(received.stopped_at, expected.stopped_at)
    np.testing.assert_allclose(received.outputs, expected.outputs, rtol=1e-9, atol=1e-9)
