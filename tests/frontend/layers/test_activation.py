import functools
import sys
from types import ModuleType

import numpy as np
import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.foreign_activations import EQUAL
from annconv.frontend.layers.activation import ACTIVATIONS
from annconv.frontend.reading import read_model
from annconv.ir.activations import FUNCTIONS, Function, PRelu, Relu, Softmax

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
        {"threshold": 0.5, "negative_slope": 0.25, "max_value": 1.0},
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
    assert only_problem(sequential((4,), layers.Activation("glu", name="act"))) == (
        "layer 1   'act'  Activation('glu'): it multiplies one half of its channels with the other."
        " Instead: two layers, the second with activation='sigmoid', and Multiply."
    )
    assert only_problem(sequential((4,), layers.Dense(2, activation="log_softmax", name="d"))) == (
        "layer 1   'd'  Dense(activation='log_softmax'): logarithms are not read."
        " Instead: activation='softmax', and the logarithm of what it returns."
    )
    dropped = layers.Dense(2, activation=layers.Dropout(0.5), name="d")
    assert only_problem(sequential((4,), dropped)) == (
        "layer 1   'd'  Dense(activation='Dropout()'): of layers as activations ReLU,"
        " LeakyReLU, PReLU, ELU and Softmax are read."
        " Instead: activation=None and that layer behind this one."
    )


def test_layers_as_activations_are_read_as_those_layers(keras, sequential, equals_keras, tmp_path):
    layers = keras.layers
    for inner in (
        layers.LeakyReLU(0.125),
        layers.ReLU(max_value=1.0, threshold=0.25),
        layers.ELU(0.5),
        layers.Softmax(axis=1),
    ):
        model = sequential((5, 4, 2), layers.Conv2D(3, 2, activation=inner, name="conv"))
        before = equals_keras(model)
        model.save(tmp_path / "model.keras")
        assert read_model(tmp_path / "model.keras").graph == before
    graph = equals_keras(sequential((4,), layers.Activation(layers.LeakyReLU(0.25), name="a")))
    assert graph["a"].layer == Relu(slope=0.25)
    unbuilt = sequential((4,), layers.Dense(3, use_bias=False, activation=layers.PReLU(), name="d"))
    assert only_problem(unbuilt) == (
        "layer 1   'd'  PReLU: its slopes do not exist before the model has been called."
        " Instead: a PReLU layer of its own behind this one."
    )
    unbuilt(np.zeros((1, 4)))
    assert isinstance(equals_keras(unbuilt).nodes[-1].layer, PRelu)


def test_a_setting_of_a_layer_as_activation_is_not_lost(keras, sequential, monkeypatch):
    told = keras.layers.LeakyReLU.get_config
    monkeypatch.setattr(
        keras.layers.LeakyReLU, "get_config", lambda layer: {**told(layer), "flavour": "odd"}
    )
    dense = keras.layers.Dense(2, activation=keras.layers.LeakyReLU(0.5), name="d")
    assert "'d'  LeakyReLU(flavour='odd'): this setting is not read." in only_problem(
        sequential((4,), dense)
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


def test_softmax_over_samples_is_refused(keras, sequential):
    text = only_problem(sequential((4, 3), keras.layers.Softmax(axis=0)))
    assert (
        "Softmax(axis=0): the first axis holds the samples, which do not depend on each other."
        " Instead: axis=-1."
    ) in text


def test_axes_of_softmax_are_counted_from_the_end(keras, sequential, equals_keras):
    for axis, axes in ((1, (-3,)), (-2, (-2,)), ([3, 1], (-3, -1)), ([-1, 2], (-2, -1))):
        graph = equals_keras(sequential((4, 3, 2), keras.layers.Softmax(axis=axis)))
        assert graph.nodes[-1].layer == Softmax(axes)


def test_names_of_nodes_behind_the_first(keras, sequential):
    layers = keras.layers
    graph = read_model(
        sequential(
            (4, 3),
            layers.Conv1D(2, 2, activation="gelu", name="a"),
            layers.BatchNormalization(axis=1, name="b"),
        )
    ).graph
    assert [node.name for node in graph.nodes] == [
        "image", "a", "a/bias", "a/gelu", "b/channels_last", "b", "b/bias", "b/channels_first",
    ]  # fmt: skip


def test_functions_of_other_libraries_are_read_as_what_they_are(keras, sequential, equals_keras):
    import tensorflow as tf

    dense = keras.layers.Dense
    for name in EQUAL["tensorflow", "nn"]:
        graph = equals_keras(sequential((6,), dense(5, activation=getattr(tf.nn, name))))
        own = read_model(sequential((6,), dense(5, activation=name))).graph
        assert graph.nodes[-1].layer == own.nodes[-1].layer
    equals_keras(sequential((6,), dense(5, activation=tf.identity)))
    for name in EQUAL["keras", "ops"]:
        equals_keras(sequential((6,), dense(5, activation=getattr(keras.ops, name))))
    for name in EQUAL["tensorflow", "math"]:
        equals_keras(sequential((6,), dense(5, activation=getattr(tf.math, name))))
    text = only_problem(sequential((6,), dense(5, activation=tf.nn.log_softmax)))
    assert "Dense(activation='log_softmax'): logarithms are not read." in text
    text = only_problem(sequential((6,), dense(5, activation=keras.ops.gelu)))  # by tanh
    assert "gelu'): it is not one of Keras' own activation functions." in text


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

    def hardswish(x):
        return keras.ops.hard_silu(x)

    library(monkeypatch, "torch.nn.functional", relu=relu, softmax=softmax, hardswish=hardswish)
    graph = equals_keras(sequential((6,), keras.layers.Dense(5, activation=hardswish)))
    assert graph.nodes[-1].layer == Function("hard_silu")
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


def test_every_function_of_a_graph_is_read_from_some_activation():
    made = {step.name for steps in ACTIVATIONS.values() for step in steps if type(step) is Function}
    assert made == set(FUNCTIONS)
