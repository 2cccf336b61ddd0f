import numpy as np
import pytest

import annconv
from annconv.errors import UnsupportedModelError
from annconv.frontend.reading import read_model
from annconv.frontend.remedies import LAYERS

pytestmark = pytest.mark.keras


def problems(model):
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(model)
    return caught.value


def test_all_problems_are_listed_at_once(keras, sequential):
    layers = keras.layers
    model = sequential(
        (8, 8, 1),
        layers.Conv2D(4, 3, activation="log_softmax", name="conv"),
        layers.LayerNormalization(name="norm"),
        layers.MaxPooling2D(name="pool"),
        layers.Flatten(name="flat"),
        layers.Dense(3, activation="sparsemax", name="dense"),
        layers.Activation("softmax", name="last"),
        name="classifier",
    )
    assert str(problems(model)) == (
        "3 of 7 layers of 'classifier' cannot be read.\n"
        "  layer 1   'conv'  Conv2D(activation='log_softmax'): logarithms are not read."
        " Instead: activation='softmax', and the logarithm of what it returns.\n"
        "  layer 2   'norm'  LayerNormalization: its statistics depend on the sample."
        " Instead: BatchNormalization, whose statistics are fixed.\n"
        "  layer 5   'dense'  Dense(activation='sparsemax'): it sorts its channels."
        " Instead: activation='softmax'."
    )


