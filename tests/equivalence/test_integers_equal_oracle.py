"""With whole weights, every way to run a network gives the oracle's spikes, to the last one.

Nothing here is compared with a tolerance: neither spikes nor scores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from golden_comparison import Case, network, samples
from numpy.typing import NDArray
from random_layers import draw_layers
from random_networks import STEPS, Structure, draw_structure
from test_compiled_equals_oracle import build_one

from annconv.ir.network import Network, Population, Projection
from annconv.ir.operators import Convolution, Dense, Reshape
from annconv.neurons.library import HIDDEN
from annconv.neurons.neuron import Neuron
from annconv.options import VECTOR_BITS, CompileOptions
from annconv.passes.pipeline import lower, network_of, pass_names
from annconv.plan import channel_groups
from annconv.plan.kernels import LayerKernel
from annconv.readouts.table import READOUTS
from annconv.reference.network import ReferenceResult, run_network
from annconv.runtime.compiled import compile_network

OPTIONS = CompileOptions(
    precision="int16", threads=1, strict_warnings=True, compiler_level=1, cache_bytes=32 * 1024
)
QUICK = (2, 4, 5, 1_000_003, 1_000_009, 1_000_029)
LONG = (*range(5000, 5100), *range(6_000_000, 6_000_100))
DRAWS = 4
SAMPLES = 3
GOLDEN_DIGITS = 60

pytestmark = pytest.mark.compiles


@pytest.fixture(scope="module", autouse=True)
def channels_in_groups() -> Iterator[None]:
    """Random weights spike apart; tables of patterns are made here wherever they fit."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(channel_groups, "LEAST_COACTIVITY", -1.0)
        yield


def structure_of(seed: int) -> Structure:
    """Small seeds are layers in a row, large ones whatever a Network can say."""
    return draw_layers(seed) if seed < 1_000_000 else draw_structure(seed)


def every_way(seed: int) -> list[CompileOptions]:
    """Plain and optimised, all widths of vectors, short tiles, small caches, without one pass."""
    without = pass_names()[seed % len(pass_names())]
    return [
        replace(OPTIONS, optimize=0),
        *(replace(OPTIONS, vector_bits=bits) for bits in VECTOR_BITS),
        replace(OPTIONS, tile=1),
        replace(OPTIONS, cache_bytes=4 * 1024, disable=(without,)),
    ]


def two_ways(seed: int) -> list[CompileOptions]:
    return [replace(OPTIONS, vector_bits=VECTOR_BITS[seed % 3]), every_way(seed)[seed % 2 * -1]]


def recorded(network: Network) -> list[str]:
    return [entry.name for entry in network.populations if entry.neuron is not None]


def oracle(network: Network, samples: NDArray[np.float64], seed: int = 0) -> ReferenceResult:
    """What the network of whole weights does in single precision."""
    whole = network_of(network, OPTIONS)
    names = recorded(network)
    return run_network(whole, samples, steps=STEPS, seed=seed, record=names, real=np.float32)


def assert_equal(
    network: Network,
    samples: NDArray[np.float64],
    options: CompileOptions,
    expected: ReferenceResult,
    seed: int = 0,
) -> None:
    names = recorded(network)
    for threads in (1, 2):
        compiled = compile_network(network, replace(options, threads=threads))
        fused = compiled.run(samples, steps=STEPS, seed=seed)
        whole = compiled.run(samples, steps=STEPS, seed=seed, record=names)
        for received in (fused, whole):
            np.testing.assert_array_equal(received.counts, expected.counts)
            np.testing.assert_array_equal(received.outputs, expected.outputs)
            np.testing.assert_array_equal(received.stopped_at, expected.stopped_at)
        for name in names:
            for train, wanted in zip(whole.spikes[name], expected.spikes[name], strict=True):
                np.testing.assert_array_equal(train, wanted, err_msg=f"{name}, {options}")


def compare_structure(seed: int, ways: list[CompileOptions]) -> None:
    structure = structure_of(seed)
    for draw in range(DRAWS):
        rng = np.random.default_rng([seed, draw])
        network = structure.with_data(rng, on_grid=False)
        samples = structure.samples(rng, SAMPLES)
        expected = oracle(network, samples, draw)
        for options in ways:
            assert_equal(network, samples, options, expected, draw)


@pytest.mark.parametrize("seed", QUICK)
def test_random_networks(seed: int) -> None:
    compare_structure(seed, two_ways(seed))


@pytest.mark.slow
@pytest.mark.parametrize("seed", LONG)
def test_two_hundred_random_networks_in_every_way(seed: int) -> None:
    for options in every_way(seed):
        build_one(structure_of(seed).network, options)
    compare_structure(seed, every_way(seed))


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


def many_inputs(rng: np.random.Generator) -> dict[str, Network]:
    """Sums of thousands of weights, nearly all of one sign: 16 bits would overflow many times."""
    kernel = np.abs(rng.normal(size=(3, 3, 300, 20))) + 0.05
    matrix = np.abs(rng.normal(size=(5000, 24))) + 0.05
    kernel[..., 0] *= -1.0
    apart = ((1, 1), (1, 1))
    return {
        "dense": chain((5000,), Dense(matrix)),
        "convolution": chain((6, 5, 300), Convolution(kernel, (1, 1), apart, (1, 1))),
    }


@pytest.mark.parametrize("kind", ["dense", "convolution"])
@pytest.mark.parametrize("bits", [128, 512])
def test_sums_of_thousands_of_weights_do_not_overflow(kind: str, bits: int) -> None:
    rng = np.random.default_rng(7)
    network = many_inputs(rng)[kind]
    samples = (rng.random((SAMPLES, *network.input.geometry)) < 0.2).astype(float)
    samples[0] = 1.0
    options = replace(OPTIONS, vector_bits=bits, cache_bytes=256 * 1024)
    plan = lower(network, options)[1]
    layer = next(k for k in plan.kernels if isinstance(k, LayerKernel) and k.update.population == 1)
    assert dict(layer.constants)["kSafeAdditions"] == 64
    assert_equal(network, samples, options, oracle(network, samples))


@pytest.mark.golden
@pytest.mark.parametrize("model", ["cnn", "mlp"])
def test_golden_digits_have_the_same_counts_in_every_way(model: str) -> None:
    case = Case(model, "IB", "spike_count", "count")
    trained, digits = network(case), samples(case)[:GOLDEN_DIGITS]
    expected = compile_network(trained, replace(OPTIONS, threads=2)).run(digits)
    ways = [replace(OPTIONS, disable=(name,)) for name in DECIDING] + [
        replace(OPTIONS, tile=1), replace(OPTIONS, vector_bits=128),
    ]  # fmt: skip
    for options in ways:
        received = compile_network(trained, replace(options, threads=2)).run(digits)
        np.testing.assert_array_equal(received.counts, expected.counts, err_msg=str(options))


DECIDING = ("tabulate_patterns", "order_channels")
