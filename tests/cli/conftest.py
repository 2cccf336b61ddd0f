"""Files that the command line reads: samples with labels, and a network whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from annconv.cli import main
from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.neuron import Neuron
from annconv.readouts.table import READOUTS

SPIKES_AT_RATE = Neuron(
    name="Ramp",
    parameters="rates = 0.0",
    equations="v = v + rates : init = 0.0",
    spike="v >= 1.0",
    reset="v = v - 1.0",
)
RELAY = Neuron(name="Relay", equations="v = g_exc", spike="v > 0.5")


@pytest.fixture(scope="session")
def network() -> Network:
    """Three inputs that spike as often as their values are large, each relayed to its class."""
    return Network(
        name="relay",
        populations=(
            Population("in", (3,), SPIKES_AT_RATE, role="input"),
            Population("out", (3,), RELAY, role="output"),
        ),
        projections=(Projection("p", "in", "out", (Dense(np.eye(3, dtype=np.float32)),)),),
        readout=READOUTS["spike_count"],
        steps=20,
        dt=0.5,
    )


@pytest.fixture
def saved(network, tmp_path) -> Path:
    """That network in a file."""
    path = tmp_path / "relay.snn"
    network.save(path)
    return path


@pytest.fixture
def samples(tmp_path) -> Path:
    """Four samples whose largest value is that of class 2, 0, 1 and 1."""
    path = tmp_path / "samples.npy"
    np.save(path, np.array([[0.1, 0.2, 0.6], [0.9, 0, 0.1], [0, 0.5, 0.1], [0.2, 0.7, 0.3]]))
    return path


@pytest.fixture
def annconv(capsys):
    """Runs the command line; gives back exit status, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main([str(entry) for entry in arguments])
        return status, *capsys.readouterr()

    return run
