"""What a network of preset `rate` computes becomes what the model computes."""

import numpy as np
import pytest
from random_rate import random_rate

from annconv.conversion.presets import convert_graph, preset_named
from annconv.errors import InputError, OptionError
from annconv.ir.activations import Bias, Function, Relu
from annconv.ir.operators import Dense
from annconv.options import RateOptions
from annconv.reference.graph import run_graph
from annconv.reference.network import run_network


def errors(seed, steps):
    """Largest errors over steps, as parts of the largest output; None for a refused Graph."""
    drawn = random_rate(seed)
    if drawn is None:
        return None
    largest = np.abs(drawn.expected).max() or 1.0
    runs = (run_network(drawn.network, drawn.samples, steps=count).outputs for count in steps)
    return [float(np.abs(outputs - drawn.expected).max() / largest) for outputs in runs]


QUICK = range(24)
SLOW = range(60, 1500)


def check_convergence(seeds):
    taken = 0
    for seed in seeds:
        found = errors(seed, (128, 512))
        if found is not None:
            taken += 1
            early, late = found
            assert late < 0.02, seed
            assert late < max(early / 2, 1e-3), seed
    assert taken > len(seeds) / 3


def test_random_graphs_converge():
    check_convergence(QUICK)


@pytest.mark.slow
def test_many_random_graphs_converge():
    check_convergence(SLOW)


def chain(graph, weights, scales=(1.0, 1.0, 1.0)):
    """Three layers whose weights are scaled, biases with the values that they are added to."""
    first, second, third = scales
    return graph(
        (6,),
        ("a", "Dense", Dense(first * weights(6, 9).astype(float))),
        ("a", "Dense", Bias(first * weights(9).astype(float))),
        ("a", "Dense", Relu()),
        ("b", "Dense", Dense(second * weights(9, 8).astype(float))),
        ("b", "Dense", Bias(first * second * weights(8).astype(float))),
        ("b", "Dense", Relu()),
        ("c", "Dense", Dense(third * weights(8, 4).astype(float))),
    )


def samples_of(count=40):
    return np.random.default_rng(0).uniform(0, 1, (count, 6))


@pytest.mark.parametrize("thresholds", ["least_squares", "maximum", "percentile"])
def test_no_size_is_absolute(graph, thresholds):
    def weights(seed):
        rng = np.random.default_rng(seed)
        return lambda *shape: rng.normal(size=shape)

    options = RateOptions(calibration=samples_of(), steps=16, thresholds=thresholds)
    plain = convert_graph(chain(graph, weights(1)), options)
    scaled = convert_graph(chain(graph, weights(1), (2.0**-20, 2.0**-20, 2.0**33)), options)
    expected = run_network(plain, samples_of(), steps=16, record=["a", "b"])
    received = run_network(scaled, samples_of(), steps=16, record=["a", "b"])
    for name in ("a", "b"):
        for first, second in zip(expected.spikes[name], received.spikes[name], strict=True):
            np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(received.outputs * 2.0**7, expected.outputs, rtol=1e-9)


def test_the_same_samples_give_the_same_network(graph, weights):
    model = chain(graph, weights)
    options = RateOptions(calibration=samples_of(), steps=8)
    assert convert_graph(model, options) == convert_graph(model, options)
    network = convert_graph(model, options)
    assert network.options["calibration"].startswith("40 samples, SHA-256 ")
    assert "progress" not in network.options


def test_calibration_is_asked_for():
    with pytest.raises(OptionError) as caught:
        preset_named("rate").check(RateOptions())
    assert str(caught.value).startswith("calibration: expected samples as the model takes them")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (np.zeros((0, 6)), "calibration: expected at least one sample"),
        (np.zeros((5, 7)), r"calibration: expected an array \(N, 6\)"),
        (np.zeros(6), "calibration"),
        (np.full((2, 6), np.nan), "calibration: expected finite numbers"),
        ([["a"] * 6], "calibration: expected"),
    ],
)
def test_calibration_that_does_not_fit_is_refused(graph, weights, given, told):
    with pytest.raises(InputError, match=told):
        convert_graph(chain(graph, weights), RateOptions(calibration=given))


def test_a_silent_model_stays_silent(graph):
    zeros = Dense(np.zeros((6, 3)))
    model = graph(
        (6,), ("a", "Dense", zeros), ("b", "ReLU", Relu()), ("c", "Dense", Dense(np.ones((3, 2))))
    )
    network = convert_graph(model, RateOptions(calibration=samples_of()))
    np.testing.assert_array_equal(run_network(network, samples_of(3), steps=5).outputs, 0.0)


def test_what_calibration_never_drove_keeps_its_bound(graph):
    model = graph(
        (6,),
        ("a", "Dense", Dense(np.ones((6, 2)))),
        ("a", "ReLU", Relu(maximum=0.25)),
        ("b", "Dense", Dense(np.array([[1.0, 0.5], [0.0, 1.0]]))),
    )
    network = convert_graph(model, RateOptions(calibration=np.zeros((3, 6))))
    outputs = run_network(network, samples_of(3), steps=16).outputs
    np.testing.assert_array_equal(outputs, [[0.25, 0.375]] * 3)


@pytest.mark.parametrize("samples", [np.ones((3, 6)), np.eye(6)])
def test_values_that_overflow_are_told_with_their_layer(graph, samples):
    model = graph(
        (6,),
        ("a", "Dense", Dense(np.full((6, 2), 1e3))),
        ("a", "Dense", Function("exponential")),
        ("b", "Dense", Dense(np.ones((2, 3)))),
    )
    told = r"calibration: expected samples for which .* finite numbers, received .* layer 'a'"
    with pytest.raises(InputError, match=told):
        convert_graph(model, RateOptions(calibration=samples))


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_samples_of_any_size(graph, weights, size):
    model = graph(
        (6,),
        ("a", "Dense", Dense(weights(6, 5))),
        ("a", "Dense", Relu()),
        ("b", "Dense", Dense(weights(5, 3))),
    )
    samples = size * samples_of()
    network = convert_graph(model, RateOptions(calibration=samples))
    expected = run_graph(model, samples)["b"] / size
    received = run_network(network, samples, steps=1024).outputs / size
    np.testing.assert_allclose(received, expected, atol=0.3)
