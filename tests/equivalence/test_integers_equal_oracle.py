"""With whole weights, every way to run a network gives the oracle's spikes, to the last one.

Nothing here is compared with a tolerance: neither spikes nor scores.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from batch import Answer, Job, Run, compile_batch, spike_rows
from golden_comparison import CASES, Case, network, samples
from golden_comparison import STEPS as GOLDEN_STEPS
from random_counts import draw_counts
from random_joins import draw_joins
from random_layers import draw_layers
from random_networks import STEPS, Structure, draw_structure
from random_shapes import draw_shapes

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Reshape
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import HIDDEN
from annconv.neurons.neuron import Neuron
from annconv.options import VECTOR_BITS, CompileOptions
from annconv.passes.pipeline import lower, network_of, pass_names
from annconv.plan.kernels import LayerKernel
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network

OPTIONS = CompileOptions(
    precision="int16", threads=1, strict_warnings=True, compiler_level=1, cache_bytes=32 * 1024
)
QUICK = (2, 4, 5, 16, 1_000_003, 1_000_009, 1_000_018, 1_000_029, 112, 20_023, 20_028, 30_024)
LONG = (
    *range(5000, 5080),
    *range(6_000_000, 6_000_080),
    *range(10_000, 10_040),
    *range(20_000, 20_040),
    *range(30_000, 30_040),
)
CHUNK = 10
DRAWS = 3
SAMPLES = 3
GOLDEN_DIGITS = 60
DECIDING = ("tabulate_patterns", "order_channels")
"""Passes that once decided values."""

pytestmark = pytest.mark.compiles


def structure_of(seed: int) -> Structure:
    """Layers in a row, windows of every kind, residual blocks, pooled counts, or any Network."""
    if seed >= 1_000_000:
        return draw_structure(seed)
    if seed >= 30_000:
        return draw_counts(seed)
    if seed >= 20_000:
        return draw_joins(seed)
    return draw_shapes(seed) if seed in SHAPES else draw_layers(seed)


SHAPES = frozenset((112, *range(10_000, 10_040)))


def ways(seed: int) -> dict[str, CompileOptions]:
    """Optimised for all widths of vectors, plain, in short tiles, without a pass, recorded."""
    without = pass_names()[seed % len(pass_names())]
    return {
        **{f"{bits} bits": replace(OPTIONS, vector_bits=bits) for bits in VECTOR_BITS},
        "plain": replace(OPTIONS, optimize=0),
        "plain, recorded": replace(OPTIONS, optimize=0, whole=True),
        "recorded": replace(OPTIONS, whole=True, vector_bits=256),
        "two threads": replace(OPTIONS, threads=2, vector_bits=256),
        "steps by themselves": replace(OPTIONS, tile=1),
        f"without {without}": replace(OPTIONS, cache_bytes=4 * 1024, disable=(without,)),
    }


def quick_ways(seed: int) -> dict[str, CompileOptions]:
    """Some of them, others for every seed, compiled at the compiler's quickest."""
    every = ways(seed)
    chosen = ("256 bits", "recorded", [*every][(0, 2, 3, 6, 7, 8)[seed % 6]])
    return {name: replace(every[name], compiler_level=0) for name in chosen}


def drawn(seed: int, draw: int) -> tuple[Network, FloatArray]:
    structure = structure_of(seed)
    rng = np.random.default_rng([seed, draw])
    return structure.with_data(rng, on_grid=False), structure.samples(rng, SAMPLES)


def oracle(network: Network, samples: FloatArray, seed: int = 0) -> Answer:
    """What the network of whole weights does in single precision."""
    whole = network_of(network, OPTIONS)
    names = [entry.name for entry in network.populations if entry.neuron is not None]
    result = run_network(whole, samples, steps=STEPS, seed=seed, record=names, real=np.float32)
    rows = spike_rows(network, result.spikes)
    return Answer(result.counts, result.outputs, result.stopped_at, rows)


def assert_equal(received: Answer, expected: Answer, way: str, *, recorded: bool) -> None:
    np.testing.assert_array_equal(received.counts, expected.counts, err_msg=way)
    np.testing.assert_array_equal(received.outputs, expected.outputs, err_msg=way)
    np.testing.assert_array_equal(received.stopped_at, expected.stopped_at, err_msg=way)
    if recorded:
        np.testing.assert_array_equal(received.spikes, expected.spikes, err_msg=way)


Cases = dict[int, dict[str, CompileOptions]]


def jobs_of(cases: Cases) -> dict[str, Job]:
    """Draws of one structure share their code."""
    return {
        f"{seed} {draw} {way}": Job(drawn(seed, draw)[0], options)
        for seed, chosen in cases.items()
        for draw in range(DRAWS)
        for way, options in chosen.items()
    }


def compare(seed: int, chosen: dict[str, CompileOptions], runs: dict[str, Run]) -> None:
    for draw in range(DRAWS):
        network, samples = drawn(seed, draw)
        expected = oracle(network, samples, draw)
        for way, options in chosen.items():
            received = runs[f"{seed} {draw} {way}"](samples, STEPS, draw)
            assert_equal(received, expected, f"draw {draw}, {way}", recorded=options.whole)


@pytest.fixture(scope="module")
def quick_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    cases = {seed: quick_ways(seed) for seed in QUICK}
    return compile_batch(jobs_of(cases), tmp_path_factory.mktemp("integers"))


@pytest.mark.parametrize("seed", QUICK)
def test_random_networks(seed: int, quick_runs: dict[str, Run]) -> None:
    compare(seed, quick_ways(seed), quick_runs)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(LONG), CHUNK))
