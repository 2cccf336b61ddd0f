"""Junctions with one reader are passed by where that takes no more additions."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.ir.network import Network
from annconv.ir.operators import Convolution, MaxPool, Operator, Pad, Scale, Slice, Upsample
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.passes.dissolve_junctions import dissolve_junctions
from annconv.readouts import READOUTS

ONE = (1, 1), ((0, 0), (0, 0)), (1, 1), 1
KERNEL = np.arange(15.0).reshape(1, 1, 5, 3)


def joined(
    first: tuple[Operator, ...],
    second: tuple[Operator, ...],
    *readers: tuple[Operator, ...],
    channels: int = 2,
) -> Network:
    """A junction of two projections from a population of 3 x 3 x 2, and what reads it."""
    outputs = [
        Population(f"out{number}", (3, 3, 3), HIDDEN["IaF"], {}, "hidden")
        for number in range(len(readers))
    ]
    projections = [
        Projection("first", "in", "sum", first),
        Projection("second", "in", "sum", second),
    ]
    projections += [
        Projection(f"read{number}", "sum", f"out{number}", chain, delay=0)
        for number, chain in enumerate(readers)
    ]
    return Network(
        "joined",
        (
            Population("in", (3, 3, 2), ENCODINGS["IB"], {}, "input"),
            Population("sum", (3, 3, channels), None, {}, "linear"),
            *outputs[:-1],
            Population(outputs[-1].name, outputs[-1].geometry, HIDDEN["IaF"], {}, "output"),
        ),
        tuple(projections),
        READOUTS["spike_count"],
    )


def chains(network: Network) -> dict[str, list[type]]:
    return {entry.name: list(map(type, entry.operators)) for entry in network.projections}


def test_each_input_of_a_concatenate_gets_its_part_of_the_kernel() -> None:
    network = joined((Slice(3, 5),), (Slice(0, 5),), (Convolution(KERNEL, *ONE),), channels=5)
    network.verify()
    dissolved = dissolve_junctions(network)
    dissolved.verify()
    assert {entry.post for entry in dissolved.projections} == {"out0"}
    first, second = (entry.operators for entry in dissolved.projections)
    assert isinstance(first[0], Convolution)
    assert isinstance(second[0], Convolution)
    np.testing.assert_array_equal(first[0].kernel, KERNEL[..., 3:5, :])
    np.testing.assert_array_equal(second[0].kernel, KERNEL[..., 0:2, :])


def test_factors_follow_the_weights_of_each() -> None:
    first = (Convolution(np.ones((1, 1, 2, 3)), *ONE),)
    network = joined(first, first, (Scale(np.array(2.0)),), channels=3)
    assert chains(dissolve_junctions(network)) == {
        "first": [Convolution, Scale],
        "second": [Convolution, Scale],
    }


def test_weights_behind_weights_stay_behind_the_sum() -> None:
    first = (Convolution(np.ones((1, 1, 2, 5)), *ONE),)
    network = joined(first, (Slice(0, 5),), (Convolution(KERNEL, *ONE),), channels=5)
    assert dissolve_junctions(network).projections == network.projections


@pytest.mark.parametrize("between", [(Pad(((1, 1), (1, 1))),), (Upsample((2, 2)),)])
def test_channels_that_find_no_weights_of_their_own_stay_joined(between) -> None:
    reader = (*between, Convolution(KERNEL, *ONE))
    network = joined((Slice(3, 5),), (Slice(0, 5),), reader, channels=5)
    assert dissolve_junctions(network).projections == network.projections


def test_channels_that_are_scaled_first_stay_joined() -> None:
    scaled = (Slice(3, 5), Scale(np.ones(5)))
    network = joined(scaled, (Slice(0, 5),), (Convolution(KERNEL, *ONE),), channels=5)
    assert dissolve_junctions(network).projections == network.projections


def test_a_sum_with_two_readers_is_added_up_once() -> None:
    reader = (Convolution(KERNEL, *ONE),)
    network = joined((Slice(3, 5),), (Slice(0, 5),), reader, reader, channels=5)
    assert dissolve_junctions(network).projections == network.projections


def test_the_maximum_of_a_sum_is_not_the_sum_of_maxima() -> None:
    pool = MaxPool((1, 1), (1, 1), ((0, 0), (0, 0)))
    place = (Slice(0, 3),)
    network = joined(place, place, (pool,), channels=3)
    assert dissolve_junctions(network).projections == network.projections
