"""Which populations and projections preset `rate` makes of a Graph."""

import numpy as np
import pytest

from annconv.conversion.presets import convert_graph
from annconv.ir.activations import Bias, Function, Relu, Softmax
from annconv.ir.joins import Add, Multiply
from annconv.ir.operators import (
    Convolution,
    Dense,
    Increase,
    MaxPool,
    Pad,
    Reshape,
    Scale,
    Upsample,
)
from annconv.ir.signals import signals_of
from annconv.options import RateOptions
from annconv.reference.graph import run_graph
from annconv.reference.network import run_network

POOL = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
APART = ((1, 1), (1, 1))
NONE = ((0, 0), (0, 0))


def convolution(kernel, padding=APART):
    return Convolution(kernel, (1, 1), padding, (1, 1))


def converted(model, steps=16, **options):
    rng = np.random.default_rng(1)
    samples = rng.uniform(0, 1, (20, *model.nodes[0].shape))
    return convert_graph(model, RateOptions(calibration=samples, steps=steps, **options)), samples


def check_outputs(model, network, samples):
    """After many steps they are those of the model."""
    expected = run_graph(model, samples)[model.outputs[0]]
    received = run_network(network, samples, steps=1024).outputs
    np.testing.assert_allclose(received, expected, atol=4e-3 * np.abs(expected).max())


def small_cnn(graph, weights, *behind):
    return graph(
        (6, 6, 1),
        ("conv", "Conv2D", convolution(weights(3, 3, 1, 4))),
        ("conv", "Conv2D", Bias(weights(4))),
        ("conv", "Conv2D", Relu()),
        ("pool", "MaxPooling2D", POOL),
        *behind,
        ("flat", "Flatten", Reshape((36,))),
        ("dense", "Dense", Dense(weights(36, 3))),
        ("dense", "Dense", Bias(weights(3))),
        ("dense", "Dense", Softmax()),
    )


def test_populations_are_called_as_the_layers(graph, weights):
    network, _ = converted(small_cnn(graph, weights))
    assert [(entry.name, entry.role) for entry in network.populations] == [
        ("input", "input"), ("conv", "hidden"), ("dense", "output"),
    ]  # fmt: skip
    assert {entry.delay for entry in network.projections} == {0}
    assert network.steps == 16
    assert network.options["preset"] == "rate"


def test_what_pooling_hands_on_are_spikes(graph, weights):
    network, _ = converted(small_cnn(graph, weights))
    behind = network.projections[1]
    assert [type(operator) for operator in behind.operators[:2]] == [MaxPool, Increase]
    assert behind.transmits == "n"
    assert signals_of(network)[behind.name][2].kind == "signed"


def test_pooling_with_several_readers_runs_once(graph, weights):
    model = graph(
        (4, 4, 2),
        ("relu", "ReLU", Relu()),
        ("pool", "MaxPooling2D", POOL),
        ("conv", "Conv2D", convolution(weights(1, 1, 2, 2), NONE)),
        ("again", "ReLU", Relu()),
        ("add", "Add", Add(), ("pool", "again")),
        ("flat", "Flatten", Reshape((8,))),
    )
    network, samples = converted(model, thresholds="maximum")
    pooling = [
        entry.name
        for entry in network.projections
        if any(isinstance(operator, MaxPool) for operator in entry.operators)
    ]
    assert pooling == ["relu to pool/pooled"]
    check_outputs(model, network, samples)


def test_scaled_counts_are_not_pooled(graph):
    model = graph(
        (4, 4, 2),
        ("relu", "ReLU", Relu()),
        ("scale", "Rescaling", Scale(np.array([-1.0, 0.5]))),
        ("pool", "MaxPooling2D", POOL),
        ("flat", "Flatten", Reshape((8,))),
    )
    network, samples = converted(model, thresholds="maximum")
    check_outputs(model, network, samples)


def test_the_maximum_of_linear_values_is_that_of_their_sums(graph, weights):
    model = graph(
        (4, 4, 1),
        ("conv", "Conv2D", convolution(weights(3, 3, 1, 2))),
        ("conv", "Conv2D", Bias(np.array([0.25, -3.0]))),
        ("pool", "MaxPooling2D", POOL),
        ("flat", "Flatten", Reshape((8,))),
    )
    network, samples = converted(model)
    assert [entry.neuron.name for entry in network.populations if entry.neuron] == [
        "Constant", "Accumulator", "Reader",
    ]  # fmt: skip
    expected = run_graph(model, samples)["flat"]
    received = run_network(network, samples, steps=3).outputs
    np.testing.assert_allclose(received, expected, rtol=1e-12)


