"""Channels in another order: which, and that nobody but the order of additions can tell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planned import chain, convolution, dense, pooling
from zoo import numbers

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Increase, Operator, Pad, Scale, Slice
from annconv.ir.population import Population
from annconv.neurons.library import HIDDEN
from annconv.neurons.neuron import Neuron
from annconv.passes.order_channels import order_channels
from annconv.reference.network import run_network

NOISY = Neuron(
    equations="dv/dt = g_exc + Uniform(0.0, 0.1)", spike="v > 1", reset="v = 0", name="Noisy"
)
CROWD = Neuron(equations="dv/dt = g_exc - mean(v)", spike="v > 1", reset="v = 0", name="Crowd")
UNLIKE = Neuron(
    parameters="vt = Uniform(0.5, 1.0)", equations="dv/dt = g_exc", spike="v > vt", reset="v = 0"
)


def values(shape: tuple[int, ...], seed: int) -> FloatArray:
    """Multiples of 1/16, so that sums are exact in every order."""
    return np.random.default_rng(seed).integers(-8, 13, shape) / 16.0


def conv(size: int, channels: int, filters: int, groups: int = 1) -> tuple[Operator, ...]:
    pad = (size // 2, size - 1 - size // 2)
    kernel = values((size, size, channels // groups, filters), filters)
    return (Convolution(kernel, (1, 1), (pad, pad), (1, 1), groups),)


def full(inputs: int, outputs: int) -> tuple[Operator, ...]:
    reshape, _ = dense(inputs, outputs)
    return (reshape, Dense(values((inputs, outputs), outputs)))


def deep(neuron: Neuron = HIDDEN["IaF"]) -> Network:
    """Input, convolution, pooling, convolution, classes; thresholds by channel."""
    network = chain(
        (6, 6, 1),
        (conv(3, 1, 8), "spikes"),
        (pooling(2, 2), "spikes"),
        (conv(3, 8, 6), "spikes"),
        (full(54, 3), "spikes"),
        neuron=neuron,
    )
    if neuron is not HIDDEN["IaF"]:
        return network
    thresholds = {"vt": np.linspace(0.5, 1.25, 8)}
    changed = replace(network.populations[1], parameters=thresholds)
    return replace(
        network,
        populations=(network.populations[0], changed, *network.populations[2:]),
        input_scale=100.0,
    )


def moved(network: Network) -> dict[str, np.ndarray]:
    """Which channels stand where in the ordered network, of the populations that have an order."""
    populations = order_channels(network).populations
    return {
        entry.name: np.asarray(entry.channels)
        for entry in populations
        if entry.channels is not None
    }


def test_spikes_change_places_and_nothing_else() -> None:
    network = deep()
    ordered = order_channels(network)
    ordered.verify()
    orders = moved(network)
    assert set(orders) == {"p1", "p2"}  # no convolution reads p3
    np.testing.assert_array_equal(orders["p1"], orders["p2"])
    rng = np.random.default_rng(1)
    samples, record = rng.random((3, 6, 6, 1)), ["p1", "p2", "p3"]
    before = run_network(network, samples, steps=40, record=record)
    after = run_network(ordered, samples, steps=40, record=record)
    np.testing.assert_array_equal(after.counts, before.counts)
    assert before.counts.any()
    for name in record:
        channels = network[name].geometry[-1]
        order = orders.get(name, np.arange(channels))
        for received, expected in zip(after.spikes[name], before.spikes[name], strict=True):
            cell, channel = np.divmod(received[:, 1], channels)
            found = set(zip(received[:, 0], cell * channels + order[channel], strict=True))
            assert found == set(zip(expected[:, 0], expected[:, 1], strict=True))


def test_the_busiest_come_first() -> None:
    weights = np.array([[[[1.0, 3.0, 2.0, 9.0, 8.0, 4.0, 7.0, 6.0]]]])
    network = chain(
        (4, 4, 1),
        ((Convolution(weights, (1, 1), ((0, 0),) * 2, (1, 1)),), "spikes"),
        (convolution(3, 8, 8), "spikes"),
        (dense(128, 3), "spikes"),
    )
    assert moved(network)["p1"].tolist() == [3, 4, 6, 7, 5, 1, 2, 0]


def test_like_channels_stand_together() -> None:
    """Two kinds of filters, in turns."""
    kinds = np.zeros((3, 3, 1, 8))
    kinds[0, :, :, 0::2], kinds[2, :, :, 1::2] = 1.0, 1.0
    network = chain(
        (6, 6, 1),
        ((Convolution(kinds, (1, 1), ((1, 1),) * 2, (1, 1)),), "spikes"),
        (convolution(3, 8, 8), "spikes"),
        (dense(288, 3), "spikes"),
    )
    assert moved(network)["p1"].tolist() == [0, 2, 4, 6, 1, 3, 5, 7]


def test_equal_channels_stay() -> None:
    network = chain(
        (6, 6, 1),
        (convolution(3, 1, 8), "spikes"),
        (convolution(3, 8, 8), "spikes"),
        (dense(288, 3), "spikes"),
    )
    assert moved(network)["p1"].tolist() == list(range(8))


def test_factors_and_a_hidden_matrix_follow() -> None:
    network = chain(
        (4, 4, 1),
        ((*conv(3, 1, 8), Scale(numbers(8)), Increase()), "spikes"),
        ((Scale(values((8,), 3)), Pad(((1, 0), (0, 1))), *conv(2, 8, 5)), "spikes"),
        (full(125, 3), "spikes"),
    )
    ordered = order_channels(network)
    assert set(moved(network)) == {"p1"}
    samples = np.random.default_rng(2).random((2, 4, 4, 1)) * 100.0
    before, after = (run_network(entry, samples, steps=30) for entry in (network, ordered))
    np.testing.assert_array_equal(after.counts, before.counts)
    np.testing.assert_array_equal(after.outputs, before.outputs)


@pytest.mark.parametrize(
    "neuron", [NOISY, CROWD, UNLIKE], ids=["random numbers", "a mean", "random thresholds"]
)
def test_neurons_that_differ_by_rank_stay(neuron: Neuron) -> None:
    assert moved(deep(neuron)) == {}


@pytest.mark.parametrize(
    "between",
    [conv(3, 8, 8, groups=2), (Slice(0, 9), *conv(3, 9, 6))],
    ids=["groups", "a slice"],
)
def test_weights_that_know_their_channels_stay(between: tuple[Operator, ...]) -> None:
    filters = between[-1].output_geometry((4, 4, 8 if len(between) == 1 else 9))
    assert filters is not None
    network = chain(
        (4, 4, 1),
        (conv(3, 1, 8), "spikes"),
        (between, "spikes"),
        (full(16 * filters[-1], 3), "spikes"),
    )
    network.verify()
    assert moved(network) == {}


def test_the_input_stays() -> None:
    network = chain((4, 4, 8), (conv(3, 8, 6), "spikes"), (full(96, 3), "spikes"))
    assert moved(network) == {}
    assert isinstance(network.input, Population)
