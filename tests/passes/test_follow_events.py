"""Which convolutions work on events."""

from __future__ import annotations

import numpy as np

from annconv.ir.network import Network
from annconv.ir.operators import Convolution
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.passes.follow_events import follow_events
from annconv.plan.kernels import OperatorKernel
from annconv.plan.planner import make_plan
from annconv.readouts import READOUTS


def functions(transmits: str, filters: int) -> list[str]:
    kernel = Convolution(np.ones((3, 3, 1, filters)), (1, 1), ((0, 0), (0, 0)), (1, 1))
    network = Network(
        "n",
        (
            Population("in", (4, 4, 1), ENCODINGS["IB"], {}, "input"),
            Population("out", (2, 2, filters), HIDDEN["IaF"], {}, "output"),
        ),
        (Projection("a", "in", "out", (kernel,), transmits),),
        READOUTS["spike_count"],
    )
    plan = follow_events(make_plan(network, "single"))
    return [entry.function for entry in plan.kernels if isinstance(entry, OperatorKernel)]


def test_a_convolution_of_spikes_follows_events() -> None:
    assert functions("spikes", 8) == ["convolve_events"]


def test_few_filters_add_to_memory() -> None:
    assert functions("spikes", 1) == ["convolve_spikes"]


def test_a_convolution_of_another_variable_stays() -> None:
    assert functions("mask", 8) == ["convolve"]