def test_constants_reach_readers_through_junctions_and_borders(graph, weights):
    model = graph(
        (3, 3, 2),
        ("bias", "Rescaling", Bias(np.array([1.0, -2.0]))),
        ("pad", "ZeroPadding2D", Pad(((1, 0), (0, 1)))),
        ("conv", "Conv2D", convolution(weights(2, 2, 2, 3), NONE), ("pad",)),
        ("more", "Conv2D", convolution(weights(2, 2, 2, 3), NONE), ("pad",)),
        ("more", "Conv2D", Bias(weights(3))),
        ("product", "Multiply", Multiply(), ("conv", "more/bias")),
        ("flat", "Flatten", Reshape((27,))),
    )
    network, samples = converted(model, thresholds="maximum")
    expected = run_graph(model, samples)["flat"]
    received = run_network(network, samples, steps=2048).outputs
    np.testing.assert_allclose(received, expected, atol=2e-3 * np.abs(expected).max())


def test_every_kind_of_output(graph, weights):
    first = (
        ("first", "Dense", Dense(weights(3, 5))),
        ("first", "Dense", Relu()),
        ("last", "Dense", Dense(weights(5, 4))),
    )
    for last in (None, Relu(maximum=0.5), Function("tanh"), Function("gelu"), Softmax()):
        model = graph((3,), *first, *([("act", "Activation", last)] if last else []))
        network, samples = converted(model, thresholds="maximum")
        expected = run_graph(model, samples)[model.outputs[0]]
        received = run_network(network, samples, steps=1024).outputs
        np.testing.assert_allclose(received, expected, atol=5e-3, err_msg=str(last))


def test_an_output_of_several_axes_is_flat(graph, weights):
    model = graph(
        (3, 3, 1),
        ("conv", "Conv2D", convolution(weights(3, 3, 1, 2))),
        ("relu", "ReLU", Relu()),
        ("up", "UpSampling2D", Upsample((2, 1))),
    )
    network, samples = converted(model, thresholds="maximum")
    assert network.output.geometry == (6, 3, 2)
    expected = run_graph(model, samples)["up"].reshape(len(samples), -1)
    received = run_network(network, samples, steps=512).outputs
    np.testing.assert_allclose(received, expected, atol=4e-3 * expected.max())


def test_an_output_that_others_read_has_a_population_of_its_own(graph, weights):
    model = graph(
        (3,),
        ("first", "Dense", Dense(weights(3, 5))),
        ("act", "ReLU", Relu()),
        ("last", "Dense", Dense(weights(5, 4))),
    )
    shared = type(model)(model.name, model.nodes, ("act",), model.layers)
    network, _ = converted(shared, thresholds="maximum")
    assert network.output.name == "act"  # nobody reads `last`, so nothing reads `act` twice
    both = graph(
        (3,),
        ("act", "ReLU", Relu()),
        ("twice", "Add", Add(), ("act", "act")),
        ("end", "Dense", Dense(weights(3, 3)), ("act",)),
    )
    kept = type(both)(both.name, both.nodes, ("twice",), both.layers)
    assert converted(kept)[0].output.name == "twice"


@pytest.mark.parametrize(
    "layer",
    [
        Relu(maximum=0.0),
        Relu(maximum=0.5),
        Relu(maximum=0.5, slope=0.5),
        Relu(maximum=0.5, threshold=0.25),
    ],
    ids=str,
)
def test_bounds_cut_nothing_but_what_they_say(graph, weights, layer):
    model = graph(
        (3,),
        ("first", "Dense", Dense(weights(3, 5))),
        ("act", "ReLU", layer),
        ("last", "Dense", Dense(weights(5, 4))),
    )
    network, samples = converted(model, thresholds="maximum")
    check_outputs(model, network, samples)


def test_layers_may_be_called_as_projections_are_numbered(graph, weights):
    model = graph(
        (4,),
        ("p #2", "Dense", Dense(weights(4, 4))),
        ("p #2", "Dense", Relu()),
        ("q", "Dense", Dense(weights(4, 4)), ("p #2/relu",)),
        ("r", "Dense", Dense(weights(4, 4)), ("p #2/relu",)),
        ("product #2", "Multiply", Multiply(), ("q", "r")),
    )
    network, _ = converted(model)
    names = [entry.name for entry in network.projections]
    assert len(set(names)) == len(names) == 4
