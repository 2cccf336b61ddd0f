"""Which layers look for neurons that rest."""

from __future__ import annotations

import pytest
from planned import chain, convolution, dense, layers, plan_before, pooling

from annconv.ir.network import Network
from annconv.neurons.library import HIDDEN
from annconv.neurons.neuron import Neuron
from annconv.passes.skip_resting import skip_resting

LATE = Neuron(equations="dv/dt = g_exc * (t > 5.0)", spike="v > 1", reset="v = 0", name="Late")


def switches(network: Network) -> list[object]:
    plan = skip_resting(plan_before(network, "skip_resting"))
    plan.verify()
    return [dict(layer.constants)["kSkipsResting"] for layer in layers(plan)]


@pytest.mark.parametrize(
    ("neuron", "expected"),
    [(HIDDEN["IaF"], [0, 1, 1, 0]), (LATE, [0, 0, 0, 0])],
    ids=["IaF", "a neuron that knows the time"],
)
def test_convolutions_look(neuron: Neuron, expected: list[int]) -> None:
    network = chain(
        (8, 8, 1),
        (convolution(3, 1, 8), "spikes"),
        (convolution(3, 8, 8), "spikes"),
        (dense(512, 3), "spikes"),
        neuron=neuron,
    )
    assert switches(network) == expected


def test_pooling_runs_along() -> None:
    network = chain(
        (8, 8, 1),
        (convolution(3, 1, 8), "spikes"),
        (pooling(2, 2), "mask"),
        (dense(128, 3), "spikes"),
    )
    assert switches(network) == [0, 1, 0]
