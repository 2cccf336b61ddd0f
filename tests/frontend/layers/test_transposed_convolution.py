import numpy as np
import pytest

from annconv.frontend.reading import read_model
from annconv.reference.graph import run_graph

pytestmark = pytest.mark.keras


def test_every_stride_padding_and_further_cells(keras, sequential, equals_keras):
    for size in range(1, 6):
        for stride in range(1, 4):
            for padding in ("valid", "same"):
                for further in (None, *range(stride)):
                    if padding == "same" and further is not None and size % 2 + further == 0:
                        continue  # Keras promises fewer cells than TensorFlow has inputs for
                    layer = keras.layers.Conv1DTranspose(
                        2, size, strides=stride, padding=padding, output_padding=further
                    )
                    equals_keras(sequential((4, 3), layer))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_dilated_kernels(keras, sequential, rank, padding):
    """TensorFlow has them on processors only where XLA compiles the model."""
    import tensorflow as tf

    kind = getattr(keras.layers, f"Conv{rank}DTranspose")
    layer = kind(3, 2, dilation_rate=2, padding=padding, activation="relu")
    model = sequential((*(4, 5, 3)[:rank], 2), layer)
    samples = np.random.default_rng(0).normal(size=(2, *model.input_shape[1:])).astype("float32")
    expected = tf.function(lambda x: model(x, training=False), jit_compile=True)(samples)
    graph = read_model(model).graph
    received = run_graph(graph, samples)[graph.outputs[0]]
    np.testing.assert_allclose(received, expected, rtol=0, atol=1e-5)
