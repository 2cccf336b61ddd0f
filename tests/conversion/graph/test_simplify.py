"""All rewrites together, on random Graphs, random Keras models and a residual network by hand."""

from __future__ import annotations

import importlib
import os
import warnings
from dataclasses import replace

import numpy as np
import pytest
from random_graphs import random_graph
from random_models import random_model
from rewrite_checks import same_values, samples_of, simpler

from annconv.conversion.graph.operations import count_operations, effort
from annconv.conversion.graph.simplify import REWRITES, applied, simplify
from annconv.errors import VerifyError
from annconv.frontend.reading import read_model
from annconv.ir.activations import Bias, Relu, Softmax
from annconv.ir.joins import Add
from annconv.ir.operators import Convolution, Dense, MeanPool, Pad, Reshape, Scale

FEW_GRAPHS, MANY_GRAPHS = 150, 5000
FEW_MODELS, MANY_MODELS = 40, 500


@pytest.fixture(scope="module")
def double_keras():
    """Keras, in double precision."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    keras = importlib.import_module("keras")
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield keras
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def with_open_ends(graph):
    """The Graph of a random model without the last layers, which read all others.

    What nothing reads then are its outputs.
    """
    nodes = tuple(
        node for node in graph.nodes if not node.origin[-1].name.startswith(("flat_", "out"))
    )
    read = {name for node in nodes for name in node.inputs}
    ends = tuple(node.name for node in nodes if node.name not in read)
    opened = replace(graph, nodes=nodes, outputs=ends)
    opened.verify()
    return opened


def check(graph, samples):
    """Every rewrite alone and all together; the names of the rewrites that changed something."""
    used = {
        rewrite.__name__ for rewrite in REWRITES if simpler(rewrite, graph, samples) is not graph
    }
    after = simplify(graph)
    same_values(graph, after, samples)
    assert len(after.nodes) <= len(graph.nodes)
    assert count_operations(after) <= count_operations(graph)
    again = simplify(after)
    assert again is after
    assert again.digest() == after.digest()
    return used


def check_graphs(seeds):
    used = set()
    for seed in seeds:
        graph = random_graph(seed)
        used |= check(graph, samples_of(graph))
    assert used == {rewrite.__name__ for rewrite in REWRITES} - {
        "drop_unread"
    }  # all ends are outputs


def check_models(keras, seeds):
    used = set()
    for seed in seeds:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", ".*softmax over axis")
            drawn = random_model(keras, seed, double=True)
        whole = read_model(drawn.model).graph
        check(whole, drawn.samples)
        used |= check(with_open_ends(whole), drawn.samples)
    return used


def test_random_graphs_keep_their_outputs():
    check_graphs(range(FEW_GRAPHS))


@pytest.mark.slow
def test_many_random_graphs_keep_their_outputs():
    check_graphs(range(1000, 1000 + MANY_GRAPHS))


@pytest.mark.keras
def test_random_models_keep_their_outputs(double_keras):
    assert {"drop_identities", "fold_affine"} <= check_models(double_keras, range(FEW_MODELS))


@pytest.mark.keras
@pytest.mark.slow
def test_many_random_models_keep_their_outputs(double_keras):
    used = check_models(double_keras, range(2000, 2000 + MANY_MODELS))
    assert used >= {rewrite.__name__ for rewrite in REWRITES} - {"drop_unread", "order_pointwise"}


def normalised(name, weights, channels, padded=False):
    """A convolution, its bias, batch normalisation."""
    random = np.random.default_rng(len(name))
    pads = ((1, 1), (1, 1)) if padded else ((0, 0), (0, 0))
    shape = (3, 3) if padded else (1, 1)
    kernel = random.normal(0, 0.3, (*shape, weights, channels)).astype(np.float32)
    numbers = [random.normal(0, 0.3, channels) for _ in range(3)]
    return (
        (name, "Conv2D", Convolution(kernel, (1, 1), pads, (1, 1))),
        (name, "Conv2D", Bias(numbers[0])),
        (f"{name}_bn", "BatchNormalization", Scale(numbers[1])),
        (f"{name}_bn", "BatchNormalization", Bias(numbers[2])),
    )


def test_a_residual_network(graph, kinds):
    random = np.random.default_rng(0)
    before = graph(
        (6, 6, 3),
        ("rescaling", "Rescaling", Scale(np.float64(1 / 255))),
        ("rescaling", "Rescaling", Bias(np.float64(0))),
        *normalised("a", 3, 4, padded=True),
        ("a_relu", "ReLU", Relu()),
        *normalised("bb", 4, 4, padded=True),
        ("sum", "Add", Add(), ("bb_bn/bias", "a_relu")),
        ("sum_relu", "ReLU", Relu()),
        ("pool", "AveragePooling2D", MeanPool((6, 6), (6, 6), ((0, 0), (0, 0)))),
        ("flat", "Flatten", Reshape((4,))),
        ("last", "BatchNormalization", Scale(random.normal(size=4))),
        ("last", "BatchNormalization", Bias(random.normal(size=4))),
        ("dense", "Dense", Dense(random.normal(size=(4, 5)))),
        ("dense", "Dense", Bias(random.normal(size=5))),
        ("dense", "Dense", Softmax()),
    )
    check(before, samples_of(before))
    after = simplify(before)
    assert kinds(after) == [
        "Convolution", "Bias", "Relu", "Convolution", "Bias", "Add", "Relu", "MeanPool",
        "Reshape", "Dense", "Bias", "Softmax",
    ]  # fmt: skip
    first = after.nodes[1]
    assert [origin.name for origin in first.origin] == ["rescaling", "a", "a_bn"]
    assert str(after) == str(simplify(before))


@pytest.mark.keras
def test_published_layers(double_keras, kinds):
    """Zeros in front of max pooling, an offset in front of zeros, shared and nested layers."""
    keras = double_keras
    layers = keras.layers
    image = keras.Input((8, 8, 3))
    x = layers.ZeroPadding2D(1)(layers.Rescaling(1 / 128, -1.0)(image))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, use_bias=False)(x))
    x = layers.MaxPooling2D(3, 2)(layers.ZeroPadding2D(1)(layers.ReLU()(x)))
    shared = layers.Conv2D(4, 1)
    inner = keras.Sequential([keras.Input((4, 4, 4)), layers.BatchNormalization(), layers.ReLU()])
    y = layers.Add()([inner(shared(x)), inner(shared(layers.ReLU()(x)))])
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(y)))
    graph = read_model(model).graph
    check(graph, samples_of(graph))
    simple = simplify(graph)
    assert kinds(simple)[:5] == ["Bias", "Convolution", "Relu", "MaxPool", "Convolution"]
    assert not any(isinstance(node.layer, Scale | Pad) for node in simple.nodes)


def test_what_cannot_be_simpler_is_returned_itself(chain):
    graph = chain((4,), Dense(np.ones((4, 3))), Bias(np.ones(3)), Relu())
    assert simplify(graph) is graph
    assert all(rewrite(graph) is graph for rewrite in REWRITES)


def test_a_rewrite_that_breaks_a_rule_is_told(chain):
    graph = chain((4,), Relu())

    def rewrite(graph):
        return replace(graph, outputs=("none",))

    with pytest.raises(VerifyError, match="inputs_precede"):
        applied(rewrite, graph)


def test_deep_graphs_end(chain):
    """200 factors and offsets become one each."""
    layers = (Scale(np.float64(1.001)), Bias(np.float64(0.1))) * 100
    after = simplify(chain((2,), Relu(), *layers))
    assert [str(node.layer).split()[0] for node in after.nodes] == [
        "input", "relu", "scale", "bias",
    ]  # fmt: skip
    assert effort(after) == (4, 6, 0)


def test_every_rewrite_is_documented(root_folder):
    text = (root_folder / "docs" / "passes.md").read_text(encoding="utf-8")
    assert [
        rewrite.__name__ for rewrite in REWRITES if f"| `{rewrite.__name__}` |" not in text
    ] == []
