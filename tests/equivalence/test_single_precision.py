"""Single precision spikes like the oracle, to the last spike, where no number needs more bits.

Weights, thresholds and samples are multiples of small powers of two and traces halve, so that every
value and every sum, in whatever order it is added up, is a number that single precision holds.
The first test of a network is that this is so.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from batch import Job, Run, compile_batch
from random_networks import Structure
from random_shapes import draw_exact_shapes, exact_data, exact_samples

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Operator
from annconv.ir.projection import Projection
from annconv.options import VECTOR_BITS, CompileOptions
from annconv.passes.pipeline import pass_names
from annconv.reference.network import run_network
from annconv.reference.operators import Values, apply_operator
from annconv.reference.simulation import Simulation

QUICK = (8, 33, 49, 64, 72, 80)
LONG = range(20_000, 20_200)
CHUNK = 20
STEPS = 12
SAMPLES = 3
UNIT = 2.0**-16
"""The finest grid of a sum over synapses: eighths, of traces that halved in every step but one."""
LARGEST = 2.0**24 * UNIT
"""Up to here single precision holds every multiple of the unit."""

OPTIONS = CompileOptions(precision="single", threads=1, strict_warnings=True, compiler_level=1)
SWITCHES = {
    "all passes": OPTIONS,
    "no pass": replace(OPTIONS, optimize=0),
}


def options_of(number: int, options: CompileOptions) -> CompileOptions:
    """Vectors, tile and threads differ from network to network."""
    return replace(
        options,
        vector_bits=VECTOR_BITS[number % 3],
        tile=(16, 3, 5)[number // 2 % 3],
        threads=1 + number % 2,
    )


def drawn(number: int) -> tuple[Structure, Network, FloatArray]:
    structure = draw_exact_shapes(number)
    rng = np.random.default_rng([number, 1])
    return structure, exact_data(structure, rng), exact_samples(structure, rng, SAMPLES)


def rounding(network: Network, samples: FloatArray) -> list[str]:
    """Where a value or a sum of the oracle does not fit single precision."""
    rates = samples * network.input_scale
    simulation = Simulation(network, rates, seed=0, samples=np.arange(len(samples)))
    found: list[str] = []
    for step in range(STEPS):
        for projection in network.projections:
            values = simulation.states[projection.pre].full(projection.transmits)
            if not _sums_fit(projection, values):
                found.append(f"step {step}: sums of {projection.name}")
        simulation.advance()
        for name, state in simulation.states.items():
            for variable in state.model.variables:
                values = state.full(variable.name)
                if (values.astype(np.float32) != values).any():
                    found.append(f"step {step}: {variable.name} of {name}")
    return found


def _sums_fit(projection: Projection, values: Values) -> bool:
    """Whether all that is added up are multiples of the unit, and stays small in any order."""
    for operator in projection.operators:
        if isinstance(operator, Convolution | Dense):
            units = apply_operator(operator, values) / UNIT
            most = apply_operator(_absolute(operator), np.abs(values)).max()
            if (units != np.round(units)).any() or most > LARGEST:
                return False
        values = apply_operator(operator, values)
    return True


def _absolute(operator: Operator) -> Operator:
    if isinstance(operator, Convolution):
        return replace(operator, kernel=np.abs(operator.kernel))
    if isinstance(operator, Dense):
        return replace(operator, weights=np.abs(operator.weights))
    return operator


def assert_equal(network: Network, samples: FloatArray, run: Run) -> None:
    expected = run_network(network, samples, steps=STEPS)
    received = run(samples, STEPS, 0)
    np.testing.assert_array_equal(received.counts, expected.counts)
    np.testing.assert_array_equal(received.outputs, expected.outputs)


@pytest.fixture(scope="module")
def quick_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    jobs = {
        f"{number} {name}": Job(
            drawn(number)[1], replace(options_of(number, options), compiler_level=0)
        )
        for number in QUICK
        for name, options in SWITCHES.items()
    }
    return compile_batch(jobs, tmp_path_factory.mktemp("single"))


@pytest.mark.parametrize("number", [*QUICK, *LONG[:20]])
def test_no_number_of_the_oracle_is_rounded(number: int) -> None:
    _, network, samples = drawn(number)
    assert rounding(network, samples) == []


@pytest.mark.compiles
@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize("number", QUICK)
def test_single_precision_is_exact(number: int, switches: str, quick_runs: dict[str, Run]) -> None:
    _, network, samples = drawn(number)
    assert_equal(network, samples, quick_runs[f"{number} {switches}"])


def test_the_check_of_exactness_sees_a_weight_between() -> None:
    _, network, samples = drawn(QUICK[0])
    projection = network.projections[-1]
    dense = projection.operators[-1]
    assert isinstance(dense, Dense)
    weights = np.asarray(dense.weights) + 1 / 3
    changed = replace(projection, operators=(projection.operators[0], Dense(weights)))
    network = replace(network, projections=(*network.projections[:-1], changed))
    assert rounding(network, samples) != []


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("first", LONG[::CHUNK])
def test_two_hundred_networks(first: int, tmp_path: Path) -> None:
    """All passes, none, and each of them left out in turn."""
    cases = {number: drawn(number)[1:] for number in range(first, first + CHUNK)}
    jobs = {}
    for number, (network, _) in cases.items():
        left_out = pass_names()[number % len(pass_names())]
        switches = {**SWITCHES, "one left out": replace(OPTIONS, disable=(left_out,))}
        for name, options in switches.items():
            jobs[f"{number} {name}"] = Job(network, options_of(number, options))
    runs = compile_batch(jobs, tmp_path)
    for number, (network, samples) in cases.items():
        assert rounding(network, samples) == []
        for name in (*SWITCHES, "one left out"):
            assert_equal(network, samples, runs[f"{number} {name}"])
