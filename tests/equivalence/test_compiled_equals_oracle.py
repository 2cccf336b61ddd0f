"""Generated C++ spikes like the NumPy oracle, on random structures with random data.

Half of the draws take weights from a grid on which all sums are exact, so that nothing but equal
spikes is accepted. In the others a rounding tie may end the comparison of a sample; at most one
sample in a hundred may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_networks import STEPS, Structure, draw_structure

from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool
from annconv.neurons.equations import parse_neuron
from annconv.neurons.grammar import LAST_SPIKE, METHODS, REFRACTORY_LEFT
from annconv.neurons.model import OdeBlock
from annconv.options import VECTOR_BITS, CompileOptions
from annconv.readouts import READOUTS
from annconv.reference.compare import differences
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

QUICK = (*range(1_000_000, 1_000_016), 1_000_020, 1_000_022, 1_000_031)
"""Together they have all that the last two tests ask for."""
LONG = (*range(1_000_000, 1_000_060), *range(2_000_000, 2_000_500))
QUICK_DRAWS, DRAWS = 8, 20
SAMPLES = 3
BUILDERS = 2

OPTIONS = CompileOptions(precision="double", threads=2, strict_warnings=True)


@dataclass
class Ties:
    """How many samples were compared, and how many comparisons a rounding tie ended."""

    samples: int = 0
    tied: int = 0


class Built(dict[int, Structure]):
    """Structures by seed; shown in short, as their arrays would fill pages of a failing test."""

    def __repr__(self) -> str:
        return f"<{len(self)} structures>"


def options_of(seed: int) -> CompileOptions:
    """Every fourth structure runs its plain kernels, the others are laid out for other vectors."""
    if seed % 4 == 0:
        return replace(OPTIONS, optimize=0)
    return replace(OPTIONS, vector_bits=VECTOR_BITS[seed % 4 - 1])


def build_structures(
    drawn: Mapping[int, Structure], options: Callable[[int], CompileOptions]
) -> Built:
    """Compile every structure once; later compilations with other weights find it in the cache.

    A structure that cannot be compiled fails its own test, which compiles it again.
    """
    with ThreadPoolExecutor(BUILDERS) as pool:
        wait(pool.submit(build_one, entry.network, options(seed)) for seed, entry in drawn.items())
    return Built(drawn)


def build_one(network: Network, options: CompileOptions) -> None:
    """Build a network, and the code that records what it hides, if it hides anything."""
    spikes = compile_network(network, options).plan.spikes
    hidden = [
        population.name
        for population, buffer in zip(network.populations, spikes, strict=True)
        if population.neuron is not None and buffer is None
    ]
    if hidden:
        compile_network(network, replace(options, whole=True))


def build_all(seeds: Iterable[int]) -> Built:
    return build_structures({seed: draw_structure(seed) for seed in seeds}, options_of)


@pytest.fixture(scope="module")
def quick_structures() -> Built:
    return build_all(QUICK)


@pytest.fixture(scope="module")
def long_structures() -> Built:
    return build_all(LONG)


@pytest.fixture(scope="module")
def ties() -> Iterator[Ties]:
    counted = Ties()
    yield counted
    assert counted.tied <= counted.samples / 100, counted


def compare_draw(structure: Structure, draw: int, ties: Ties) -> None:
    """One draw of weights and samples, with one and with two threads."""
    rng = np.random.default_rng([structure.seed, draw])
    on_grid = draw % 2 == 0
    network = structure.with_data(rng, on_grid=on_grid)
    samples = structure.samples(rng, SAMPLES)
    record = [entry.name for entry in network.populations if entry.neuron is not None]
    expected = run_network(network, samples, steps=STEPS, seed=draw, record=record)
    options = replace(options_of(structure.seed), threads=1 + draw // 2 % 2)
    compiled = compile_network(network, options)
    received = compiled.run(samples, steps=STEPS, seed=draw, record=record)
    tie_allowed = not (on_grid and structure.exact)
    if tie_allowed:
        ties.samples += SAMPLES
    same = np.ones(SAMPLES, dtype=bool)
    for found in differences(network, samples, expected.spikes, received.spikes, seed=draw):
        assert tie_allowed, found.explain()
        assert found.is_rounding_tie, found.explain()
        ties.tied += 1
        same[found.sample] = False
    outputs = expected.outputs[same]
    for result in (received, compiled.run(samples, steps=STEPS, seed=draw)):
        np.testing.assert_array_equal(result.counts[same], expected.counts[same])
        np.testing.assert_array_equal(result.stopped_at[same], expected.stopped_at[same])
        np.testing.assert_allclose(result.outputs[same], outputs, rtol=1e-9, atol=1e-9)
    clear = np.ptp(np.sort(outputs, axis=1)[:, -2:], axis=1) > 1e-6
    np.testing.assert_array_equal(received.labels[same][clear], expected.labels[same][clear])


@pytest.mark.compiles
@pytest.mark.parametrize("seed", QUICK)
@settings(max_examples=QUICK_DRAWS)
@given(draw=st.integers(0, 2**32 - 1))
def test_random_structures(seed: int, draw: int, quick_structures: Built, ties: Ties) -> None:
    compare_draw(quick_structures[seed], draw, ties)


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("seed", LONG)
@settings(max_examples=DRAWS)
@given(draw=st.integers(0, 2**32 - 1))
def test_many_structures(seed: int, draw: int, long_structures: Built, ties: Ties) -> None:
    compare_draw(long_structures[seed], draw, ties)


def test_the_structures_cover_what_the_compiler_can_do() -> None:
    drawn = [draw_structure(seed).network for seed in QUICK]
    operators = [item for n in drawn for p in n.projections for item in p.operators]
    convolutions = [item for item in operators if isinstance(item, Convolution)]
    assert {len(item.size) for item in convolutions} == {1, 2, 3}
    assert any(max(item.strides) > 1 for item in convolutions)
    assert any(max(item.dilation) > 1 for item in convolutions)
    assert any(item.groups > 1 for item in convolutions)
    assert any(any(before != after for before, after in item.padding) for item in convolutions)
    for kind in (Dense, MaxPool, MeanPool):
        assert any(isinstance(item, kind) for item in operators)
    neurons = {p.neuron.name for n in drawn for p in n.populations if p.neuron is not None}
    assert {"IaF", "IB", "CPN", "PSO", "phase", "Counter", "Integrator", "Encoder"} <= neurons
    assert {n.readout.name for n in drawn} == set(READOUTS)
    assert any(p.role == "linear" for n in drawn for p in n.populations)
    assert {entry.delay for n in drawn for entry in n.projections} == {0, 1}
    assert sum(draw_structure(seed).exact for seed in QUICK) >= len(QUICK) // 4


def test_the_neurons_cover_the_grammar() -> None:
    drawn = [draw_structure(seed).network for seed in QUICK]
    neurons = [p.neuron for n in drawn for p in n.populations if p.neuron is not None]
    models = [parse_neuron(neuron) for neuron in dict.fromkeys(neurons)]
    blocks = [s for model in models for s in model.update if isinstance(s, OdeBlock)]
    assert {ode.method for block in blocks for ode in block.equations} == set(METHODS)
    assert len(frozenset().union(*(model.draw_kinds() for model in models))) >= 5
    assert {entry.type for model in models for entry in model.variables} == {"float", "int", "bool"}
    assert len({e.function for model in models for e in model.statistics()}) >= 4
    internal = {e.name for model in models for e in model.variables if e.internal}
    assert internal == {LAST_SPIKE, REFRACTORY_LEFT}
    assert any(model.variable("g_exc") is not None for model in models)
    assert any(not entry.local for model in models for entry in model.variables)
    assert any(entry.start is not None for model in models for entry in model.parameters)
    own = [model for model in models if model.name.startswith(("Hidden", "Encoder", "output"))]
    assert len(own) // 5 <= sum(model.is_plain for model in own) <= len(own) // 2
