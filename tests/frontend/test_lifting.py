"""Layers applied to every step of time: held to Keras' own output."""

import numpy as np
import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.lifting import lifted
from annconv.frontend.reading import read_model
from annconv.ir.activations import PRelu, Softmax
from annconv.ir.graph import Graph, Input, Node, result_shape
from annconv.ir.joins import Concatenate
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution
from annconv.ir.operators import (
    Convolution,
    Dense,
    Increase,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
)
from annconv.ir.origin import Origin
from annconv.reference.graph import run_graph

ORIGIN = (Origin("layer", 0, "Layer"),)
PAIRS = ((1, 0), (0, 2))


def drawn(*shape):
    return np.random.default_rng(len(shape)).normal(size=shape)


LAYERS = [
    ((4, 5, 2), Convolution(drawn(3, 2, 1, 4), (2, 1), PAIRS, (1, 1), 2)),
    ((4, 5, 2), Convolution(drawn(2, 2, 2, 3), (1, 1), PAIRS, (2, 1))),
    ((4, 5, 2), TransposedConvolution(drawn(3, 2, 3, 2), (2, 1), (1, 2), (1, 0), (8, 6))),
    ((4,), Dense(drawn(4, 3))),
    ((4, 5, 2), MaxPool((3, 2), (1, 2), PAIRS)),
    ((4, 5, 2), MeanPool((3, 2), (1, 2), PAIRS)),
    ((4, 6), Reshape((3, 8))),
    ((4, 5, 2), Permute((2, 0, 1))),
    ((4, 5, 2), Pad(PAIRS)),
    ((4, 5, 2), Crop(PAIRS)),
    ((4, 5, 2), Upsample((2, 3))),
    ((4, 5, 2), Resample((drawn(4, 3), drawn(5, 7)))),
    ((4, 5, 2), AdaptiveMaxPool((3, 2))),
    ((4, 5, 2), PRelu(drawn(1, 5, 2))),
    ((4, 5, 2), Softmax((-3, -1))),
    ((4, 2), Scale(drawn(2))),
    ((4, 2), Slice(1, 5)),
    ((4, 5, 2), Concatenate(-2)),
]


@pytest.mark.parametrize("steps", [(3,), (2, 3)])
@pytest.mark.parametrize(
    ("shape", "layer"), LAYERS, ids=[type(layer).__name__ for _, layer in LAYERS]
)
def test_lifted_layers_compute_the_same_at_every_step(shape, layer, steps):
    def run(layer, samples):
        shape = samples.shape[1:]
        reads = ("in", "in") if isinstance(layer, Concatenate) else ("in",)
        result = result_shape(layer, [shape] * len(reads))
        nodes = (
            Node("in", Input(), (), shape, ORIGIN), Node("out", layer, reads, result, ORIGIN),
        )  # fmt: skip
        graph = Graph("m", nodes, ("out",), ORIGIN)
        graph.verify()
        return run_graph(graph, samples)["out"]

    samples = np.random.default_rng(0).normal(size=(2, *steps, *shape))
    whole = run(lifted(layer, steps), samples)
    apart = run(layer, samples.reshape(-1, *shape))
    np.testing.assert_allclose(whole, apart.reshape(2, *steps, *apart.shape[1:]), atol=1e-12)


def test_what_knows_of_time_is_not_lifted():
    assert lifted(Increase(), (3,)) is None


@pytest.fixture
def layers(keras, number_type):
    """Keras' layers in double precision."""
    number_type("float64")
    return keras.layers


pytestmark = pytest.mark.keras


def test_a_chain_of_wrapped_layers(keras, layers, all_outputs_equal_keras):
    each = layers.TimeDistributed
    model = keras.Sequential(
        [
            keras.Input((3, 8, 7, 2), name="in"),
            each(
                layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="c"),
                name="td",
            ),
            each(layers.MaxPooling2D(2, padding="same", name="p"), name="pool"),
            each(layers.Dropout(0.5)),
            each(layers.Flatten(name="f"), name="flat"),
            each(layers.Dense(3, name="d"), name="dense"),
            each(layers.Softmax(name="s"), name="soft"),
        ]
    )
    graph = all_outputs_equal_keras(model)
    assert [node.name for node in graph.nodes if "bias" not in node.name] == [
        "in", "td/c", "td/c/relu", "pool/p", "flat/f",
        "dense/d", "soft/s",
    ]  # fmt: skip
    assert graph["flat/f"].origin == (Origin("flat/f", 4, "Flatten"),)


def test_wrappers_in_wrappers_and_models_in_wrappers(keras, layers, all_outputs_equal_keras):
    entry, side = keras.Input((4, 6, 2)), keras.Input((3, 4, 6, 2), name="x")
    branch = layers.Conv1D(2, 3, padding="same", name="c")
    joined = layers.Add(name="add")([layers.TimeDistributed(branch, name="each")(entry), entry])
    inner = keras.Model(entry, joined, name="inner")
    model = keras.Model(side, layers.TimeDistributed(inner, name="td")(side))
    graph = all_outputs_equal_keras(model)
    assert [node.name for node in graph.nodes] == [
        "x", "td/inner/each/c", "td/inner/each/c/bias", "td/inner/add",
    ]  # fmt: skip
    assert graph["td/inner/each/c"].layer.kernel.shape == (1, 1, 3, 2, 2)


def test_what_is_refused_in_a_wrapper(keras, layers):
    x = keras.Input((3, 4, 2), name="x")
    half = layers.TimeDistributed(layers.Dense(2, dtype="float32"), dtype="float16", name="half")
    y = half(layers.TimeDistributed(layers.LSTM(2, name="l", return_sequences=True), name="td")(x))
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(keras.Model(x, y))
    first, second = caught.value.problems
    assert (first.index, first.layer, first.type) == (1, "td/l", "LSTM")
    assert str(second).startswith("layer 2   'half'  TimeDistributed: it hands on other numbers")


def test_joins_of_different_ranks_are_refused(keras, layers):
    entry = keras.Input((3, 4))
    inner = keras.Model(
        entry, layers.Add(name="add")([layers.Flatten()(layers.MaxPooling1D(3)(entry)), entry])
    )
    x = keras.Input((2, 3, 4))
    with pytest.raises(UnsupportedModelError, match="'add' is not applied step by step"):
        read_model(keras.Model(x, layers.TimeDistributed(inner)(x)))
