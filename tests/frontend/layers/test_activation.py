import functools
import sys
from types import ModuleType

import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.reading import read_model
from annconv.ir.activations import Relu

pytestmark = pytest.mark.keras


@pytest.mark.parametrize("name", ["relu", "relu6", "leaky_relu", "softmax", "linear"])
def test_functions_as_layer_and_as_setting(keras, sequential, equals_keras, name):
    equals_keras(sequential((6,), keras.layers.Activation(name)))
    equals_keras(sequential((6,), keras.layers.Dense(5, activation=name)))
    equals_keras(sequential((6, 6, 2), keras.layers.Conv2D(3, 3, activation=name)))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"max_value": 0.5},
        {"negative_slope": 0.25},
        {"max_value": 0.5, "negative_slope": 0.1},
    ],
)
def test_relu_layer(keras, sequential, equals_keras, settings):
    equals_keras(sequential((8,), keras.layers.ReLU(**settings)))


def test_leaky_relu_and_softmax_layers(keras, sequential, equals_keras):
    graph = equals_keras(sequential((8,), keras.layers.LeakyReLU(negative_slope=0.125)))
    assert graph.nodes[1].layer == Relu(slope=0.125)
    equals_keras(sequential((4, 8), keras.layers.Softmax()))
    equals_keras(sequential((4, 8), keras.layers.Softmax(axis=2)))


def only_problem(model):
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(model)
    (problem,) = caught.value.problems
    return str(problem)


def test_refused_activations(keras, sequential):
    layers = keras.layers
    assert only_problem(sequential((4,), layers.Activation("gelu", name="act"))) == (
        "layer 1   'act'  Activation('gelu'): no neuron here has this response."
        " Instead: retrain with 'relu'."
    )
    assert only_problem(sequential((4,), layers.Dense(2, activation="sigmoid", name="d"))) == (
        "layer 1   'd'  Dense(activation='sigmoid'): no neuron here has this response."
        " Instead: retrain with 'relu', the last layer with 'softmax'."
    )
    leaky = layers.Dense(2, activation=layers.LeakyReLU(), name="d")
    assert only_problem(sequential((4,), leaky)) == (
        "layer 1   'd'  Dense(activation='LeakyReLU()'): a layer used as an activation is not read."
        " Instead: activation=None and that layer behind this one."
    )


def test_a_foreign_function_of_a_familiar_name_is_refused(keras, sequential):
    def relu(x):
        return x * x

    text = only_problem(sequential((4,), keras.layers.Dense(2, activation=relu)))
    assert (
        "Keras' own activation functions. Instead: layer.activation = keras.activations.relu, if"
        " that computes the same; else retrain with 'relu'."
    ) in text
    assert f"activation='{relu.__module__}.relu'" in text


def test_relu_threshold_and_softmax_axis_are_refused(keras, sequential):
    text = only_problem(sequential((4,), keras.layers.ReLU(threshold=0.5)))
    assert "ReLU(threshold=0.5): its response jumps at the threshold. Instead: threshold=0." in text
    text = only_problem(sequential((4, 3), keras.layers.Softmax(axis=1)))
    assert "Softmax(axis=1): only the last axis holds channels. Instead: axis=-1." in text


def test_functions_of_other_libraries_are_read_as_what_they_are(keras, sequential, equals_keras):
    import tensorflow as tf

    dense = keras.layers.Dense
    for name in ("relu", "relu6", "leaky_relu", "softmax"):
        graph = equals_keras(sequential((6,), dense(5, activation=getattr(tf.nn, name))))
        own = read_model(sequential((6,), dense(5, activation=name))).graph
        assert graph.nodes[-1].layer == own.nodes[-1].layer
    equals_keras(sequential((6,), dense(5, activation=tf.identity)))
    equals_keras(sequential((6,), dense(5, activation=keras.ops.relu)))
    text = only_problem(sequential((6,), dense(5, activation=tf.nn.elu)))
    assert "Dense(activation='elu'): no neuron here has this response." in text


def library(monkeypatch, name, **functions):
    """A library that is not installed, with functions of its own."""
    module = ModuleType(name)
    for function in functions.values():
        function.__module__ = name
    vars(module).update(functions)
    monkeypatch.setitem(sys.modules, name, module)


def test_functions_of_libraries_that_are_not_installed(
    keras, sequential, equals_keras, monkeypatch
):
    def relu(x):
        return keras.ops.maximum(x, 0)

    def softmax(x):
        return keras.ops.softmax(x, axis=0)

    library(monkeypatch, "torch.nn.functional", relu=relu, softmax=softmax)
    equals_keras(sequential((6,), keras.layers.Dense(5, activation=relu)))
    text = only_problem(sequential((6,), keras.layers.Dense(5, activation=softmax)))
    assert "Dense(activation='torch.nn.functional.softmax'): it is not one of Keras' own" in text
    assert "Instead: layer.activation = keras.activations.softmax, if that computes the" in text


def test_a_function_that_only_looks_like_one_of_a_library_is_refused(keras, sequential):
    import tensorflow as tf

    @functools.wraps(tf.nn.relu)
    def doubled(x):
        return 2 * tf.nn.relu(x)

    text = only_problem(sequential((4,), keras.layers.Dense(2, activation=doubled)))
    assert ".relu'): it is not one of Keras' own activation functions." in text


@pytest.mark.parametrize("policy", ["refuse", "ignore"])
@pytest.mark.parametrize(
    ("value", "nearest"),
    [("relu", "relu"), ("softmax_v2", "softmax"), ("mine", "relu"), (None, "linear"), (3, "relu")],
)
def test_an_activation_that_was_set_to_no_function(keras, sequential, value, nearest, policy):
    model = sequential((4,), keras.layers.Dense(2, name="d"))
    model.layers[0].activation = value
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(model, on_unsupported=policy)
    assert str(caught.value.problems[0]) == (
        f"layer 1   'd'  Dense(activation={value!r}): its activation was set to {value!r}, which is"
        f" not a function. Instead: layer.activation = keras.activations.{nearest}."
    )


def test_settings_that_keras_cannot_tell(keras, sequential, monkeypatch):
    half = functools.partial(keras.activations.leaky_relu, negative_slope=0.5)
    text = only_problem(sequential((4,), keras.layers.Dense(2, activation=half)))
    assert "Dense(activation='functools.partial'): it is not one of Keras' own" in text

    def broken(self):
        raise TypeError("no\nsettings")

    model = sequential((4,), keras.layers.Dense(2))
    monkeypatch.setattr(keras.layers.Dense, "get_config", broken)
    assert "Keras cannot tell its settings (TypeError: no settings)" in only_problem(model)
