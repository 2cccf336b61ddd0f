"""IB over 1,200 steps: with ANNarchy's order and fused operations the bits are the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, OUTPUTS
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.readouts import READOUTS
from annconv.reference.simulation import Simulation
from annconv.runtime.compiled import compile_network

pytestmark = pytest.mark.golden


@pytest.fixture
def recorded(golden_folder: Path) -> dict[str, np.ndarray]:
    with np.load(golden_folder / "ib_long_runs.npz") as values:
        return dict(values)


def network(neuron: Neuron, inputs: int) -> Network:
    """Nothing but input neurons that anybody listens to."""
    return Network(
        name="long",
        populations=(
            Population("image", (inputs,), neuron, role="input"),
            Population("out", (1,), OUTPUTS["IaF"], role="output"),
        ),
        projections=(Projection("dense_proj_1", "image", "out", (Dense(np.ones((inputs, 1))),)),),
        readout=READOUTS["spike_count"],
        input_scale=1.0,
    )


def trains(name: str, recorded: dict[str, np.ndarray]) -> list[list[int]]:
    """Step and rank of all spikes in the oracle, whose potentials are compared on the way."""
    rates, steps = recorded["rates"], recorded["steps"].tolist()
    simulation = Simulation(
        network(ENCODINGS[name], len(rates)), rates[None], seed=0, samples=np.zeros(1, np.int64)
    )
    state = simulation.states["image"]
    found, equal = [], []
    for step in range(steps[-1] + 1):
        simulation.advance()
        found += [[step, rank] for rank in np.flatnonzero(state.spikes[0]).tolist()]
        if step in steps:
            row = steps.index(step)
            equal += [(state.full(key)[0] == recorded[key][row]).all() for key in ("v", "u")]
    assert all(equal) == (name == "IB-fused")
    return found


def test_the_oracle_computes_the_bits_of_the_reference(recorded):
    expected = recorded["spikes"].tolist()
    assert len(expected) > 2000
    assert trains("IB-fused", recorded) == expected
    plain = trains("IB", recorded)
    pairs = enumerate(zip(plain, expected, strict=False))
    first = next(place for place, (ours, theirs) in pairs if ours != theirs)
    assert 400 < expected[first][0] < 1200  # as documented


@pytest.mark.compiles
def test_compiled_neurons_spike_as_the_reference(recorded):
    rates = recorded["rates"]
    options = CompileOptions(precision="double", threads=1)
    compiled = compile_network(network(ENCODINGS["IB-fused"], len(rates)), options)
    result = compiled.run(rates[None], steps=int(recorded["steps"][-1]) + 1, record=("image",))
    np.testing.assert_array_equal(result.spikes["image"][0], recorded["spikes"])
