"""Neurons that nothing reaches: at rest, on their way there, or busy by themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
from batch import Job, Run, compile_batch, spike_rows

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, Operator, Reshape
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.passes.order_channels import order_channels
from annconv.readouts import READOUTS
from annconv.reference.network import run_network

MASK = "dmask/dt = -mask/8.0"
NEURONS = {
    "rests at zero": HIDDEN["IaF"],
    "rests elsewhere": Neuron(
        equations=f"dv/dt = g_exc + (0.5 - v)/4.0 : init = 0.5 ; {MASK}",
        spike="v > 1.0",
        reset="v = 0.5 ; mask += 1.0",
    ),
    "comes to rest": Neuron(
        equations=f"v = clip(v - 0.125, 0.0, 4.0) + g_exc : init = 3.0 ; {MASK}",
        spike="v > 4.0",
        reset="v = 0.0 ; mask += 1.0",
    ),
    "spikes by itself": Neuron(
        equations=f"dv/dt = g_exc + 0.125 ; {MASK}", spike="v > 1.0", reset="v = 0.0 ; mask += 1.0"
    ),
    "spikes without a change": Neuron(
        equations=f"v = 2.0 + g_exc ; {MASK}", spike="v > 1.0", reset="v = 2.0 ; mask += 0.0"
    ),
}


OPTIONS = CompileOptions(
    precision="double", threads=1, strict_warnings=True, compiler_level=0, tile=5
)


def conv(channels: int, filters: int, seed: int) -> tuple[Operator, ...]:
    kernel = np.random.default_rng(seed).integers(-4, 9, (3, 3, channels, filters)) / 16.0
    return (Convolution(kernel, (1, 1), ((1, 1), (1, 1)), (1, 1)),)


SLOW = Neuron(
    equations="v = clip(v - 0.0625, 0.0, 4.0) + g_exc : init = 3.0",
    spike="v > 4.0",
    reset="v = 0.0",
)
"""Comes to rest long after the neurons that it pools."""


def network_of(neuron: Neuron, pooling: Neuron = HIDDEN["IaF"]) -> Network:
    """One channel and several channels arrive; pooled and not pooled."""
    pool = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    classes = np.random.default_rng(3).integers(-4, 9, (256, 3)) / 16.0
    return Network(
        "resting",
        (
            Population("image", (12, 12, 1), ENCODINGS["IB"], {}, "input"),
            Population("first", (12, 12, 8), neuron),
            Population("pool", (6, 6, 8), pooling),
            Population("second", (6, 6, 8), neuron),
            Population("third", (6, 6, 8), neuron),
            Population("classes", (3,), HIDDEN["IaF"], {}, "output"),
        ),
        (
            Projection("a", "image", "first", conv(1, 8, 1)),
            Projection("b", "first", "pool", (pool,), "mask"),
            Projection("c", "pool", "second", conv(8, 8, 2)),
            Projection("d", "second", "third", conv(8, 8, 4)),
            Projection(
                "e", "third", "classes", (Reshape((288,)), Dense(np.resize(classes, (288, 3))))
            ),
        ),
        READOUTS["spike_count"],
        input_scale=100.0,
    )


class Case(NamedTuple):
    """A network, what is presented to it, and how it is compiled."""

    network: Network
    samples: FloatArray
    steps: int
    frames: bool = False
    options: CompileOptions = OPTIONS


def nearly_dark(name: str) -> Case:
    """Most of a picture is empty."""
    samples = np.zeros((3, 12, 12, 1))
    samples[0, 4, 5], samples[1, 0, 11] = 1.0, 0.25
    return Case(network_of(NEURONS[name]), samples, 32)


def lit_for_a_while(name: str, pooling: Neuron = HIDDEN["IaF"]) -> Case:
    """Two spots light up one after the other, with many tiles of darkness before and after."""
    frames = np.zeros((2, 78, 12, 12, 1))
    frames[0, 12:28, 3, 4] = frames[1, 40:51, 9, 9] = 1.0
    frames[0, 52:64, 8, 9] = frames[1, 12:17, 9, 9] = 1.0
    return Case(network_of(NEURONS[name], pooling), frames, 78, frames=True)


def shared(precision: str) -> Case:
    """One team keeps the flags of a sample; single precision has other vectors and fewer flags."""
    frames = np.zeros((1, 48, 12, 12, 1))
    frames[0, 12:28, 3, 4] = frames[0, 12:28, 9, 9] = 1.0
    options = replace(OPTIONS, precision=precision, threads=2)
    return Case(network_of(NEURONS["comes to rest"]), frames, 48, frames=True, options=options)


CASES = {
    **{f"nearly dark, {name}": nearly_dark(name) for name in NEURONS},
    **{f"lit for a while, {name}": lit_for_a_while(name) for name in NEURONS},
    "pooled while they change": lit_for_a_while("rests elsewhere", SLOW),
    **{f"shared, {precision}": shared(precision) for precision in ("double", "single")},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    jobs = {name: Job(case.network, case.options) for name, case in CASES.items()}
    return compile_batch(jobs, tmp_path_factory.mktemp("resting"))


@pytest.mark.compiles
@pytest.mark.parametrize("name", CASES)
def test_counts_and_spikes_are_the_interpreters(name: str, runs: dict[str, Run]) -> None:
    """Recorded are populations of the optimised kernels, which skip neurons at rest."""
    network, samples, steps, frames, _ = CASES[name]
    moved = [entry.channels for entry in order_channels(network).populations if entry.channels]
    assert any(list(order) != sorted(order) for order in moved)  # recorded ranks are their own
    record = ["pool", "second", "third"]
    expected = run_network(network, samples, steps=steps, record=record, frames=frames)
    received = runs[name].recorded(samples, steps, 0, record, frames=frames)
    np.testing.assert_array_equal(received.counts, expected.counts)
    np.testing.assert_array_equal(received.spikes, spike_rows(network, expected.spikes))
