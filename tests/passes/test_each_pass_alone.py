"""Each pass switched off alone leaves the answer as it is."""

from __future__ import annotations

import numpy as np
import pytest
from random_layers import draw_layers
from random_networks import STEPS

from annconv.options import CompileOptions
from annconv.passes.pipeline import pass_names
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network


@pytest.mark.compiles
@pytest.mark.parametrize("name", pass_names())
@pytest.mark.parametrize("seed", [5, 36])  # together every pass changes something
def test_without_one_pass(name: str, seed: int) -> None:
    structure = draw_layers(seed)
    assert structure.exact
    rng = np.random.default_rng(seed)
    network = structure.with_data(rng, on_grid=True)
    samples = structure.samples(rng, 2)
    expected = run_network(network, samples, steps=STEPS)
    options = CompileOptions(
        precision="double", threads=1, strict_warnings=True, compiler_level=1, disable=(name,)
    )
    received = compile_network(network, options).run(samples, steps=STEPS)
    np.testing.assert_array_equal(received.counts, expected.counts)
    np.testing.assert_array_equal(received.stopped_at, expected.stopped_at)
    np.testing.assert_allclose(received.outputs, expected.outputs, rtol=1e-9, atol=1e-9)
