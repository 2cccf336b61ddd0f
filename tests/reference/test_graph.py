"""The Graph oracle against Keras on random models, and against sums done by hand."""

from __future__ import annotations

import importlib
import os

import numpy as np
import pytest

from annconv.errors import InputError
from annconv.frontend.reading import read_model
from annconv.ir.activations import Bias, Relu, Softmax
from annconv.ir.graph import Graph, Input, Node
from annconv.ir.joins import Add, Concatenate
from annconv.ir.origin import Origin
from annconv.reference.graph import run_graph

ORIGIN = (Origin("layer", 0, "Layer"),)


def two_branches() -> Graph:
    nodes = (
        Node("in", Input(), (), (2,), ORIGIN),
        Node("bias", Bias(np.array([1.0, -1.0])), ("in",), (2,), ORIGIN),
        Node("relu", Relu(maximum=2.0, slope=0.5), ("bias",), (2,), ORIGIN),
        Node("sum", Add(), ("in", "relu", "in"), (2,), ORIGIN),
        Node("both", Concatenate(), ("sum", "in"), (4,), ORIGIN),
        Node("soft", Softmax(), ("both",), (4,), ORIGIN),
    )
    return Graph("m", nodes, ("soft",), ORIGIN)


def test_every_node_by_hand():
    values = run_graph(two_branches(), [[4, 1], [0, -3]])
    assert values["bias"].tolist() == [[5, 0], [1, -4]]
    assert values["relu"].tolist() == [[2, 0], [1, -2]]
    assert values["sum"].tolist() == [[10, 2], [1, -8]]
    assert values["both"].tolist() == [[10, 2, 4, 1], [1, -8, 0, -3]]
    powers = np.exp(values["both"])
    np.testing.assert_allclose(values["soft"], powers / powers.sum(axis=1, keepdims=True))
    assert all(value.dtype == np.float64 for value in values.values())


def test_softmax_of_large_values_does_not_overflow():
    nodes = (two_branches()["in"], Node("soft", Softmax(), ("in",), (2,), ORIGIN))
    values = run_graph(Graph("m", nodes, ("soft",), ORIGIN), [[1e4, -1e4]])
    assert values["soft"].tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize("samples", [[1.0, 2.0], [[1.0, 2.0, 3.0]], 3.0])
def test_samples_of_another_shape(samples):
    with pytest.raises(InputError) as caught:
        run_graph(two_branches(), samples)
    assert str(caught.value) == (
        f"samples for input 'in': expected an array of shape (N, 2), received {np.shape(samples)}."
    )


def random_model(keras, seed):
    """A small model, Sequential or functional with a branch, everything in it drawn from a seed."""
    generator = np.random.default_rng(seed)
    layers = keras.layers

    def pick(*choices):
        return choices[generator.integers(len(choices))]

    def window():
        size = int(generator.integers(1, 5))
        return size, int(generator.integers(1, 4)), pick("same", "valid")

    def convolution():
        size, stride, padding = window()
        dilation = int(generator.integers(1, 3)) if stride == 1 else 1
        return layers.Conv2D(
            2 * int(generator.integers(1, 4)), (size, pick(1, 2, 3)), strides=stride,
            padding="same" if size * dilation > 4 else padding, dilation_rate=dilation,
            groups=pick(1, 2), activation=pick("relu", "linear", "relu6", "leaky_relu"),
            use_bias=bool(generator.integers(2)),
        )  # fmt: skip

    def pooling():
        size, stride, padding = window()
        kind = pick(layers.MaxPooling2D, layers.AveragePooling2D)
        return kind(size, strides=stride, padding="same" if size > 2 else padding)

    shape = (int(generator.integers(6, 11)), int(generator.integers(6, 11)), 2)
    stack = [convolution(), pick(layers.Dropout(0.5), layers.ReLU(max_value=1.5)), pooling()]
    stack += [pick(layers.Dense(4, activation="relu"), layers.LeakyReLU(0.1))]
    head = [layers.Flatten(), layers.Dense(6, "relu"), layers.Dense(3, pick("softmax", None))]
    if seed % 2:
        return keras.Sequential([keras.Input(shape), *stack, *head])
    inputs = x = keras.Input(shape)
    for layer in stack:
        x = layer(x)
    merge = pick(layers.Add(), layers.Concatenate())
    x = merge([x, layers.Conv2D(x.shape[-1], 1, activation="relu")(x)])
    for layer in head:
        x = layer(x)
    return keras.Model(inputs, x)


@pytest.mark.keras
@pytest.mark.parametrize("seed", range(30))
def test_random_models_equal_keras(seed):
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keras = importlib.import_module("keras")
    model = random_model(keras, seed)
    generator = np.random.default_rng(1000 + seed)
    for layer in model.layers:
        if layer.weights and layer.trainable_weights:
            layer.set_weights([generator.normal(0, 0.5, w.shape) for w in layer.get_weights()])
    samples = generator.normal(0, 1, (3, *model.input_shape[1:])).astype(np.float32)
    graph = read_model(model).graph
    received = run_graph(graph, samples)[graph.outputs[0]]
    expected = np.asarray(model(samples, training=False))
    scale = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(received, expected, rtol=0, atol=2e-5 * scale)
