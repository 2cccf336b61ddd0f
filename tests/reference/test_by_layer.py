"""Population after population gives what step after step gives."""

import numpy as np
import pytest
from zoo import COUNTING, numbers

from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Increase, MaxPool, Reshape
from annconv.ir.population import Population
from annconv.ir.projection import SPIKES, Projection
from annconv.neurons.neuron import Neuron
from annconv.readouts import READOUTS
from annconv.reference.by_layer import LayerByLayer
from annconv.reference.network import run_network

STEPS = 20
CURRENT = Neuron(parameters="rates = 0.0", equations="v = rates", emit="v")
POTENTIAL = Neuron(equations="v += g_exc + g_inh")


@pytest.fixture
def network():
    """A constant input, a counting population pooled with `Increase`, a junction, two targets."""
    kernel = Convolution(np.abs(numbers(3, 3, 1, 4, step=1 / 16)), (1, 1), ((1, 1), (1, 1)), (1, 1))
    pooled = (MaxPool((2, 2), (2, 2), ((0, 0), (0, 0))), Increase())

    def link(name, pre, post, operators, transmits=SPIKES, target="exc"):
        return Projection(name, pre, post, operators, transmits, target, delay=0)

    return Network(
        "by layer",
        (
            Population("image", (4, 4, 1), CURRENT, role="input"),
            Population("hidden", (4, 4, 4), COUNTING, {"vt": np.array([0.5, 1.0, 0.25, 2.0])}),
            Population("sum", (16,), None, role="linear"),
            Population("classes", (3,), POTENTIAL, role="output"),
        ),
        (
            link("a", "image", "hidden", (kernel,)),
            link("b", "hidden", "sum", (*pooled, Reshape((16,))), "n"),
            link("c", "sum", "classes", (Dense(numbers(16, 3)),)),
            link("d", "hidden", "classes", (Reshape((64,)), Dense(numbers(64, 3))), target="inh"),
        ),
        READOUTS["membrane_potential"],
    )


def test_spikes_and_sums_are_those_of_the_simulation(network):
    samples = np.random.default_rng(5).uniform(0, 1, (3, 4, 4, 1))
    layers = LayerByLayer(network, samples, STEPS)
    series, arriving = {}, {}
    for population in network.populations:
        arriving = layers.arriving(population)
        series[population.name] = layers.run(population, arriving)
        layers.keep(population, series[population.name])
    expected = run_network(network, samples, steps=STEPS, record=["hidden"])
    assert min(map(len, expected.spikes["hidden"])) > 50
    spikes = np.array(series["hidden"][SPIKES]).reshape(STEPS, 3, -1)
    for sample, train in enumerate(expected.spikes["hidden"]):
        steps, ranks = np.nonzero(spikes[:, sample])
        rows = np.stack([steps, ranks, spikes[steps, sample, ranks]], axis=1)
        np.testing.assert_array_equal(rows, train)
    potential = sum(values for sums in arriving.values() for values in sums)
    np.testing.assert_allclose(potential, expected.variables["v"], rtol=1e-12, atol=1e-12)
