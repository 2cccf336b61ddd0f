"""Architectures of keras.applications: each equals Keras, simplified or not, or is refused."""

import re

import numpy as np
import pytest

import annconv
from annconv.errors import UnsupportedModelError

pytestmark = [pytest.mark.keras, pytest.mark.slow]

READ = {
    "VGG16": 32, "ResNet50": 32, "ResNet50V2": 32, "MobileNet": 32, "MobileNetV2": 32,
    "MobileNetV3Small": 32, "DenseNet121": 32, "Xception": 71, "InceptionV3": 75,
    "NASNetMobile": 32, "EfficientNetB0": 32, "EfficientNetV2B0": 32,
}  # fmt: skip
"""Width of the pictures, which is the least that Keras takes."""


def build(keras, name, size):
    """A model with random weights and statistics of batches."""
    keras.utils.set_random_seed(0)
    model = getattr(keras.applications, name)(
        weights=None, input_shape=(size, size, 3), classes=10, classifier_activation=None
    )
    generator = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for weights in layer.weights:
                spread = weights.name in ("gamma", "moving_variance")
                drawn = generator.uniform(0.5, 1.5, weights.shape)
                weights.assign(drawn if spread else drawn - 1.0)
    return model


@pytest.mark.parametrize("name", READ)
def test_equals_keras(keras, name):
    model = build(keras, name, READ[name])
    samples = np.random.default_rng(1).uniform(0, 255, (2, *model.input_shape[1:]))
    samples = samples.astype("float32")
    graph = annconv.read(model)
    received = annconv.evaluate(graph, samples)[graph.outputs[0]]
    expected = keras.ops.convert_to_numpy(model(samples, training=False))
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(received, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    simple = annconv.simplify(graph)
    assert annconv.simplify(simple) is simple
    same = annconv.evaluate(simple, samples)[graph.outputs[0]]
    np.testing.assert_allclose(same, received, rtol=0, atol=1e-9 * np.abs(received).max())


def test_every_reason_is_listed(keras):
    model = keras.applications.ConvNeXtTiny(weights=None, input_shape=(32, 32, 3), classes=10)
    with pytest.raises(UnsupportedModelError) as caught:
        annconv.read(model)
    refused = {(re.sub(r"\(.*", "", entry.type), entry.layer) for entry in caught.value.problems}
    kinds = ("LayerNormalization", "LayerScale")
    expected = {
        (type(layer).__name__, layer.name)
        for layer in flat_layers(model)
        if type(layer).__name__ in kinds
    }
    assert refused == expected
    assert len(expected) == 18 + 18 + 5


def flat_layers(model):
    """Every layer, those of nested models under their path."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            for inner in flat_layers(layer):
                inner_name = f"{layer.name}/{inner.name}"
                yield type(type(inner).__name__, (), {"name": inner_name})()
        else:
            yield layer
