"""Every row of the equations' grammar: the compiled neuron equals the oracle bit for bit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from batch import Job, compile_batch
from grammar_rows import ROWS, probe_network

from annconv.ir.network import Network
from annconv.ir.samples import input_rates
from annconv.options import CompileOptions
from annconv.reference.network import run_network
from annconv.reference.simulation import Simulation

STEPS = 20
SAMPLES = np.array([[0.0], [1.0]])
SEED = 11
QUICK = ((0, 1.0), (2, 0.25))
"""Level of optimisation and dt."""
OTHERS = ((0, 0.25), (2, 1.0))


def received_traces(run) -> np.ndarray:
    """(steps, samples, scores) of a run for every number of steps."""
    return np.stack([run(SAMPLES, steps, SEED).outputs for steps in range(2, STEPS)])


def expected_traces(network) -> np.ndarray:
    """The oracle's: scores are what the probe holds, so one run has those of every step."""
    rates = input_rates(SAMPLES, network.input_scale, np.float64)
    simulation = Simulation(network, rates, seed=SEED, samples=np.arange(len(SAMPLES)))
    scores = []
    for _ in range(1, STEPS):
        simulation.advance()
        scores.append(simulation.states["probe"].full("v").copy())
    last = run_network(network, SAMPLES, steps=STEPS - 1, seed=SEED).outputs
    np.testing.assert_array_equal(scores[-1], last)
    return np.stack(scores[1:])


def compiled(cases, folder, level=1):
    """What runs each case; one library holds them all, compiled at a level of the compiler."""
    options = CompileOptions(
        precision="double",
        threads=1,
        strict_warnings=True,
        compiler_level=level,
        disable=("multiply_reciprocals", "multiply_decays"),  # round otherwise
    )
    jobs = {
        f"{optimize} {dt}": Job(probe_network(ROWS, dt=dt)[0], replace(options, optimize=optimize))
        for optimize, dt in cases
    }
    return compile_batch(jobs, folder)


@pytest.fixture(scope="module")
def quick_runs(tmp_path_factory):
    return compiled(QUICK, tmp_path_factory.mktemp("grammar"), level=0)


def assert_bit_equal(run, dt) -> None:
    network, labels = probe_network(ROWS, dt=dt)
    expected, received = expected_traces(network), received_traces(run)
    apart = (received != expected).any(axis=(0, 1))
    assert [label for label, wrong in zip(labels, apart, strict=True) if wrong] == []
    moves = (expected != expected[0]).any(axis=(0, 1))
    assert {label.split(".")[0] for label, moving in zip(labels, moves, strict=True) if moving} == (
        set(ROWS)
    )


@pytest.mark.compiles
@pytest.mark.parametrize(("optimize", "dt"), QUICK)
def test_every_row_is_bit_equal(optimize, dt, quick_runs):
    assert_bit_equal(quick_runs[f"{optimize} {dt}"], dt)


@pytest.mark.slow
@pytest.mark.compiles
def test_every_row_is_bit_equal_with_the_other_dt(tmp_path):
    for (_, dt), run in zip(OTHERS, compiled(OTHERS, tmp_path).values(), strict=True):
        assert_bit_equal(run, dt)


@pytest.mark.compiles
def test_every_row_compiles_in_single_precision(tmp_path):
    network, labels = probe_network(ROWS)
    options = CompileOptions(
        precision="single", threads=1, strict_warnings=True, compiler_level=0, optimize=0
    )
    run = compile_batch({"rows": Job(network, options)}, tmp_path)["rows"]
    received = run(SAMPLES, 8, SEED).outputs
    expected = run_network(network, SAMPLES, steps=8, seed=SEED).outputs
    steady = [ROWS[label.rpartition(".")[0]].spike is None for label in labels]
    np.testing.assert_allclose(received[:, steady], expected[:, steady], rtol=1e-4, atol=1e-4)
    assert np.isfinite(received).all()


def test_saved_neurons_come_back():
    network, _ = probe_network(ROWS)
    loaded = Network.from_bytes(network.to_bytes())
    assert loaded == network
    for population in network.populations:
        assert loaded[population.name].model() == population.model()
