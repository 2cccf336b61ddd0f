"""Generated C++ spikes like the NumPy oracle, on random structures with random data.

Half of the draws take weights from a grid on which all sums are exact, so that nothing but equal
spikes is accepted. In the others a rounding tie may end the comparison of a sample; at most one
sample in a hundred may.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from batch import Job, Run, compile_batch, spike_trains
from network_kinds import DRAWN_NEURONS
from random_networks import STEPS, draw_structure

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool
from annconv.neurons.equations import parse_neuron
from annconv.neurons.grammar import LAST_SPIKE, METHODS, REFRACTORY_LEFT
from annconv.neurons.model import OdeSystem
from annconv.options import VECTOR_BITS, CompileOptions
from annconv.readouts import READOUTS
from annconv.readouts.labels import draw_labels
from annconv.reference.compare import differences
from annconv.reference.network import run_network

QUICK = (*range(1_000_000, 1_000_016), 1_000_020, 1_000_022, 1_000_031)
"""Together they have all that the last two tests ask for."""
LONG = (*range(1_000_000, 1_000_060), *range(2_000_000, 2_000_500))
CHUNK = 10
QUICK_DRAWS, DRAWS = 8, 20
SAMPLES = 3

OPTIONS = CompileOptions(precision="double", strict_warnings=True)


@dataclass
class Ties:
    """How many samples were compared, and how many comparisons a rounding tie ended."""

    samples: int = 0
    tied: int = 0


def options_of(seed: int, draw: int) -> CompileOptions:
    """Every fourth structure runs its plain kernels, the others are laid out for other vectors.

    Half of the draws run on two threads.
    """
    options = replace(OPTIONS, threads=1 + draw // 2 % 2)
    if seed % 4 == 0:
        return replace(options, optimize=0)
    return replace(options, vector_bits=VECTOR_BITS[seed % 4 - 1])


def drawn(seed: int, draw: int) -> tuple[Network, FloatArray, bool]:
    """A network, samples, and whether all its sums are exact; even draws lie on a grid."""
    structure = draw_structure(seed)
    rng = np.random.default_rng([seed, draw])
    on_grid = draw % 2 == 0
    network = structure.with_data(rng, on_grid=on_grid)
    return network, structure.samples(rng, SAMPLES), on_grid and structure.exact


def compiled(seeds: Iterable[int], draws: int, folder: Path) -> dict[str, Run]:
    jobs = {
        f"{seed} {draw}": Job(drawn(seed, draw)[0], options_of(seed, draw), recorded=True)
        for seed in seeds
        for draw in range(draws)
    }
    return compile_batch(jobs, folder)


@pytest.fixture(scope="module")
def quick_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    return compiled(QUICK, QUICK_DRAWS, tmp_path_factory.mktemp("compiled"))


@pytest.fixture(scope="module")
def ties() -> Iterator[Ties]:
    counted = Ties()
    yield counted
    assert counted.tied <= counted.samples / 100, counted


def compare(seed: int, draw: int, run: Run, ties: Ties) -> None:
    """One draw of weights and samples: recorded and not."""
    network, samples, exact = drawn(seed, draw)
    noise = draw * 0x1_0000_0003  # both halves of a seed count
    record = [entry.name for entry in network.populations if entry.neuron is not None]
    expected = run_network(network, samples, steps=STEPS, seed=noise, record=record)
    recorded = run.recorded(samples, STEPS, noise)
    if not exact:
        ties.samples += SAMPLES
    same = np.ones(SAMPLES, dtype=bool)
    trains = spike_trains(network, recorded.spikes, SAMPLES)
    for found in differences(network, samples, expected.spikes, trains, seed=noise):
        assert not exact, found.explain()
        assert found.is_rounding_tie, found.explain()
        ties.tied += 1
        same[found.sample] = False
    outputs = expected.outputs[same]
    for received in (recorded, run(samples, STEPS, noise)):
        np.testing.assert_array_equal(received.counts[same], expected.counts[same])
        np.testing.assert_array_equal(received.stopped_at[same], expected.stopped_at[same])
        np.testing.assert_allclose(received.outputs[same], outputs, rtol=1e-9, atol=1e-9)
    clear = same & (np.ptp(np.sort(expected.outputs, axis=1)[:, -2:], axis=1) > 1e-6)
    labels = draw_labels(recorded.outputs, noise)
    np.testing.assert_array_equal(labels[clear], expected.labels[clear])


@pytest.mark.compiles
@pytest.mark.parametrize("seed", QUICK)
def test_random_structures(seed: int, quick_runs: dict[str, Run], ties: Ties) -> None:
    for draw in range(QUICK_DRAWS):
        compare(seed, draw, quick_runs[f"{seed} {draw}"], ties)


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("first", range(0, len(LONG), CHUNK))
def test_many_structures(first: int, ties: Ties, tmp_path: Path) -> None:
    seeds = LONG[first : first + CHUNK]
    runs = compiled(seeds, DRAWS, tmp_path)
    for seed in seeds:
        for draw in range(DRAWS):
            compare(seed, draw, runs[f"{seed} {draw}"], ties)


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
    assert DRAWN_NEURONS | {"Encoder"} <= neurons
    assert {n.readout.name for n in drawn} == set(READOUTS)
    assert any(p.role == "linear" for n in drawn for p in n.populations)
    assert {entry.delay for n in drawn for entry in n.projections} == {0, 1}
    assert sum(draw_structure(seed).exact for seed in QUICK) >= len(QUICK) // 4


def test_the_neurons_cover_the_grammar() -> None:
    drawn = [draw_structure(seed).network for seed in QUICK]
    neurons = [p.neuron for n in drawn for p in n.populations if p.neuron is not None]
    models = [parse_neuron(neuron) for neuron in dict.fromkeys(neurons)]
    blocks = [s for model in models for s in model.update if isinstance(s, OdeSystem)]
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