REFUSED = {
    "LayerNormalization": ((4, 2), {}),
    "LSTM": ((4, 2), {"units": 3}),
    "EinsumDense": ((4,), {"equation": "ab,bc->ac", "output_shape": 3}),
    "Masking": ((4, 2), {}),
    "Embedding": ((4,), {"input_dim": 3, "output_dim": 2}),
    "RandomCrop": ((4, 4, 2), {"height": 2, "width": 2}),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_layers_that_are_refused_with_a_remedy(keras, sequential, kind):
    shape, settings = REFUSED[kind]
    (problem,) = problems(sequential(shape, getattr(keras.layers, kind)(**settings))).problems
    assert (problem.type, problem.index) == (kind, 1)
    assert (problem.why, problem.instead) == LAYERS[kind]


def test_a_layer_without_handler_and_remedy_is_refused_as_unknown(keras, sequential):
    (problem,) = problems(sequential((4, 4, 3), keras.layers.AutoContrast())).problems
    assert problem.why == "it has no counterpart here"
    assert problem.instead == "the layers that docs/layers.md lists"


def test_a_subclass_is_not_its_parent(keras, sequential):
    class Dense(keras.layers.Dense):
        def call(self, inputs):
            return 2 * super().call(inputs)

    class Own(keras.layers.Layer):
        def call(self, inputs):
            return inputs

    first, second = problems(sequential((4,), Dense(3), Own())).problems
    assert "Dense' is not Keras' own and may compute anything" in first.why
    assert first.instead == "keras.layers.Dense itself"
    assert second.instead == "the layers that docs/layers.md lists"


def test_lambda_and_operation(keras):
    inner = keras.layers.Dense(3, name="inner")
    inputs = keras.Input((3,))
    outputs = keras.layers.Lambda(abs, name="f", output_shape=(3,))(keras.ops.exp(inner(inputs)))
    error = problems(keras.Model(inputs, outputs))
    text = str(error)
    assert "Exp: it is an operation in the model's code, and only x + y, x - y, x * y" in text
    assert "Instead: the layer that computes it: keras.layers.ReLU() for relu." in text
    assert "'f'  Lambda: its computation is Python code, which is not read" in text


@pytest.mark.parametrize(("taken", "given"), [((4,), (4, 1)), ((4, 1), (4,))])
def test_a_nested_model_called_on_another_rank(keras, all_outputs_equal_keras, taken, given):
    def nest(layer):
        inner = keras.Sequential([keras.Input(taken, name="entry"), layer], name="inner")
        outer = keras.Input(given, name="in")
        return keras.Model(outer, inner(outer), name="outer")

    assert all_outputs_equal_keras(nest(keras.layers.Flatten(name="flat"))).outputs
    assert str(problems(nest(keras.layers.Dense(3, name="d")))) == (
        "1 of 2 layers of 'outer' cannot be read.\n"
        f"  layer 1   'inner/entry'  InputLayer: its model takes {taken} and is called on {given},"
        " and Keras tells another shape of what follows than it computes. Instead:"
        f" keras.layers.Reshape({taken}) in front of that model."
    )


def shared(keras, layer, count=2):
    """A model that reads a layer several times, with layers of weights between."""
    x = inputs = keras.Input((3,), name="in")
    for place in range(count):
        x = layer(keras.layers.Dense(3, name=f"d{place}", use_bias=False)(x))
    model = keras.Model(inputs, x)
    draw = np.random.default_rng(0).normal
    model.set_weights([draw(size=array.shape) for array in model.get_weights()])
    return model


def test_a_shared_layer_with_weights_is_read_and_not_converted(keras, equals_keras):
    layer = keras.layers.Dense(3, activation="relu", use_bias=False, name="shared")
    model = shared(keras, layer, 3)
    graph = equals_keras(model)
    assert [node.name for node in graph.nodes if node.origin[-1].name == "shared"] == [
        "shared", "shared/relu", "shared/2", "shared/2/relu", "shared/3", "shared/3/relu",
    ]  # fmt: skip
    with pytest.raises(UnsupportedModelError) as caught:
        annconv.convert(model)
    assert [entry.layer for entry in caught.value.problems if "used in" in entry.why] == ["shared"]
    assert "before it" not in str(caught.value)


def test_layers_without_weights_may_be_used_in_several_places(keras, equals_keras):
    layers = keras.layers
    graph = equals_keras(shared(keras, layers.ReLU(max_value=0.5, name="r"), 3))
    assert [node.name for node in graph.nodes] == ["in", "d0", "r", "d1", "r/2", "d2", "r/3"]
    graph = equals_keras(shared(keras, layers.Dropout(0.5, name="r")))
    assert [node.name for node in graph.nodes] == ["in", "d0", "d1"]
    inputs, relu = keras.Input((4,), name="in"), layers.ReLU(name="r")
    branches = [relu(layers.Dense(3, name=name)(inputs)) for name in ("a", "b")]
    graph = equals_keras(keras.Model(inputs, layers.Concatenate(name="c")(branches)))
    assert graph["c"].inputs == ("r", "r/2")
    assert graph["r/2"].origin[-1].name == "r"


def test_a_network_of_a_model_whose_layers_share_a_relu(keras, tmp_path):
    model = shared(keras, keras.layers.ReLU(name="r"), 3)
    model.save(tmp_path / "model.keras")
    network = annconv.convert(model)
    assert [population.name for population in network.populations] == ["in", "d0", "d1", "d2"]
    assert annconv.convert(tmp_path / "model.keras") == network


def test_a_refused_layer_in_several_places_is_one_problem(keras):
    for layer in (keras.layers.LayerNormalization(), keras.layers.Activation("log_softmax")):
        (problem,) = problems(shared(keras, layer)).problems
        assert "used in" not in problem.why


@pytest.mark.parametrize("policy", ["refuse", "ignore"])
def test_layers_that_are_named_alike(keras, sequential, tmp_path, policy):
    model = sequential((3,), keras.layers.Dense(4, name="a"), keras.layers.Dense(2, name="b"))
    model.layers[1].name = "a"
    model.save(tmp_path / "model.keras")
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(model, on_unsupported=policy)
    text = "layer 2   'a'  Dense: 'a' is also the name of layer 1"
    assert f"{text} (Dense). Instead: a name of its own: layer.name = 'a_2'." in str(caught.value)
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(tmp_path / "model.keras", on_unsupported=policy)
    assert f"{text}. Instead: saving the model with a name for each: layer" in str(caught.value)
    model.layers[1].name = "a_2"
    assert read_model(model, on_unsupported=policy).graph.outputs[0].startswith("a_2")


def test_a_name_that_is_that_of_a_part_of_another_layer(keras, sequential):
    dense = keras.layers.Dense
    model = sequential((3,), dense(4, name="a", activation="relu"), dense(2, name="b"))
    model.layers[1].name = "a/relu"
    (problem,) = problems(model).problems
    assert problem.why == "'a/relu' is also the name of a part of layer 1 (Dense)"
    model.layers[1].name = 7
    assert read_model(model).graph["7"].shape == (2,)


def test_a_layer_that_other_models_use_too_is_read(keras, equals_keras):
    inputs = keras.Input((3,))
    first, second = keras.layers.Dense(4, name="first"), keras.layers.Dense(2, name="second")
    whole = keras.Model(inputs, second(first(inputs)))
    part = keras.Model(inputs, whole.get_layer("first").output)
    again = keras.Sequential([keras.Input((3,)), first, keras.layers.ReLU(), second])
    for model in (whole, part, again):
        equals_keras(model)
    assert read_model(part).graph.outputs == ("first",)


def test_open_shapes_are_refused_and_later_layers_still_checked(keras, sequential):
    layers = keras.layers
    model = sequential(
        (None, None, 1), layers.Conv2D(2, 3, padding="same", activation="sparsemax"),
        layers.MaxPooling2D(),
    )  # fmt: skip
    text = str(problems(model))
    assert (
        "layer 0   'image'  InputLayer(shape=(None, None, 1)): neurons need a fixed number of"
        " inputs. Instead: the same layers on a keras.Input whose shape has no None."
    ) in text
    assert "Conv2D(activation='sparsemax')" in text


@pytest.mark.parametrize("policy", ["bfloat16", "float16"])
def test_number_types_whose_weights_are_short_are_refused(keras, sequential, policy):
    (problem,) = problems(sequential((3,), keras.layers.Dense(2, dtype=policy))).problems
    assert problem.type == f"Dense(dtype={policy!r})"
    assert problem.why == "only float32, float64 and mixed precision are read"
    assert problem.instead == ("the same model and weights built under the dtype policy 'float32'")


def test_integer_inputs_are_refused(keras):
    inputs = keras.Input((3,), dtype="uint8")
    text = str(problems(keras.Model(inputs, keras.layers.Flatten()(inputs))))
    assert "InputLayer(dtype='uint8')" in text


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_quantised_layers_are_refused(keras, sequential, tmp_path, suffix):
    model = sequential((3,), keras.layers.Dense(2, name="d"))
    kernel = model.layers[0].get_weights()[0]
    layer = model.layers[0]
    layer.quantize("int8")
    model.save(tmp_path / f"model{suffix}")
    for source, setting in (
        (model, "(dtype='int8_from_float32')"),
        (tmp_path / f"model{suffix}", ""),
    ):
        (problem,) = problems(source).problems
        assert problem.type == f"Dense{setting}"
        assert problem.why == "its weights are quantised (int8)"
        assert problem.instead == (
            "the model as it was before quantize('int8'), or the same layer in float32 whose kernel"
            " is layer.kernel / layer.kernel_scale"
        )
    restored = np.asarray(layer.kernel) / np.asarray(layer.kernel_scale)
    np.testing.assert_allclose(restored, kernel, atol=np.abs(kernel).max() / 127)
    layer.enable_lora(1)
    (problem,) = problems(model).problems
    assert problem.instead == "the model as it was before quantize('int8')"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(keras, sequential, value):
    model = sequential((3,), keras.layers.Dense(2))
    kernel = np.ones((3, 2))
    kernel[1] = value
    model.layers[0].set_weights([kernel, np.ones(2)])
    (problem,) = problems(model).problems
    assert problem.why == "2 of 6 numbers in its weights (3, 2) are not finite"
    assert problem.instead == "an earlier checkpoint, or training with a smaller learning rate"


@pytest.mark.parametrize("use_bias", [True, False])
def test_layers_with_lora_are_refused_and_the_way_out_is_right(
    keras, sequential, equals_keras, use_bias
):
    dense = keras.layers.Dense
    model = sequential((3,), dense(4, name="d", use_bias=use_bias), dense(2, name="e"))
    layer = model.layers[0]
    layer.enable_lora(2)
    layer.lora_kernel_b.assign(np.ones((2, 4)))
    (problem,) = problems(model).problems
    named = "[layer.kernel, layer.bias]" if use_bias else "[layer.kernel]"
    assert problem.type == "Dense(lora_rank=2)"
    assert problem.why == "its kernel is the sum of two parts"
    assert problem.instead == (
        f"the same layer without LoRA and set_weights({named}) on it: layer.kernel is the sum"
    )
    again = sequential((3,), dense(4, name="d", use_bias=use_bias), dense(2, name="e"))
    again.layers[0].set_weights([layer.kernel, layer.bias] if use_bias else [layer.kernel])
    again.layers[1].set_weights(model.layers[1].get_weights())
    equals_keras(again)
    sample = np.ones((1, 3), np.float32)
    np.testing.assert_allclose(again(sample), model(sample), rtol=1e-5, atol=1e-6)


def test_a_setting_that_no_handler_reads_is_refused(keras, sequential, monkeypatch):
    told = keras.layers.Dense.get_config
    monkeypatch.setattr(
        keras.layers.Dense, "get_config", lambda layer: {**told(layer), "flavour": "odd"}
    )
    text = str(problems(sequential((3,), keras.layers.Dense(2, name="dense"))))
    assert "Dense(flavour='odd'): this setting is not read. Instead: leaving it at" in text


def test_odd_names_survive(keras):
    names = ['x"); system("true"); \\', "a b\n*\\", "größe", "0"]
    inputs = keras.Input((3,), name=names[0])
    x = keras.layers.Dense(3, activation="relu", name=names[1])(inputs)
    x = keras.layers.ReLU(name=names[2])(x)
    graph = read_model(keras.Model(inputs, keras.layers.Dense(2, name=names[3])(x))).graph
    assert [layer.name for layer in graph.layers] == names
    assert [node.name for node in graph.nodes] == [*names[:2], f"{names[1]}/relu", *names[2:]]


def test_branches_are_followed_and_identities_passed_through(keras, equals_keras):
    layers = keras.layers
    inputs = keras.Input((4,), name="in")
    a = layers.Dropout(0.5)(layers.Dense(3, name="a")(inputs))
    b = layers.Activation("linear")(layers.Dense(3, name="b", activation="relu")(inputs))
    graph = equals_keras(keras.Model(inputs, layers.Dropout(0.1)(layers.Add(name="sum")([a, b]))))
    assert graph["sum"].inputs == ("a", "b/relu")
    assert graph.outputs == ("sum",)
