import numpy as np
import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.layers.resizing import resized_layers
from annconv.frontend.reading import read_model
from annconv.ir.maps import Crop, Resample
from annconv.ir.operators import Upsample

pytestmark = pytest.mark.keras


def only_problem(model):
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(model)
    (problem,) = caught.value.problems
    return str(problem)


def test_values_between_two_cells_by_hand():
    (layer,) = resized_layers("bilinear", (2,), (4,))
    np.testing.assert_allclose(layer.matrices[0].T, [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    (layer,) = resized_layers("nearest", (3,), (2,))
    assert layer.matrices[0].T.tolist() == [[1, 0, 0], [0, 0, 1]]
    assert resized_layers("bilinear", (3, 2), (3, 2)) == ()


def test_whole_factors_of_the_nearest_cells_repeat(keras, sequential):
    layers = keras.layers
    for layer in (layers.UpSampling2D((2, 3)), layers.Resizing(8, 9, interpolation="nearest")):
        (node,) = read_model(sequential((4, 3, 1), layer)).graph.nodes[1:]
        assert isinstance(node.layer, Upsample)
        assert node.layer.repeats == (2, 3)


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_resizing_to_every_size(keras, sequential, equals_keras, interpolation):
    for size in (1, 2, 3, 5, 9, 11, 14):
        layer = keras.layers.Resizing(size, 15 - size, interpolation=interpolation)
        equals_keras(sequential((10, 7, 2), layer))


@pytest.mark.parametrize(("height", "width"), [(3, 2), (6, 5), (6, 3), (8, 12), (2, 9)])
def test_the_centre_of_a_picture(keras, sequential, equals_keras, height, width):
    graph = equals_keras(sequential((6, 5, 2), keras.layers.CenterCrop(height, width)))
    kinds = {type(node.layer) for node in graph.nodes[1:]}
    smaller = height <= 6 and width <= 5
    assert kinds <= {Crop} if smaller else Resample in kinds


def test_other_interpolations_and_ratios_are_refused(keras, sequential):
    layers = keras.layers
    assert (
        "UpSampling2D(interpolation='bicubic'): only values of the nearest cells are read, and"
        " those between two. Instead: interpolation='bilinear'."
    ) in only_problem(sequential((4, 4, 1), layers.UpSampling2D(2, interpolation="bicubic")))
    for key in ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias"):
        text = only_problem(sequential((4, 4, 1), layers.Resizing(3, 5, **{key: True})))
        assert f"Resizing({key}=True): only plain resizing is read. Instead: {key}=False." in text
    text = only_problem(sequential((4, 4, 1), layers.Resizing(3, 5, interpolation="lanczos3")))
    assert "Resizing(interpolation='lanczos3'): only values of" in text


def test_what_is_no_picture_is_not_resized(keras):
    inputs = keras.Input((4, 4))
    text = only_problem(keras.Model(inputs, keras.layers.Resizing(2, 2)(inputs)))
    assert "what it resizes are no pictures with channels. Instead: Reshape to (height," in text
