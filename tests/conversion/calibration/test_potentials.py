"""Potential correction: mean errors are gone after the steps that it is made for."""

import numpy as np

from annconv.conversion.presets import convert_graph
from annconv.ir.activations import Relu
from annconv.ir.operators import Convolution, Reshape
from annconv.options import RateOptions
from annconv.reference.graph import run_graph
from annconv.reference.network import run_network

STEPS = 6


def model(graph, weights):
    def layer(name, kernel):
        convolution = Convolution(kernel, (1, 1), ((1, 1), (1, 1)), (1, 1))
        return (name, "Conv2D", convolution), (name, "Conv2D", Relu())

    return graph(
        (6, 6, 1), *layer("a", weights(3, 3, 1, 5)), *layer("b", 0.4 * weights(3, 3, 5, 5)),
        *layer("c", 0.4 * weights(3, 3, 5, 5)), ("flat", "Flatten", Reshape((180,))),
    )  # fmt: skip


def mean_errors(given, samples, corrected):
    options = RateOptions(
        calibration=samples, steps=STEPS, thresholds="maximum", potential_correction=corrected
    )
    network = convert_graph(given, options)
    expected = run_graph(given, samples)
    found = {}
    run = run_network(network, samples, steps=STEPS, record=["a", "b", "c"])
    for name in ("a", "b", "c"):
        population = network[name]
        values = np.zeros((len(samples), population.size))
        for row, train in zip(values, run.spikes[name], strict=True):
            np.add.at(row, train[:, 1], train[:, 2])
        values = values.reshape(-1, 5) * population.parameters["theta"] / STEPS
        means = expected[f"{name}/relu"].reshape(-1, 5).mean(axis=0)
        found[name] = np.abs(values.mean(axis=0) - means).max() / means.max()
    return found


def test_mean_errors_vanish_layer_by_layer(graph, weights):
    samples = np.random.default_rng(4).uniform(0, 1, (60, 6, 6, 1))
    given = model(graph, weights)
    before, after = (mean_errors(given, samples, corrected) for corrected in (False, True))
    assert max(after.values()) < 0.02
    assert max(before.values()) > 3 * max(after.values())
