"""Every row of the equations' grammar: the compiled neuron equals the oracle bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from grammar_rows import ROWS, probe_network

from annconv.ir.network import Network
from annconv.ir.snn_file import network_from_bytes, network_to_bytes
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
@pytest.mark.parametrize(
    ("optimize", "dt"),
    [
        (0, 1.0),
        (2, 0.25),
        pytest.param(0, 0.25, marks=pytest.mark.slow),
        pytest.param(2, 1.0, marks=pytest.mark.slow),
    ],
)
def test_every_row_is_bit_equal(optimize, dt):
    network, labels = probe_network(ROWS, dt=dt)
    options = CompileOptions(
        precision="double",
        threads=1,
        strict_warnings=True,
        compiler_level=1,
        optimize=optimize,
        disable=("multiply_reciprocals",),  # rounds once more
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


@pytest.mark.compiles
def test_every_row_compiles_in_single_precision():
    network, labels = probe_network(ROWS)
    options = CompileOptions(
        precision="single", threads=1, strict_warnings=True, compiler_level=0, optimize=0
    )
    received = compile_network(network, options).run(SAMPLES, steps=8, seed=SEED).outputs
    expected = run_network(network, SAMPLES, steps=8, seed=SEED).outputs
    steady = [ROWS[label.rpartition(".")[0]].spike is None for label in labels]
    np.testing.assert_allclose(received[:, steady], expected[:, steady], rtol=1e-4, atol=1e-4)
    assert np.isfinite(received).all()


def test_saved_neurons_come_back():
    network, _ = probe_network(ROWS)
    loaded = network_from_bytes(network_to_bytes(network))
    assert loaded == network
    for population in network.populations:
        assert loaded[population.name].model() == population.model()
