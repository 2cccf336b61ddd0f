"""A small network and a run of one sample, made by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annconv.ir.network import Network
from annconv.ir.operators import Dense, Reshape
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.neuron import Neuron
from annconv.readouts.table import READOUTS
from annconv.runtime.result import RunResult

INPUT = Neuron(name="In", parameters="rates = 0.0", equations="v = rates", spike="v > 0.5")
RELAY = Neuron(name="Relay", equations="v = g_exc", spike="v > 0.5")
SILENT = Neuron(name="Silent", equations="v = g_exc")
STEPS = 30


def _network(geometry=(4, 5, 1), classes=3, output=RELAY, names=()) -> Network:
    size = int(np.prod(geometry))
    return Network(
        name="small",
        populations=(
            Population("pixels", geometry, INPUT, role="input"),
            Population("classes", (classes,), output, role="output"),
        ),
        projections=(
            Projection(
                "p", "pixels", "classes", (Reshape((size,)), Dense(np.ones((size, classes))))
            ),
        ),
        readout=READOUTS["spike_count"],
        class_names=names,
    )


@pytest.fixture
def make_network():
    """Makes networks of two populations."""
    return _network


@pytest.fixture
def silent() -> Neuron:
    """A neuron that never spikes."""
    return SILENT


@pytest.fixture
def network() -> Network:
    """20 inputs and 3 classes."""
    return _network()


@pytest.fixture
def activity() -> RunResult:
    """Input spikes at random; class 2 spikes in every third step, class 0 once."""
    random = np.random.default_rng(0)
    pixels = np.argwhere(random.random((STEPS, 20)) < 0.2).astype(np.int32)
    classes = np.array([(0, 0), *((step, 2) for step in range(0, STEPS, 3))], dtype=np.int32)
    counts = np.array([[1, 0, 10]])
    return RunResult(
        labels=np.array([2]),
        counts=counts,
        outputs=counts.astype(np.float64),
        stopped_at=np.array([STEPS]),
        spikes={"pixels": [pixels], "classes": [classes]},
    )


@pytest.fixture
def sample() -> np.ndarray:
    """Values of one sample."""
    return np.linspace(0, 1, 20).reshape(4, 5)


@pytest.fixture
def changed(activity):
    """That run with other fields."""
    return lambda **fields: replace(activity, **fields)
