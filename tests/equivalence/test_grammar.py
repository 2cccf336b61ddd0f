"""Every row of the equations' grammar: the compiled neuron equals the oracle bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from grammar_rows import ROWS, probe_network

from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

STEPS = 20
SAMPLES = np.array([[0.0], [1.0]])
SEED = 11


def traces(run, network: Network) -> np.ndarray:
    """(steps, samples, scores) of a run for every number of steps."""
    return np.stack(
        [run(network, SAMPLES, steps=steps, seed=SEED).outputs for steps in range(2, STEPS)]
    )


@pytest.mark.compiles
@pytest.mark.parametrize("dt", [1.0, 0.25])
@pytest.mark.parametrize("optimize", [0, 2])
def test_every_row_is_bit_equal(dt, optimize):
    network, labels = probe_network(ROWS, dt=dt)
    options = CompileOptions(
        precision="double", threads=1, strict_warnings=True, compiler_level=1, optimize=optimize
    )
    compiled = compile_network(network, options)
    expected = traces(run_network, network)
    received = traces(lambda _, *given, **options: compiled.run(*given, **options), network)
    apart = (received != expected).any(axis=(0, 1))
    assert [label for label, wrong in zip(labels, apart, strict=True) if wrong] == []
    moves = (expected != expected[0]).any(axis=(0, 1))
    assert {label.split(".")[0] for label, moving in zip(labels, moves, strict=True) if moving} == (
        set(ROWS)
    )
