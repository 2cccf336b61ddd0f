import numpy as np
import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.chain import CHAINED
from annconv.frontend.layers import HANDLERS
from annconv.frontend.reading import read_model
from annconv.ir.operators import Reshape
from annconv.reference.graph import run_graph

pytestmark = pytest.mark.keras


def ignoring(model):
    reading = read_model(model, on_unsupported="ignore")
    return reading.graph, [str(problem) for problem in reading.ignored]


def test_a_model_without_anything_to_ignore_is_the_same(trained):
    path = trained / "cnn.keras"
    reading = read_model(path, on_unsupported="ignore")
    assert reading.ignored == ()
    assert str(reading.graph) == str(read_model(path).graph)


def test_unknown_layers_and_activations_are_passed_over(keras, sequential):
    layers = keras.layers
    model = sequential(
        (6, 6, 1),
        layers.Conv2D(3, 3, activation="gelu", name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.Activation("tanh", name="act"),
        layers.PReLU(name="prelu"),
        layers.Flatten(name="flat"),
        layers.Dense(2, activation="relu", name="dense"),
    )
    graph, ignored = ignoring(model)
    assert [node.name for node in graph.nodes] == [
        "image", "conv", "conv/bias", "flat", "dense", "dense/bias", "dense/relu",
    ]  # fmt: skip
    assert [text.split(":")[0].split("  ")[-1] for text in ignored] == [
        "Conv2D(activation='gelu')", "BatchNormalization", "Activation('tanh')", "PReLU",
    ]  # fmt: skip
    assert len(graph.layers) == 7


def test_branches_are_not_followed(keras):
    layers = keras.layers
    inputs = keras.Input((4,), name="in")
    a = layers.Dense(4, name="a", activation="relu")(inputs)
    b = layers.Dense(4, name="b", activation="relu")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="d")(layers.Add(name="sum")([a, b])))
    graph, ignored = ignoring(model)
    names = [layer.name for layer in model.layers if layer.name in "ab"]
    assert graph[names[0]].inputs == ("in",)
    assert graph[names[1]].inputs == (f"{names[0]}/relu",)
    assert graph["d"].inputs == (f"{names[1]}/relu",)
    (only,) = ignored
    assert only == (
        "layer 3   'sum'  Add: branches are not followed. "
        "Instead: a model in which each layer reads the one before it."
    )


def test_operations_inputs_outputs_and_repeats_are_listed(keras):
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = layers.Dense(4, name="shared")
    x = shared(layers.Dropout(0.5, name="drop")(shared(left), training=True)) + right
    model = keras.Model([left, right], [layers.Dense(2, name="d")(x), x])
    graph, ignored = ignoring(model)
    text = "\n".join(ignored)
    for part in (
        "'right'  InputLayer: it is one of 2 inputs",
        "'shared'  Dense: it is used in 2 places",
        "'drop'  Dropout: it is called with training=True",
        "Add: it is an operation in the model's code",
        "Add: it is one of 2 outputs",
    ):
        assert part in text
    assert [node.name for node in graph.nodes] == ["left", "shared", "d"]


def test_dense_reads_a_map_flat_where_keras_gave_it_a_vector(keras, sequential):
    layers = keras.layers
    model = sequential(
        (2, 2, 3), layers.MaxPooling2D(name="pool"), layers.GlobalAveragePooling2D(name="mean"),
        layers.Dense(2, name="dense"),
    )  # fmt: skip
    graph, ignored = ignoring(model)
    assert [node.name for node in graph.nodes][2:4] == ["dense/input", "dense"]
    assert isinstance(graph["dense/input"].layer, Reshape)
    assert len(ignored) == 1
    samples = np.random.default_rng(0).random((2, 2, 2, 3), dtype=np.float32)
    received = run_graph(graph, samples)[graph.outputs[0]]
    np.testing.assert_allclose(received, model.predict(samples, verbose=0), atol=1e-5)


def test_what_does_not_fit_is_refused_with_what_was_ignored(keras, sequential):
    layers = keras.layers
    model = sequential(
        (4, 4, 3), layers.GlobalAveragePooling2D(name="mean"), layers.Dense(2, name="dense"),
        layers.Reshape((1, 2, 1), name="map"), layers.Conv2D(2, 1, dtype="float16", name="conv"),
    )  # fmt: skip
    with pytest.raises(UnsupportedModelError) as caught:
        ignoring(model)
    assert [(problem.index, problem.layer) for problem in caught.value.problems] == [
        (1, "mean"), (2, "dense"), (4, "conv"),
    ]  # fmt: skip
    assert str(caught.value.problems[1]) == (
        "layer 2   'dense'  Dense: it cannot read the shape (4, 4, 3) of what stands before it."
        " Instead: a model without the layers that were ignored."
    )


def test_a_layer_whose_axes_are_missing_does_not_fit(keras, sequential):
    layers = keras.layers
    model = sequential(
        (4,), layers.RepeatVector(4, name="repeat"), layers.Conv1D(2, 3, name="conv")
    )
    with pytest.raises(UnsupportedModelError, match="it cannot read the shape \\(4,\\)"):
        ignoring(model)


def test_open_shapes_cannot_be_ignored_and_are_the_only_problem(keras, sequential):
    layers = keras.layers
    model = sequential((None, 2), layers.Conv1D(2, 3), layers.MaxPooling1D(2), layers.Conv1D(2, 3))
    with pytest.raises(UnsupportedModelError) as caught:
        ignoring(model)
    (found,) = caught.value.problems
    assert found.why == "neurons need a fixed number of inputs"


def test_layers_that_are_read_elsewhere_are_skipped_as_the_converter_does(keras, sequential):
    layers = keras.layers
    model = sequential(
        (6, 6, 2),
        layers.Rescaling(0.5, name="scale"),
        layers.DepthwiseConv2D(3, name="deep"),
        layers.Conv2D(3, 3, activation=layers.ELU(0.5), name="conv"),
        layers.UpSampling2D(2, name="up"),
        layers.Dense(2, activation="selu", use_bias=False, name="dense"),
    )
    graph, ignored = ignoring(model)
    assert [node.name for node in graph.nodes] == ["image", "conv", "conv/bias", "dense"]
    skipped = "ANNarchy's converter skips it. Instead: a model without it."
    passed_over = (
        "ANNarchy's converter skips it. Instead: retrain with 'relu', the last layer with"
        " 'softmax'."
    )
    assert ignored == [
        f"layer 1   'scale'  Rescaling: {skipped}",
        f"layer 2   'deep'  DepthwiseConv2D: {skipped}",
        f"layer 3   'conv'  Conv2D(activation='elu'): {passed_over}",
        f"layer 4   'up'  UpSampling2D: {skipped}",
        f"layer 5   'dense'  Dense(activation='selu'): {passed_over}",
    ]


def test_every_layer_of_a_chain_has_a_handler():
    assert set(HANDLERS) >= CHAINED
