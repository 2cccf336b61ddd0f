import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.reading import read_model
from annconv.ir.operators import Reshape

pytestmark = pytest.mark.keras


def test_flatten_and_reshape(keras, sequential, equals_keras):
    layers = keras.layers
    graph = equals_keras(
        sequential((4, 3, 2), layers.Flatten(), layers.Reshape((2, -1)), layers.Reshape((3, 8)))
    )
    assert [type(node.layer) for node in graph.nodes[1:]] == [Reshape] * 3
    assert [node.shape for node in graph.nodes] == [(4, 3, 2), (24,), (2, 12), (3, 8)]


def test_a_shape_that_stays_leaves_no_node(keras, sequential, equals_keras):
    model = sequential((6,), keras.layers.Flatten(), keras.layers.Reshape((6,)))
    assert [node.name for node in equals_keras(model).nodes] == ["image"]


@pytest.mark.parametrize(
    ("build", "text"),
    [
        (
            lambda keras: [keras.Input((4,), sparse=True), keras.layers.Dense(2)],
            (
                "InputLayer(sparse=True): samples are dense arrays here."
                " Instead: keras.Input(shape) without sparse."
            ),
        ),
        (
            lambda keras: [keras.Input(()), keras.layers.Flatten()],
            "InputLayer: its samples have no axis. Instead: keras.Input((1,)) for a single number.",
        ),
    ],
)
def test_refusals(keras, build, text):
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(keras.Sequential(build(keras)))
    assert text in str(caught.value)
