import numpy as np
import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.reading import read_model
from annconv.ir.joins import Concatenate

pytestmark = pytest.mark.keras


def branches(keras, merge, shape=(4, 4, 2), filters=(3, 3)):
    layers = keras.layers
    inputs = keras.Input(shape)
    left = layers.Conv2D(filters[0], 3, padding="same", activation="relu")(inputs)
    right = layers.Conv2D(filters[1], 1)(inputs)
    return keras.Model(inputs, layers.Dense(2)(layers.Flatten()(merge([left, right]))))


def test_add_equals_keras(keras, equals_keras):
    equals_keras(branches(keras, keras.layers.Add()))


def test_an_input_added_to_itself(keras, equals_keras):
    inputs = keras.Input((4,))
    equals_keras(keras.Model(inputs, keras.layers.Add()([inputs, inputs, inputs])))


@pytest.mark.parametrize("axis", [-1, 3])
def test_concatenate_equals_keras(keras, equals_keras, axis):
    equals_keras(branches(keras, keras.layers.Concatenate(axis=axis), filters=(3, 2)))


KINDS = ("Add", "Subtract", "Average", "Multiply", "Maximum", "Minimum")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "shapes",
    [((3, 4, 2), (3, 4, 2)), ((1, 1, 2), (3, 4, 2)), ((3, 1, 2), (1, 4, 1)), ((2,), (4, 2))],
)
def test_joins_repeat_extents_of_1_as_keras_does(keras, equals_keras, kind, shapes):
    inputs = keras.Input((24,))
    branches = []
    for shape in shapes:
        dense = keras.layers.Dense(int(np.prod(shape)))(inputs)
        branches.append(keras.layers.Reshape(shape)(dense))
    if kind != "Subtract":
        branches.append(branches[0])
    graph = equals_keras(keras.Model(inputs, getattr(keras.layers, kind)(name="join")(branches)))
    assert len(graph["join"].inputs) == len(branches)


@pytest.mark.parametrize("kind", [*KINDS[:1], *KINDS[2:], "Concatenate"])
def test_a_join_of_one_input_changes_nothing(keras, kind):
    inputs = keras.Input((4,), name="in")
    layer = getattr(keras.layers, kind)()
    try:
        outputs = layer([inputs])
    except ValueError:
        pytest.skip("this Keras joins two inputs or more")
    assert read_model(keras.Model(inputs, outputs)).graph.outputs == ("in",)


@pytest.mark.parametrize("axis", [1, 2, 3, -1, -2, -3])
def test_concatenation_along_every_axis(keras, equals_keras, axis):
    inputs = keras.Input((4, 5, 2))
    shape = [4, 5, 2]
    shape[axis if axis < 0 else axis - 1] = 3
    other = keras.layers.Reshape(shape)(keras.layers.Dense(int(np.prod(shape)))(
        keras.layers.Flatten()(inputs)))  # fmt: skip
    joined = keras.layers.Concatenate(axis=axis, name="join")([inputs, other, inputs])
    graph = equals_keras(keras.Model(inputs, joined))
    assert graph["join"].layer == Concatenate(axis if axis < 0 else axis - 4)


def test_concatenation_of_samples_is_refused(keras):
    inputs = keras.Input((4,))
    joined = keras.layers.Concatenate(axis=-2)([inputs, inputs])
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(keras.Model(inputs, joined))
    text = (
        "Concatenate(axis=-2): the first axis holds the samples, whose number stays. Instead: axi"
    )
    assert text in str(caught.value)
