import numpy as np
import pytest

from annconv.ir.activations import Bias, Relu
from annconv.ir.operators import Convolution, Dense

pytestmark = pytest.mark.keras


def test_bias_and_relu_are_nodes_of_their_own(keras, sequential, equals_keras):
    model = sequential((5,), keras.layers.Dense(4, activation="relu", name="dense"))
    graph = equals_keras(model)
    assert [node.name for node in graph.nodes] == ["image", "dense", "dense/bias", "dense/relu"]
    assert [type(node.layer) for node in graph.nodes[1:]] == [Dense, Bias, Relu]
    assert {node.origin for node in graph.nodes[1:]} == {(graph.layers[1],)}
    assert graph.outputs == ("dense/relu",)


def test_zero_bias_and_linear_leave_no_node(keras, sequential, equals_keras):
    model = sequential((5,), keras.layers.Dense(4, activation="linear", name="dense"))
    model.layers[0].set_weights([np.ones((5, 4)), np.zeros(4)])
    assert [node.name for node in equals_keras(model).nodes] == ["image", "dense"]


def test_a_bias_with_a_zero_in_it_stays(keras, sequential, equals_keras):
    model = sequential((5,), keras.layers.Dense(2, name="dense"))
    model.layers[0].set_weights([np.ones((5, 2)), np.array([0.0, 1.0])])
    assert [node.name for node in equals_keras(model).nodes] == ["image", "dense", "dense/bias"]


def test_no_bias_at_all(keras, sequential, equals_keras):
    equals_keras(sequential((5,), keras.layers.Dense(4, use_bias=False)))


@pytest.mark.parametrize("shape", [(4, 3), (2, 4, 3), (2, 2, 2, 3)])
def test_several_axes_act_on_the_last(keras, sequential, equals_keras, shape):
    graph = equals_keras(sequential(shape, keras.layers.Dense(2, activation="softmax")))
    assert isinstance(graph.nodes[1].layer, Convolution)
    assert graph.nodes[1].layer.size == (1,) * (len(shape) - 1)


def test_double_precision_weights_stay(keras, sequential, equals_keras):
    graph = equals_keras(sequential((5,), keras.layers.Dense(4, dtype="float64")))
    assert graph.nodes[1].layer.weights.dtype == np.float64
