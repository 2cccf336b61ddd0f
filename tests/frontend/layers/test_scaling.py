import numpy as np
import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.layers.scaling import affine_layers
from annconv.frontend.reading import read_model
from annconv.ir.activations import Bias
from annconv.ir.maps import Permute
from annconv.ir.operators import Reshape, Scale

pytestmark = pytest.mark.keras


def kinds(graph):
    return [type(node.layer) for node in graph.nodes[1:]]


def test_batch_normalisation_is_a_scale_and_a_bias(keras, sequential):
    layer = keras.layers.BatchNormalization(epsilon=0.5, name="norm")
    model = sequential((2,), layer)
    layer.set_weights([np.array(v) for v in ([2.0, 3.0], [1.0, -1.0], [4.0, 0.0], [3.5, 0.5])])
    graph = read_model(model).graph
    assert kinds(graph) == [Scale, Bias]
    np.testing.assert_allclose(graph["norm"].layer.factors, [1.0, 3.0])
    np.testing.assert_allclose(graph["norm/bias"].layer.values, [-3.0, -1.0])


def test_another_axis_changes_places_for_it(keras, sequential):
    layer = keras.layers.BatchNormalization(axis=1)
    graph = read_model(sequential((3, 4, 2), layer)).graph
    assert kinds(graph) == [Permute, Scale, Bias, Permute]
    assert [node.shape for node in graph.nodes[1:]] == [*[(4, 2, 3)] * 3, (3, 4, 2)]


def test_what_changes_nothing_leaves_no_node(keras, sequential):
    graph = read_model(sequential((3, 2), keras.layers.Rescaling(1.0))).graph
    assert kinds(graph) == []


def test_several_axes_are_one_channel_for_each_value():
    factors, offsets = np.arange(6.0).reshape(2, 1, 3), np.zeros(())
    first, scale, last = affine_layers((2, 4, 3), factors, offsets)
    assert (first.geometry, last.geometry) == ((24,), (2, 4, 3))
    assert isinstance(first, Reshape)
    assert scale.factors.reshape(2, 4, 3)[1, 2].tolist() == [3, 4, 5]


def test_normalisation_that_was_adapted(keras, sequential, equals_keras):
    samples = np.random.default_rng(0).normal(2, 3, (50, 3, 4)).astype("float32")
    for axis in (-1, 1, None, (1, 2)):
        for invert in (False, True):
            layer = keras.layers.Normalization(axis=axis, invert=invert)
            layer.adapt(samples)
            inputs = keras.Input((3, 4))
            equals_keras(keras.Model(inputs, layer(inputs)))


def test_normalisation_by_given_statistics(keras, sequential, equals_keras):
    for axis, shape in ((-1, (4,)), (1, (3,)), ((1, 2), (3, 4)), ((1, 2), (4,)), ((1, 2), ())):
        mean = np.linspace(-1, 1, int(np.prod(shape))).reshape(shape)
        layer = keras.layers.Normalization(axis=axis, mean=mean, variance=mean**2 + 0.5)
        equals_keras(sequential((3, 4), layer))
    flat = keras.layers.Normalization(mean=0.0, variance=0.0)
    factor = read_model(sequential((3,), flat)).graph.nodes[1].layer.factors
    np.testing.assert_allclose(factor, 1e7)


def test_rescaling_by_arrays_from_memory_and_file(keras, sequential, equals_keras, tmp_path):
    layer = keras.layers.Rescaling(np.array([0.5, 2.0]), offset=np.array([1.0, 0.0]))
    model = sequential((3, 2), layer)
    graph = equals_keras(model)
    model.save(tmp_path / "model.keras")
    assert read_model(tmp_path / "model.keras").graph == graph


def test_statistics_of_samples_are_refused(keras, sequential, monkeypatch):
    for layer, told in (
        (keras.layers.BatchNormalization(), {"axis": 0}),
        (keras.layers.Normalization(mean=1.0, variance=1.0), {"axis": (0,)}),
    ):
        model = sequential((3, 2), layer)
        monkeypatch.setattr(layer, "get_config", lambda told=told: {"name": "n", **told})
        with pytest.raises(UnsupportedModelError) as caught:
            read_model(model)
        assert "the first axis holds the samples, which are not scaled apart." in str(caught.value)
