import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.reading import read_model

pytestmark = pytest.mark.keras


def test_layers_that_act_in_training_only_leave_no_node(keras, sequential, equals_keras):
    layers = keras.layers
    model = sequential(
        (4, 4, 2),
        layers.GaussianNoise(0.1),
        layers.SpatialDropout2D(0.5),
        layers.Identity(),
        layers.ActivityRegularization(l1=0.1),
        layers.Flatten(name="flatten"),
        layers.Dropout(0.5, noise_shape=(None, 1), seed=3),
        layers.AlphaDropout(0.2),
        layers.GaussianDropout(0.2),
    )
    graph = equals_keras(model)
    assert [node.name for node in graph.nodes] == ["image", "flatten"]
    assert [layer.type for layer in graph.layers][1:3] == ["GaussianNoise", "SpatialDropout2D"]


def test_dropout_that_drops_when_the_network_runs_is_refused(keras):
    inputs = keras.Input((4,))
    model = keras.Model(inputs, keras.layers.Dropout(0.5, name="drop")(inputs, training=True))
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(model)
    assert str(caught.value.problems[0]) == (
        "layer 1   'drop'  Dropout: it is called with training=True."
        " Instead: calling the layer on its input alone."
    )
