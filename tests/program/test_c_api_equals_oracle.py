"""Batches and steps by hand of the C API spike like the NumPy oracle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from batch import spike_rows, spike_trains, varied
from exported_library import Library, load_library
from numpy.typing import NDArray
from random_layers import draw_layers
from random_networks import STEPS, Structure, draw_structure

from annconv.options import CompileOptions
from annconv.reference.compare import first_difference
from annconv.reference.network import run_network

pytestmark = pytest.mark.compiles

OPTIONS = CompileOptions(precision="double", threads=1, whole=True)
STRUCTURES = 3_000_000
QUICK = STRUCTURES + 33
LONG = (*range(STRUCTURES + 300, STRUCTURES + 330), *range(600, 630))
FRAMES = 7


def structure_of(seed: int) -> Structure:
    return draw_structure(seed) if seed >= STRUCTURES else draw_layers(seed)


def check_seed(seed: int, folder: Path) -> None:
    structure, rng = structure_of(seed), np.random.default_rng(seed)
    network = structure.with_data(rng, on_grid=structure.exact)
    samples = structure.samples(rng, 3)
    library = load_library(network, varied(OPTIONS, seed), folder)
    batch = library.predict(samples, STEPS, seed)
    library.stepped(samples, STEPS, seed).assert_equal(batch)
    library.predict(samples, STEPS, seed, threads=3).assert_equal(batch)
    compare(library, samples, STEPS, seed, batch, frames=False)
    frames = rng.random((2, FRAMES, *samples.shape[1:]))
    moving = library.stepped(frames, FRAMES, seed, frames=True)
    compare(library, frames, FRAMES, seed, moving, frames=True)


def compare(
    library: Library, samples: NDArray[np.float64], steps: int, seed: int, received, *, frames: bool
) -> None:
    """Spikes and results are the oracle's, unless a potential met its threshold in rounding."""
    network = library.network
    names = [entry.name for entry in network.populations if entry.neuron is not None]
    expected = run_network(network, samples, steps=steps, seed=seed, frames=frames, record=names)
    trains = spike_trains(network, received.spikes, len(samples))
    difference = first_difference(
        network, samples, expected.spikes, trains, seed=seed, frames=frames
    )
    if difference is not None:
        assert difference.is_rounding_tie, difference.explain()
        return
    np.testing.assert_array_equal(received.spikes, spike_rows(network, expected.spikes))
    np.testing.assert_array_equal(received.steps_run, expected.stopped_at)
    np.testing.assert_array_equal(received.counts, expected.counts)
    np.testing.assert_allclose(received.scores, expected.outputs, rtol=1e-9, atol=1e-9)
    if np.array_equal(received.scores, expected.outputs):
        np.testing.assert_array_equal(received.labels, expected.labels)


def test_quick(tmp_path: Path) -> None:
    check_seed(QUICK, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", LONG)
def test_many(seed: int, tmp_path: Path) -> None:
    check_seed(seed, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(640, 660))
def test_fused_code_steps_as_it_predicts(seed: int, tmp_path: Path) -> None:
    """Without the spikes of what it hides, in single precision, too."""
    structure, rng = draw_layers(seed), np.random.default_rng(seed)
    network = structure.with_data(rng, on_grid=False)
    precision = "single" if seed % 2 else "double"
    options = varied(replace(OPTIONS, whole=False, precision=precision), seed)
    library = load_library(network, options, tmp_path)
    samples = structure.samples(rng, 3)
    batch = library.predict(samples, STEPS, seed)
    library.stepped(samples, STEPS, seed).assert_equal(batch)
    library.predict(samples, STEPS, seed, threads=4).assert_equal(batch)
