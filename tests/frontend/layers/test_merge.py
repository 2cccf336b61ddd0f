import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.reading import read_model

pytestmark = pytest.mark.keras


def branches(keras, merge, shape=(4, 4, 2), filters=(3, 3), pool=False):
    layers = keras.layers
    inputs = keras.Input(shape)
    left = layers.Conv2D(filters[0], 3, padding="same", activation="relu")(inputs)
    right = layers.Conv2D(filters[1], 1)(inputs)
    if pool:
        left = layers.MaxPooling2D(4)(left)
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(merge([left, right]))))


def test_add_equals_keras(keras, equals_keras):
    equals_keras(branches(keras, keras.layers.Add()))


def test_an_input_added_to_itself(keras, equals_keras):
    inputs = keras.Input((4,))
    equals_keras(keras.Model(inputs, keras.layers.Add()([inputs, inputs, inputs])))


@pytest.mark.parametrize("axis", [-1, 3])
def test_concatenate_equals_keras(keras, equals_keras, axis):
    equals_keras(branches(keras, keras.layers.Concatenate(axis=axis), filters=(3, 2)))


def test_what_the_graph_cannot_say_is_refused(keras):
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(branches(keras, keras.layers.Add(), pool=True))
    assert (
        "Add: its inputs differ in shape: (1, 1, 3), (4, 4, 3). Instead: inputs of one shape."
    ) in str(caught.value)
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(branches(keras, keras.layers.Concatenate(axis=1)))
    text = "Concatenate(axis=1): only channels can be put side by side. Instead: axis=-1."
    assert text in str(caught.value)
