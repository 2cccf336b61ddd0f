"""Neurons that nothing reaches: at rest, on their way there, or busy by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network, Population, Projection
from annconv.ir.operators import Convolution, Dense, MaxPool, Operator, Reshape
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.passes.order_channels import channel_orders
from annconv.readouts import READOUTS
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

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


def conv(channels: int, filters: int, seed: int) -> tuple[Operator, ...]:
    kernel = np.random.default_rng(seed).integers(-4, 9, (3, 3, channels, filters)) / 16.0
    return (Convolution(kernel, (1, 1), ((1, 1), (1, 1)), (1, 1)),)


def network_of(neuron: Neuron) -> Network:
    """One channel and several channels arrive; pooled and not pooled."""
    pool = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    classes = np.random.default_rng(3).integers(-4, 9, (256, 3)) / 16.0
    return Network(
        "resting",
        (
            Population("image", (12, 12, 1), ENCODINGS["IB"], {}, "input"),
            Population("first", (12, 12, 8), neuron),
            Population("pool", (6, 6, 8), HIDDEN["IaF"]),
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


def check(
    network: Network,
    samples: FloatArray,
    steps: int,
    *,
    frames: bool = False,
    precision: str = "double",
    threads: int = 1,
) -> None:
    """Counts and spikes of the optimised kernels are the interpreter's."""
    options = CompileOptions(
        precision=precision, threads=threads, strict_warnings=True, compiler_level=1, tile=5
    )
    record = ["pool", "second", "third"]
    expected = run_network(network, samples, steps=steps, record=record, frames=frames)
    received = compile_network(network, options).run(
        samples, steps=steps, record=record, frames=frames
    )
    np.testing.assert_array_equal(received.counts, expected.counts)
    for population in record:
        for train, wanted in zip(
            received.spikes[population], expected.spikes[population], strict=True
        ):
            np.testing.assert_array_equal(train, wanted)


@pytest.mark.compiles
@pytest.mark.parametrize("name", NEURONS)
def test_most_of_a_picture_is_empty(name: str) -> None:
    network = network_of(NEURONS[name])
    assert channel_orders(network)  # recorded ranks are put back
    samples = np.zeros((3, 12, 12, 1))
    samples[0, 4, 5], samples[1, 0, 11] = 1.0, 0.25
    check(network, samples, 32)


@pytest.mark.compiles
@pytest.mark.parametrize("name", NEURONS)
def test_rest_ends_and_comes_back(name: str) -> None:
    """Two spots light up one after the other, with many tiles of darkness before and after."""
    frames = np.zeros((2, 78, 12, 12, 1))
    frames[0, 12:28, 3, 4] = frames[1, 40:51, 9, 9] = 1.0
    frames[0, 52:64, 8, 9] = frames[1, 12:17, 9, 9] = 1.0
    check(network_of(NEURONS[name]), frames, 78, frames=True)


@pytest.mark.compiles
@pytest.mark.parametrize("precision", ["double", "single"])
def test_threads_that_share_a_sample(precision: str) -> None:
    """One team keeps the flags of a sample; single precision has other vectors and fewer flags."""
    frames = np.zeros((1, 48, 12, 12, 1))
    frames[0, 12:28, 3, 4] = frames[0, 12:28, 9, 9] = 1.0
    network = network_of(NEURONS["comes to rest"])
    check(network, frames, 48, frames=True, precision=precision, threads=2)
