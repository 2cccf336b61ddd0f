import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.reading import read_model
from annconv.ir.graph import Relu

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
    assert "Keras' own activation functions. Instead: retrain with 'relu'." in text
    assert f"activation='{relu.__module__}.relu'" in text


def test_relu_threshold_and_softmax_axis_are_refused(keras, sequential):
    text = only_problem(sequential((4,), keras.layers.ReLU(threshold=0.5)))
    assert "ReLU(threshold=0.5): its response jumps at the threshold. Instead: threshold=0." in text
    text = only_problem(sequential((4, 3), keras.layers.Softmax(axis=1)))
    assert "Softmax(axis=1): only the last axis holds channels. Instead: axis=-1." in text
