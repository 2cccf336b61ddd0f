"""Arithmetic in a model's code: held to Keras' own output, what is not read refused."""

import numpy as np
import pytest

import annconv
from annconv.errors import ConversionWarning, UnsupportedModelError
from annconv.frontend.reading import read_model
from annconv.ir.origin import Origin

pytestmark = pytest.mark.keras

CHANNELS = np.array([0.5, -2.0, 3.0])
PLACES = np.arange(12.0).reshape(1, 4, 3)

OPERATIONS = {
    "x + y": lambda x, y: x + y,
    "x - y": lambda x, y: x - y,
    "y - x": lambda x, y: y - x,
    "x * y": lambda x, y: x * y,
    "x + x": lambda x, _: x + x,
    "x + c": lambda x, _: x + 1.5,
    "c + x": lambda x, _: 1.5 + x,
    "x - c": lambda x, _: x - CHANNELS,
    "c - x": lambda x, _: 2.0 - x,
    "x * c": lambda x, _: x * CHANNELS,
    "c * x": lambda x, _: 0.25 * x,
    "x / c": lambda x, _: x / 4.0,
    "-x": lambda x, _: -x,
    "x + one for each place": lambda x, _: x + PLACES,
    "(x + 3) / 6 * y": lambda x, y: (x + 3.0) / 6.0 * y,
}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_equals_keras(keras, number_type, all_outputs_equal_keras, operation):
    number_type("float64")
    x, y = keras.Input((4, 3), name="x"), keras.Input((4, 3), name="y")
    graph = all_outputs_equal_keras(keras.Model([x, y], OPERATIONS[operation](x, y)))
    assert graph.nodes[-1].origin[0].index == (1 if "y" in operation else 0)


def test_in_nested_models_and_step_by_step(keras, number_type, all_outputs_equal_keras, tmp_path):
    number_type("float64")
    x = keras.Input((3,))
    inner = keras.Model(x, (x + 1.0) * keras.layers.Dense(3, name="d")(x) * CHANNELS, name="inner")
    entry = keras.Input((4, 3), name="in")
    model = keras.Model(entry, keras.layers.TimeDistributed(inner, name="td")(entry) - entry)
    graph = all_outputs_equal_keras(model)
    adder = next(node for node in graph.nodes if node.name.startswith("td/inner/add"))
    assert adder.origin == (Origin(adder.name, 1, "Add"),)
    model.save(tmp_path / "model.keras")
    assert read_model(tmp_path / "model.keras").graph == graph


def test_from_a_file(keras, tmp_path, all_outputs_equal_keras):
    x = keras.Input((4, 3), name="x")
    model = keras.Model(x, (x + keras.layers.Dense(3)(x)) * 0.5)
    graph = all_outputs_equal_keras(model)
    model.save(tmp_path / "model.keras")
    assert read_model(tmp_path / "model.keras").graph == graph


@pytest.mark.parametrize(
    "operation",
    [
        lambda _, x: 1.0 / x,
        lambda _, x: x / (x + 1.0),
        lambda _, x: x / np.array([1.0, 0.0, 2.0]),
        lambda _, x: x * np.array([1.0, np.nan, 2.0]),
        lambda _, x: x + np.ones((2, 4, 3)),
        lambda keras, x: keras.layers.GlobalMaxPooling1D(keepdims=True)(x) + np.ones((4, 3)),
        lambda _, x: x**2,
        lambda keras, x: keras.ops.exp(x),
    ],
)
def test_what_is_refused(keras, operation):
    x = keras.Input((4, 3))
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(keras.Model(x, operation(keras, x)))
    (problem,) = caught.value.problems
    assert problem.why == (
        "it is an operation in the model's code, and only x + y, x - y, x * y of values of one rank"
        " or with a constant, x / constant and -x are read"
    )
    assert problem.instead == "the layer that computes it: keras.layers.ReLU() for relu"


def test_operations_are_not_chained(keras):
    x = keras.Input((3,), name="x")
    first = keras.layers.Dense(3, "relu", use_bias=False, name="a")(x)
    model = keras.Model(x, keras.layers.Dense(2, "relu", use_bias=False, name="b")(first * 2.0))
    with pytest.raises(UnsupportedModelError, match="Multiply: it scales and shifts channels"):
        annconv.convert(model)
    with pytest.warns(ConversionWarning, match="Multiply: it is an operation"):
        network = annconv.convert(model, on_unsupported="ignore")
    assert [entry.name for entry in network.populations] == ["x", "a", "b"]
