"""Nested models, shared layers, several inputs and outputs: held to Keras' own output."""

import numpy as np
import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.reading import read_model
from annconv.ir.graph import Input
from annconv.ir.origin import Origin

pytestmark = pytest.mark.keras


@pytest.fixture
def layers(keras, number_type):
    """Keras' layers in double precision."""
    number_type("float64")
    return keras.layers


def names(graph):
    return [node.name for node in graph.nodes]


def block(keras, name, shape=(None, None, 1)):
    """A convolution and pooling that any picture fits."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Conv2D(2, 3, activation="relu", name="c"),
            layers.MaxPooling2D(name="p"),
        ],
        name=name,
    )


class TestNestedModels:
    def test_in_two_depths_and_called_on_two_sizes(self, keras, layers, all_outputs_equal_keras):
        inner = block(keras, "inner")
        first = keras.Input((8, 8, 1))
        outer = keras.Model(first, [inner(first), layers.Flatten(name="flat")(first)], name="outer")
        large, small = keras.Input((8, 8, 1), name="large"), keras.Input((6, 6, 1), name="small")
        pooled, flat = outer(large)
        model = keras.Model([large, small], [layers.Dense(3, name="d")(flat), inner(small), pooled])
        graph = all_outputs_equal_keras(model)
        assert names(graph) == [
            "large", "small", "outer/inner/c", "outer/inner/c/bias", "outer/inner/c/relu",
            "outer/inner/p", "outer/flat", "d", "d/bias", "inner/c", "inner/c/bias",
            "inner/c/relu", "inner/p",
        ]  # fmt: skip
        assert graph["outer/inner/p"].shape == (3, 3, 2)
        assert graph["inner/p"].shape == (2, 2, 2)
        index = next(layer.index for layer in graph.layers if layer.name == "outer")
        assert graph["outer/inner/c/bias"].origin == (Origin("outer/inner/c", index, "Conv2D"),)
        assert model.layers[index].name == "outer"

    def test_several_calls_have_names_and_weights_in_common(
        self, keras, layers, all_outputs_equal_keras
    ):
        inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, "tanh", name="d")], name="in")
        entry = keras.Input((4,), name="x")
        graph = all_outputs_equal_keras(keras.Model(entry, inner(inner(inner(entry)))))
        kernels = [node for node in graph.nodes if node.name.endswith("/d")]
        assert [node.name for node in kernels] == ["in/d", "in/2/d", "in/3/d"]
        assert len({id(node.layer) for node in kernels}) == 1
        assert len({node.origin for node in graph.nodes if node.name != "x"}) == 1

    def test_a_later_one_of_several_outputs(self, keras, layers, all_outputs_equal_keras):
        entry = keras.Input((4,))
        outputs = {"b": layers.Dense(2, name="b")(entry), "a": layers.Dense(3, name="a")(entry)}
        inner = keras.Model(entry, {**outputs, "same": entry}, name="inner")
        x = keras.Input((4,), name="x")
        made = inner(x)
        model = keras.Model(x, [layers.Dense(2, name="d")(made["b"]), made["same"], made["a"]])
        graph = all_outputs_equal_keras(model)
        assert graph["d"].inputs == ("inner/b/bias",)
        assert graph.outputs == ("d/bias", "x", "inner/a/bias")

    @pytest.mark.parametrize("call", ["list", "dict", "keywords"])
    def test_inputs_go_where_keras_puts_them(self, keras, layers, all_outputs_equal_keras, call):
        one, two = keras.Input((3,), name="one"), keras.Input((3,), name="two")
        inner = keras.Model([two, one], layers.Subtract(name="s")([one, two]), name="inner")
        x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
        if call == "list":
            made = inner([y, x])
        elif call == "dict":
            made = inner({"one": x, "two": y})
        else:
            made = inner(inputs=[y, x])
        graph = all_outputs_equal_keras(keras.Model([x, y], made))
        assert graph["inner/s"].inputs == ("x", "y")

    def test_a_dict_of_inputs(self, keras, layers, all_outputs_equal_keras):
        given = {name: keras.Input((3,), name=name) for name in ("two", "one")}
        join = layers.Subtract(name="s")([given["one"], given["two"]])
        inner = keras.Model(given, join, name="inner")
        x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
        graph = all_outputs_equal_keras(keras.Model([x, y], inner({"two": x, "one": y})))
        assert graph["inner/s"].inputs == ("y", "x")

    def test_an_axis_of_one_channel_that_is_missing(self, keras, layers, all_outputs_equal_keras):
        inner = keras.Sequential(
            [keras.Input((4, 5, 1), name="i"), layers.Flatten(name="f"), layers.Dense(2)], name="in"
        )
        x = keras.Input((4, 5), name="x")
        graph = all_outputs_equal_keras(keras.Model(x, inner(x)))
        assert graph["in/i"].shape == (4, 5, 1)
        assert graph["in/f"].inputs == ("in/i",)

    def test_called_for_inference(self, keras, layers, all_outputs_equal_keras):
        inner = keras.Sequential(
            [keras.Input((4,)), layers.Dropout(0.5), layers.Dense(2)], name="i"
        )
        x = keras.Input((4,), name="x")
        graph = all_outputs_equal_keras(keras.Model(x, inner(x, training=False)))
        assert len(graph.nodes) == 3

    @pytest.mark.parametrize("suffix", [".keras", ".h5"])
    def test_from_files(self, keras, layers, tmp_path, suffix, all_outputs_equal_keras):
        inner = block(keras, "inner", (6, 6, 1))
        inner.compile("adam", "mse")
        x, y = keras.Input((6, 6, 1), name="x"), keras.Input((3, 6, 6, 1), name="y")
        apart = layers.TimeDistributed(block(keras, "other", (6, 6, 1)), name="td")
        model = keras.Model([x, y], [inner(x), apart(y)])
        graph = all_outputs_equal_keras(model)
        model.save(tmp_path / f"model{suffix}")
        assert read_model(tmp_path / f"model{suffix}").graph == graph

    def test_problems_name_the_path(self, keras, layers):
        inner = keras.Sequential(
            [
                keras.Input((4, 2)),
                layers.LSTM(3, name="l"),
                layers.Dense(2, dtype="float16", name="d"),
            ],
            name="inner",
        )
        x = keras.Input((4, 2), name="x")
        with pytest.raises(UnsupportedModelError) as caught:
            read_model(keras.Model(x, inner(x)))
        text = str(caught.value)
        assert "'inner/l'  LSTM: its state runs along the axis of a sequence" in text
        assert "'inner/d'  Dense(dtype='float16')" in text

    def test_models_that_are_not_taken_apart(self, keras, layers):
        class Own(keras.Model):
            def call(self, inputs):
                return inputs

        inner = keras.Sequential([keras.Input((4,)), layers.Dropout(0.5)], name="inner")
        x = keras.Input((4,), name="x")
        with pytest.raises(UnsupportedModelError) as caught:
            read_model(keras.Model(x, inner(Own(name="own")(x), training=True)))
        assert [str(problem) for problem in caught.value.problems] == [
            (
                "layer 1   'own'  Own: a model inside a model is read where it is a Sequential or"
                " functional one in float32, called on one array for each of its inputs. Instead:"
                " such a model, or calling its layers one by one."
            ),
            (
                "layer 2   'inner'  Sequential: it is called with training=True. Instead: calling"
                " the layer on its input alone."
            ),
        ]


class TestSharedLayers:
    def test_each_use_is_a_node_with_the_same_array(self, keras, layers, all_outputs_equal_keras):
        shared = layers.Dense(3, "relu", name="s")
        x, y = keras.Input((3,), name="x"), keras.Input((3,), name="y")
        model = keras.Model([x, y], layers.Concatenate(name="c")([shared(x), shared(shared(y))]))
        graph = all_outputs_equal_keras(model)
        uses = [graph[name] for name in ("s", "s/2", "s/3")]
        assert len({id(node.layer.weights) for node in uses}) == 1
        assert {node.origin for node in uses} == {(Origin("s", uses[0].origin[0].index, "Dense"),)}
        assert graph["s/3/relu"].inputs == ("s/3/bias",)

    def test_on_inputs_of_several_sizes(self, keras, layers, all_outputs_equal_keras):
        shared = layers.Conv2D(2, 3, strides=2, padding="same", name="s")
        x, y = keras.Input((6, 6, 1), name="x"), keras.Input((5, 5, 1), name="y")
        graph = all_outputs_equal_keras(keras.Model([x, y], [shared(x), shared(y)]))
        assert graph["s"].layer.padding != graph["s/2"].layer.padding


class TestInputsAndOutputs:
    def test_inputs_are_in_the_models_order_and_may_be_unread(
        self, keras, layers, all_outputs_equal_keras
    ):
        one, two, three = (keras.Input((3,), name=name) for name in ("one", "two", "three"))
        d = layers.Dense(2, name="d")(two)
        model = keras.Model([three, one, two], [d, layers.ReLU(name="r")(d), one])
        graph = all_outputs_equal_keras(model)
        assert [node.name for node in graph.nodes if isinstance(node.layer, Input)] == [
            "three", "one", "two",
        ]  # fmt: skip
        assert graph.outputs == ("d/bias", "r", "one")

    def test_open_shapes_of_each_are_listed(self, keras, layers):
        one, two = keras.Input((None, 2), name="one"), keras.Input((None, 2), name="two")
        with pytest.raises(UnsupportedModelError) as caught:
            read_model(keras.Model([one, two], layers.Concatenate(axis=1)([one, two])))
        assert [problem.layer for problem in caught.value.problems] == ["one", "two"]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision_is_read_with_the_weights_in_float32(
    keras, policy, all_outputs_equal_keras
):
    def build(policy):
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                layers.Conv2D(3, 3, activation="relu", dtype=policy),
                layers.MaxPooling2D(dtype=policy),
                layers.Flatten(dtype=policy),
                layers.Dense(3, dtype=policy),
                layers.Activation("softmax", dtype="float32"),
            ]
        )

    mixed, exact = build(policy), build("float32")
    generator = np.random.default_rng(0)
    weights = [generator.normal(0, 0.5, array.shape) for array in mixed.get_weights()]
    mixed.set_weights(weights)
    exact.set_weights(weights)
    graph = all_outputs_equal_keras(mixed, source=exact, redraw=False)
    assert [node.layer for node in graph.nodes][-1] == read_model(exact).graph.nodes[-1].layer
