"""Whole weights stand where spikes are added up, and nowhere else; poor ones are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from zoo import branches, dense, picture

from annconv.errors import OptionError
from annconv.ir.network import Network
from annconv.ir.operators import (
    Convolution,
    Dense,
    Increase,
    MaxPool,
    Operator,
    Reshape,
    Scale,
    Slice,
)
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import COUNTER, CPN, IaF
from annconv.options import CompileOptions
from annconv.passes.pipeline import network_of
from annconv.passes.quantise_weights import quantise_weights
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

INT16 = CompileOptions(precision="int16")


def chains(network: Network) -> dict[str, tuple[Operator, ...]]:
    return {entry.name: entry.operators for entry in network.projections}


def with_weights(network: Network, name: str, weights: object) -> Network:
    """The network with another matrix in one projection."""
    return replace(
        network,
        projections=tuple(
            replace(
                entry,
                operators=tuple(
                    Dense(np.asarray(weights)) if isinstance(item, Dense) else item
                    for item in entry.operators
                ),
            )
            if entry.name == name
            else entry
            for entry in network.projections
        ),
    )


def test_units_stand_behind_whole_weights() -> None:
    for before, after in zip(
        dense().projections, network_of(dense(), INT16).projections, strict=True
    ):
        whole = next(item for item in after.operators if isinstance(item, Dense))
        scale = after.operators[after.operators.index(whole) + 1]
        given = next(item for item in before.operators if isinstance(item, Dense))
        assert whole.whole
        assert isinstance(scale, Scale)
        meant = whole.weights * scale.factors.astype(np.float64)
        error = np.abs(meant - given.weights)
        assert (error <= 0.51 * scale.factors).all()


def test_traces_are_moved_behind_the_weights_first() -> None:
    whole = network_of(picture(), INT16)
    mixing = [
        (entry, item)
        for entry in whole.projections
        for item in entry.operators
        if isinstance(item, Convolution | Dense)
    ]
    assert mixing
    for projection, operator in mixing:
        assert operator.whole
        assert projection.transmits == "spikes"


def test_values_that_are_no_spikes_keep_real_weights() -> None:
    network = branches()
    real = {
        entry.name
        for entry in network_of(network, INT16).projections
        for item in entry.operators
        if isinstance(item, Convolution | Dense) and not item.whole
    }
    spiking = {
        entry.name
        for entry in network.populations
        if entry.neuron is not None and entry.model().emit is None
    }
    for entry in network.projections:
        if entry.name in real:
            assert entry.pre not in spiking or entry.transmits != "spikes"


def residual(*, increase: bool = True) -> Network:
    """Counts that are pooled, and two projections whose channels lie apart in a junction."""
    rng = np.random.default_rng(7)
    counter = replace(COUNTER, name="Counted")
    pool = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    behind: tuple[Operator, ...] = (pool, Increase()) if increase else (pool,)
    rows = 2 * 2 * 3
    first = Dense(rng.normal(0.3, 0.6, (rows, 5)))
    network = Network(
        "residual",
        (
            Population("image", (4, 4, 1), CPN, role="input"),
            Population("left", (4, 4, 2), counter),
            Population("right", (2, 2, 1), IaF),
            Population("both", (2, 2, 3), None, role="linear"),
            Population("classes", (5,), IaF, role="output"),
        ),
        (
            Projection("a", "image", "left", (_convolution(rng, 3, 2, 1),)),
            Projection("b", "image", "right", (_convolution(rng, 3, 1, 2),)),
            Projection("c", "left", "both", (*behind, Slice(0, 3)), "sc"),
            Projection("d", "right", "both", (Slice(2, 3),)),
            Projection("e", "both", "classes", (Reshape((rows,)), first), delay=0),
        ),
        READOUTS["spike_count"],
        input_scale=300.0,
    )
    network.verify()
    return network


def _convolution(rng: np.random.Generator, size: int, filters: int, stride: int) -> Convolution:
    kernel = rng.normal(0.2, 0.5, (size, size, 1, filters))
    padding = ((1, 1), (1, 1)) if stride == 1 else ((0, 1), (0, 1))
    return Convolution(kernel, (stride, stride), padding, (1, 1))


def test_spikes_behind_counts_and_junctions_meet_whole_weights() -> None:
    for increase in (True, False):
        chain = chains(network_of(residual(increase=increase), INT16))["e"]
        assert next(item for item in chain if isinstance(item, Dense)).whole == increase


@pytest.mark.compiles
@pytest.mark.parametrize("optimize", [0, 2])
def test_they_run_as_in_the_oracle(optimize: int) -> None:
    network, samples = residual(), np.random.default_rng(1).random((6, 4, 4, 1))
    options = CompileOptions(precision="int16", optimize=optimize)
    found = compile_network(network, options).run(samples, steps=40, seed=2, record=["left"])
    told = run_network(
        network_of(network, options), samples, steps=40, seed=2, record=["left"], real=np.float32
    )
    assert told.counts.sum() > 20
    np.testing.assert_array_equal(found.counts, told.counts)
    for mine, own in zip(found.spikes["left"], told.spikes["left"], strict=True):
        np.testing.assert_array_equal(mine, own)


def test_other_precisions_keep_the_network() -> None:
    network = picture()
    for precision in ("single", "double"):
        assert network_of(network, CompileOptions(precision=precision)) is network


def test_a_network_of_whole_weights_is_left_alone() -> None:
    whole = network_of(picture(), INT16)
    assert quantise_weights(whole) == whole


def test_all_channels_without_levels_are_told_at_once() -> None:
    network = dense()
    names = [entry.name for entry in network.projections]
    rng = np.random.default_rng(0)
    for name in names:
        chain = chains(network)[name]
        shape = next(item.weights.shape for item in chain if isinstance(item, Dense))
        inputs = max(400, shape[0])
        weights = rng.normal(size=(inputs, shape[1])) * 0.05
        weights[0, -1] = 20_000.0
        network = with_weights(network, name, weights)
    with pytest.raises(OptionError) as caught:
        quantise_weights(network)
    assert len(caught.value.faults) == len(names)
    layer = network.projections[-1].post
    channel = network[layer].geometry[-1] - 1
    assert caught.value.faults[-1].startswith(
        f"precision: 'int16' has too few levels for the weights of layer {layer!r}, channel "
        f"{channel}: expected a typical weight of 16 units or more, received 0.078"
    )
    assert "as the largest weight is 2e+04. Instead: precision='single'" in str(caught.value)


def test_a_silent_input_of_huge_weights_changes_no_other_class() -> None:
    """A unit for each channel: weights a thousand times larger leave the other classes alone."""
    network, rng = dense(), np.random.default_rng(3)
    last = network.projections[-1]
    matrix = next(item for item in last.operators if isinstance(item, Dense)).weights
    loud = np.array(matrix)
    loud[:, 0] *= 1000.0
    samples = rng.random((4, *network.input.geometry))
    results = [
        run_network(network_of(entry, INT16), samples, steps=30, real=np.float32).counts[:, 1:]
        for entry in (network, with_weights(network, last.name, loud))
    ]
    np.testing.assert_array_equal(*results)
