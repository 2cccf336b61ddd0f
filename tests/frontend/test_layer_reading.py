"""Layers that keep their channels first are turned: held to Keras, and to the same with them last.

Keras' TensorFlow backend computes convolutions with channels first on a CPU in float32 alone, and
not with every setting; where the last axis happens to be as long as the channels are many it adds
biases along the wrong one (Keras 3.15, `add` of its TensorFlow backend). So that nothing rests on
it, models are also compared with a model of the same weights whose channels come last, fed with
transposed samples.
"""

import numpy as np
import pytest

from annconv.frontend.reading import read_model
from annconv.ir.maps import Permute
from annconv.reference.graph import run_graph

pytestmark = pytest.mark.keras


def build(keras, case, data_format):
    """The model of a case, its samples having their channels first or last."""
    (channels, *spatial), *layers = CASES[case]
    shape = (channels, *spatial) if data_format == "channels_first" else (*spatial, channels)
    made = [getattr(keras.layers, kind)(data_format=data_format, **own) for kind, own in layers]
    return keras.Sequential([keras.Input(shape), *made])


CASES = {
    "conv": ((2, 7, 8), ("Conv2D", {
        "filters": 4, "kernel_size": (3, 2), "groups": 2, "padding": "same",
        "activation": "relu"})),
    "softmax": ((2, 5, 4), ("Conv2D", {"filters": 3, "kernel_size": 1, "activation": "softmax"})),
    "stride": ((2, 7, 8), ("Conv2D", {"filters": 3, "kernel_size": 3, "strides": 2})),
    "conv1": ((3, 9), ("Conv1D", {"filters": 4, "kernel_size": 3, "dilation_rate": 2})),
    "conv3": ((2, 4, 5, 6), ("Conv3D", {"filters": 2, "kernel_size": 2})),
    "max": ((2, 7, 8), ("MaxPooling2D", {"pool_size": 3, "strides": 2, "padding": "same"})),
    "mean": ((2, 7, 8), ("AveragePooling2D", {"pool_size": 2, "padding": "same"})),
    "chain": ((2, 8, 9), ("Conv2D", {"filters": 3, "kernel_size": 3, "activation": "relu"}),
              ("MaxPooling2D", {}), ("SpatialDropout2D", {"rate": 0.5}),
              ("Conv2D", {"filters": 4, "kernel_size": 2})),
    "depthwise": ((2, 7, 8), ("DepthwiseConv2D", {"kernel_size": 3})),
    "separable": ((2, 7, 8), ("SeparableConv2D", {"filters": 3, "kernel_size": 2})),
    "transposed": ((2, 4, 5), ("Conv2DTranspose", {"filters": 3, "kernel_size": 3, "strides": 2})),
    "padding": ((2, 4, 5), ("ZeroPadding2D", {"padding": ((1, 0), (2, 1))})),
    "cropping": ((2, 4, 5), ("Cropping2D", {"cropping": ((1, 0), (2, 1))})),
    "upsampling": ((2, 4, 5), ("UpSampling2D", {"size": (2, 3)})),
    "global": ((2, 4, 5), ("GlobalMaxPooling2D", {"keepdims": True})),
}  # fmt: skip
"""Shape of the samples, and layers as their class and settings.

A softmax as activation runs along the last axis, which is another one where channels come first.
"""


@pytest.mark.parametrize("case", [case for case in CASES if case != "softmax"])
def test_the_same_as_with_channels_last(keras, number_type, case):
    number_type("float64")
    first, last = (build(keras, case, form) for form in ("channels_first", "channels_last"))
    generator = np.random.default_rng(0)
    first.set_weights([generator.normal(0, 0.5, array.shape) for array in first.get_weights()])
    last.set_weights(first.get_weights())
    samples = generator.normal(size=(3, *CASES[case][0]))
    read = read_model(first).graph
    received = run_graph(read, samples)[read.outputs[0]]
    answer = keras.ops.convert_to_numpy(last(np.moveaxis(samples, 1, -1), training=False))
    expected = np.moveaxis(answer, -1, 1)
    assert received.shape == expected.shape
    np.testing.assert_allclose(received, expected, rtol=0, atol=1e-9 * np.abs(expected).max())


@pytest.mark.parametrize(
    "case", ["conv", "softmax", "max", "chain", "depthwise", "padding", "global"]
)
def test_the_same_as_keras(keras, all_outputs_equal_keras, case):
    all_outputs_equal_keras(build(keras, case, "channels_first"))


def test_a_network_that_keeps_channels_first_turns_twice(keras, all_outputs_equal_keras):
    layers, first = keras.layers, {"data_format": "channels_first"}
    model = keras.Sequential(
        [
            keras.Input((2, 8, 9), name="in"),
            layers.Conv2D(3, 3, activation="relu", name="c", **first),
            layers.MaxPooling2D(name="p", **first),
            layers.Flatten(name="f", **first),
            layers.Dense(3, name="d"),
        ]
    )
    graph = all_outputs_equal_keras(model)
    assert [node.name for node in graph.nodes] == [
        "in", "c/channels_last", "c", "c/bias", "c/relu", "p", "f", "d", "d/bias",
    ]  # fmt: skip


def test_one_axis_has_no_order(keras, all_outputs_equal_keras):
    flatten = keras.layers.Flatten("channels_first")
    graph = all_outputs_equal_keras(keras.Sequential([keras.Input((5,), name="in"), flatten]))
    assert [node.name for node in graph.nodes] == ["in"]


def test_normalisation_of_the_first_axis_turns_with_its_neighbours(keras, all_outputs_equal_keras):
    layers, first = keras.layers, {"data_format": "channels_first"}
    model = keras.Sequential(
        [
            keras.Input((2, 6, 6), name="in"),
            layers.ZeroPadding2D(name="pad", **first),
            layers.BatchNormalization(axis=1, name="norm"),
            layers.MaxPooling2D(name="pool", **first),
        ]
    )
    generator = np.random.default_rng(0)
    model.set_weights([generator.uniform(0.5, 2, array.shape) for array in model.get_weights()])
    graph = all_outputs_equal_keras(model, redraw=False)
    turns = [node.name for node in graph.nodes if isinstance(node.layer, Permute)]
    assert turns == ["pad/channels_last", "pool/channels_first"]