def test_two_hundred_random_networks_in_every_way(first: int, tmp_path: Path) -> None:
    cases = {seed: ways(seed) for seed in LONG[first : first + CHUNK]}
    runs = compile_batch(jobs_of(cases), tmp_path)
    for seed, chosen in cases.items():
        compare(seed, chosen, runs)


SUMMING = Neuron(
    name="Summing",
    parameters="vt = 1.0 : population",
    equations="v = v + g_exc : init = 0.0",
    spike="v > vt",
    reset="v -= vt",
)
ALWAYS = Neuron(
    name="Always", parameters="rates = 0.0", equations="x = rates", spike="x > 0.5", reset="x = 0"
)


def chain(geometry: tuple[int, ...], *operators: Convolution | Dense | Reshape) -> Network:
    """Inputs that spike in every step where they are lit, and one population of sums."""
    after: tuple[int, ...] = geometry
    for operator in operators:
        after = operator.output_geometry(after) or ()
    populations = [
        Population("image", geometry, ALWAYS, role="input"),
        Population("sums", after, SUMMING),
        Population("classes", (4,), HIDDEN["IaF"], role="output"),
    ]
    size = int(np.prod(after))
    votes = np.random.default_rng(2).normal(size=(size, 4))
    projections = (
        Projection("to_sums", "image", "sums", operators, "spikes", "exc", 1),
        Projection(
            "to_classes", "sums", "classes", (Reshape((size,)), Dense(votes)), "spikes", "exc", 1
        ),
    )
    return Network("wide", tuple(populations), projections, READOUTS["spike_count"], steps=STEPS)


def many_inputs() -> dict[str, Network]:
    """Sums of thousands of weights, nearly all of one sign: 16 bits would overflow many times."""
    rng = np.random.default_rng(7)
    kernel = np.abs(rng.normal(size=(3, 3, 300, 20))) + 0.05
    matrix = np.abs(rng.normal(size=(5000, 24))) + 0.05
    kernel[..., 0] *= -1.0
    apart = ((1, 1), (1, 1))
    return {
        "dense": chain((5000,), Dense(matrix)),
        "convolution": chain((6, 5, 300), Convolution(kernel, (1, 1), apart, (1, 1))),
    }


@pytest.fixture(scope="module")
def wide_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    jobs = {
        f"{kind} {bits}": Job(network, replace(OPTIONS, vector_bits=bits, cache_bytes=256 * 1024))
        for kind, network in many_inputs().items()
        for bits in (128, 512)
    }
    return compile_batch(jobs, tmp_path_factory.mktemp("wide"))


@pytest.mark.parametrize("kind", ["dense", "convolution"])
def test_sums_of_thousands_of_weights_do_not_overflow(kind: str, wide_runs: dict[str, Run]) -> None:
    network = many_inputs()[kind]
    samples = np.random.default_rng(8).random((SAMPLES, *network.input.geometry))
    samples = (samples < 0.2).astype(float)
    samples[0] = 1.0
    plan = lower(network, OPTIONS)[1]
    layer = next(k for k in plan.kernels if isinstance(k, LayerKernel) and k.update.population == 1)
    assert dict(layer.constants)["kSafeAdditions"] == 64
    expected = oracle(network, samples)
    for bits in (128, 512):
        received = wide_runs[f"{kind} {bits}"](samples, STEPS, 0)
        assert_equal(received, expected, f"{bits} bits", recorded=False)


@pytest.mark.golden
@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_golden_digits_have_the_same_counts_in_every_way(model: str, tmp_path: Path) -> None:
    case = Case(model, "IB", "spike_count", "count")
    trained, digits = network(case), samples(case)[:GOLDEN_DIGITS]
    chosen = {
        "as it is": OPTIONS,
        "128 bits": replace(OPTIONS, vector_bits=128),
        **{f"without {name}": replace(OPTIONS, disable=(name,)) for name in DECIDING},
    }
    jobs = {way: Job(trained, replace(options, threads=2)) for way, options in chosen.items()}
    answers = {
        way: run(digits, GOLDEN_STEPS, 0) for way, run in compile_batch(jobs, tmp_path).items()
    }
    assert answers["as it is"].counts.any()
    for way, answer in answers.items():
        np.testing.assert_array_equal(answer.counts, answers["as it is"].counts, err_msg=way)


def golden_ways() -> dict[str, CompileOptions]:
    """Every option that may change how a network is run, and none that may change its spikes."""
    base = replace(OPTIONS, threads=2, cache_bytes=None)
    return {
        "as it is": base,
        "one thread": replace(base, threads=1),
        "tile 1": replace(base, tile=1),
        **{f"optimised {level}": replace(base, optimize=level) for level in (0, 1, 2)},
        **{f"{bits} bits": replace(base, vector_bits=bits) for bits in VECTOR_BITS},
        **{f"{size} KiB": replace(base, cache_bytes=size * 1024) for size in (4, 256)},
        **{f"without {name}": replace(base, disable=(name,)) for name in pass_names()},
    }


@pytest.mark.slow
@pytest.mark.golden
@pytest.mark.parametrize("case", CASES, ids=str)
def test_all_golden_digits_have_the_same_counts_with_every_option(
    case: Case, tmp_path: Path
) -> None:
    trained, digits = network(case), samples(case)
    jobs = {way: Job(trained, options) for way, options in golden_ways().items()}
    runs = compile_batch(jobs, tmp_path)
    expected = runs["as it is"](digits, GOLDEN_STEPS, 0)
    assert expected.outputs.any()  # potentials are no spikes: their neurons count none
    for way, run in runs.items():
        assert_equal(run(digits, GOLDEN_STEPS, 0), expected, way, recorded=False)
