"""Checks of configurations, without Keras: what is refused here is refused before it is built."""

import copy

import pytest

from annconv.errors import UnsupportedModelError
from annconv.frontend.configuration import (
    MalformedConfigurationError,
    check_configuration,
    renewed,
)
from annconv.frontend.remedies import OPERATION

INITIALISER = {"module": "keras.initializers", "class_name": "Zeros", "config": {}}


def layer(kind, name, module="keras.layers", **config):
    return {
        "module": module, "class_name": kind, "registered_name": None, "name": name,
        "config": {"name": name, "bias_initializer": INITIALISER, **config},
    }  # fmt: skip


def model(*layers, kind="Sequential"):
    first = layer("InputLayer", "in", batch_shape=[None, 3])
    return {
        "module": "keras", "class_name": kind, "registered_name": kind,
        "config": {"name": "m", "layers": [first, *layers]},
        "compile_config": {"loss": {"module": "own", "class_name": "Loss", "config": {}}},
    }  # fmt: skip


def refused(configuration):
    with pytest.raises(UnsupportedModelError) as caught:
        check_configuration(configuration)
    return caught.value


def test_keras_own_layers_pass_and_the_compilation_is_not_looked_at():
    check_configuration(model(layer("Dense", "d", activation="relu"), layer("LSTM", "l")))
    check_configuration(model(layer("Dense", "d", activation=None), kind="Functional"))
    leaky = {"module": "keras.layers", "class_name": "LeakyReLU", "config": {}}
    check_configuration(model(layer("Dense", "d", activation=leaky)))
    function = {"module": "keras.activations", "class_name": "function", "config": "gelu"}
    check_configuration(model(layer("Dense", "d", activation=function)))


def test_a_list_of_layers_as_old_releases_wrote_it():
    check_configuration({"class_name": "Sequential", "config": [layer("Dense", "d", module=None)]})


def test_everything_foreign_is_listed_with_what_no_handler_reads():
    error = refused(
        model(
            layer("Lambda", "f", function={"class_name": "__lambda__", "config": {}}),
            layer("Dense", "d", activation="glu"),
            layer("Mine", "x", module="package.layers"),
            layer("LSTM", "l"),
            layer("Activation", "a", activation="my_function"),
        )
    )
    assert [str(problem).split(":")[0] for problem in error.problems] == [
        "layer 1   'f'  Lambda",
        "layer 2   'd'  Dense(activation='glu')",
        "layer 3   'x'  Mine",
        "layer 4   'l'  LSTM",
        "layer 5   'a'  Activation('my_function')",
    ]
    text = str(error)
    assert text.startswith("5 of 6 layers of 'm' cannot be read.")
    assert "its computation is Python code, which is not read and, from a file, never run" in text
    assert "Instead: a layer of Keras, or Activation." in text
    assert "its class 'package.layers.Mine' is not Keras' own and may compute anything" in text
    assert (
        "it is not one of Keras' own activation functions. Instead: load the file where that"
        " function is known, set layer.activation = keras.activations.relu, if that computes the"
        " same, and save it again; else retrain with 'relu'."
    ) in text


@pytest.mark.parametrize(
    ("entry", "shown"),
    [
        ({"module": "os", "class_name": "function", "config": "system"}, "os.function"),
        ({"module": "builtins", "class_name": "function", "config": "eval"}, "builtins.function"),
        ({"module": "keras.utils", "class_name": "function", "config": "get_file"},
         "keras.utils.function"),
        ({"class_name": "__lambda__", "config": {"value": "gASV"}}, "__lambda__"),
        ({"module": "keras.layers", "class_name": "TFSMLayer", "config": {}},
         "keras.layers.TFSMLayer"),
        ({"module": "keras.layers", "class_name": "Lambda", "config": {}}, "keras.layers.Lambda"),
        ({"module": "kerasx", "class_name": "Zeros", "config": {}}, "kerasx.Zeros"),
        ({"module": "keras.initializers", "class_name": "Zeros", "registered_name": "p>Zeros"},
         "keras.initializers.Zeros"),
        ({"class_name": "TypeSpec", "type_spec": "x", "serialized": []}, "TypeSpec"),
        ({"class_name": "Zeros", "config": {}, "__passive_serialization__": True}, "Zeros"),
        ({"class_name": "function", "config": [{}], "module": "builtins"}, "builtins.function"),
        ({"class_name": 3, "config": {}}, "3"),
        ({"class_name": ["Zeros"], "config": {}}, "['Zeros']"),
        ({"class_name": "Zeros", "module": ["keras"]}, "['keras'].Zeros"),
    ],
)  # fmt: skip
def test_foreign_parts_of_a_layer_are_found_wherever_they_are(entry, shown):
    for place in ("config", "inbound_nodes", "build_config"):
        dense = layer("Dense", "d")
        if place == "config":
            dense["config"]["kernel_initializer"] = {"config": [[{"x": entry}]]}
        else:
            dense[place] = [{"args": [entry]}]
        (problem,) = refused(model(dense)).problems
        assert (problem.index, problem.layer) == (1, "d")
        assert problem.why == (
            f"its settings name {shown!r}, which is not a part that is safe to build from a file"
        )
        assert problem.instead == "settings of Keras' own"


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (layer("Dense", "d", module="keras.layers") | {"registered_name": "pkg>Dense"},
         "its class 'pkg>Dense' is not Keras' own and may compute anything"),
        (layer("pkg>Dense", "d", module=None),
         "it has no counterpart here"),
        (layer("Dense", "d", module="keras_hub.layers"),
         "its class 'keras_hub.layers.Dense' is not Keras' own and may compute anything"),
        (layer("StringLookup", "d"), "it has no counterpart here"),
        (layer("TFSMLayer", "d"), "it has no counterpart here"),
        (layer("Functional", "d", module="keras_hub.models"),
         "its class 'keras_hub.models.Functional' is not Keras' own and may compute anything"),
        (layer("Exp", "d", module="keras.src.ops.numpy"), OPERATION.why),
        (layer("Add", "d", module="keras.src.ops.numpy.own"), OPERATION.why),
        (layer("Add", "d", module="own.ops.numpy"),
         "its class 'own.ops.numpy.Add' is not Keras' own and may compute anything"),
    ],
)  # fmt: skip
def test_layers_that_are_not_built(entry, why):
    (problem,) = refused(model(entry)).problems
    assert problem.why == why


def function(name, module="builtins", registered="function"):
    """A function as Keras saves one that is not its own."""
    return {
        "module": module, "class_name": "function", "config": name, "registered_name": registered,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("saved", "name"),
    [
        ("softmax_v2", "softmax"),
        (function("softmax_v2"), "softmax"),
        (function("relu"), "relu"),
        (function("relu", registered=None), "relu"),
        (function("swish", module="keras.activations", registered="swish"), "swish"),
    ],
)
def test_functions_of_keras_get_the_name_that_they_have_there(saved, name):
    before = model(layer("Dense", "a"), layer("Dense", "d", activation=saved))
    kept = copy.deepcopy(before)
    after = renewed(before)
    assert before == kept
    assert after == model(layer("Dense", "a"), layer("Dense", "d", activation=name))
    assert renewed(after) is after


def test_a_list_of_layers_is_renewed_as_well():
    old = {"class_name": "Sequential", "config": [layer("Dense", "d", activation="softmax_v2")]}
    assert renewed(old)["config"] == [layer("Dense", "d", activation="softmax")]


@pytest.mark.parametrize("value", [None, [], {}, {"config": 3}, {"config": [3, {"config": []}]}])
def test_what_is_no_configuration_is_not_renewed(value):
    assert renewed(value) is value


@pytest.mark.parametrize(
    ("saved", "shown", "nearest"),
    [
        (function("mine"), "mine", "relu"),
        (function("relu", registered="package>relu"), "package>relu", "relu"),
        (function("softmax", registered="package>softmax"), "package>softmax", "softmax"),
        ("package>softmax_v2", "package>softmax_v2", "softmax"),
        ({"value": ["4wEA", None, None]}, "<lambda>", "relu"),
        ({"class_name": "__lambda__", "config": {"value": "4wEA"}}, "<lambda>", "relu"),
    ],
)
def test_functions_that_are_not_of_keras_are_refused_by_name(saved, shown, nearest):
    configuration = model(layer("Dense", "d", activation=saved))
    assert renewed(configuration) is configuration
    (problem,) = refused(configuration).problems
    assert problem.type == f"Dense(activation={shown!r})"
    assert f"set layer.activation = keras.activations.{nearest}, if" in problem.instead


def nested(name, *layers, kind="Functional", **further):
    """A model in the model, as Keras saves it."""
    entry = layer(kind, name, module="keras.src.models", layers=list(layers))
    return {**entry, "registered_name": kind, **further}


def wrapped(name, inner):
    return layer("TimeDistributed", name, layer=inner)


def test_models_in_the_model_and_wrappers_are_checked_as_the_model_is():
    harmless = nested("n", layer("Dense", "a"), wrapped("t", layer("LSTM", "l")))
    found = check_configuration(model(nested("deep", harmless), layer("Dense", "d")))
    assert [(problem.index, problem.layer) for problem in found] == [(1, "deep/n/t/l")]
    error = refused(
        model(
            nested(
                "n", layer("Lambda", "f"), nested("m", wrapped("t", layer("Mine", "x", module="p")))
            ),
            wrapped("w", layer("Dense", "d", activation="mine")),
            wrapped("v", nested("s", layer("Dense", "d", bias_initializer={"class_name": "Own"}))),
        )
    )
    assert [str(problem).split(":")[0] for problem in error.problems] == [
        "layer 1   'n/f'  Lambda",
        "layer 1   'n/m/t/x'  Mine",
        "layer 2   'w/d'  Dense(activation='mine')",
        "layer 3   'v/s/d'  Dense",
    ]


def test_settings_of_models_in_the_model_are_checked():
    foreign = {"module": "own", "class_name": "Loss", "config": {}}
    (problem,) = refused(model(nested("n", layer("Dense", "d"), build_config=foreign))).problems
    assert (problem.layer, problem.type) == ("n", "Functional")
    (problem,) = refused(model(nested("n", layer("Dense", "d"), compile_config=foreign))).problems
    assert "'own.Loss'" in problem.why


def test_layers_of_one_name_in_a_model_in_the_model():
    inner = nested("n", layer("Dense", "a"), layer("ReLU", "a"))
    (problem,) = refused(model(layer("Dense", "a"), inner)).problems
    assert (problem.index, problem.layer) == (2, "n/a")
    assert problem.why == "'a' is also the name of another layer of 'n'"


@pytest.mark.parametrize("entry", [nested("n") | {"config": {}}, wrapped("t", 3), wrapped("t", {})])
def test_models_in_the_model_that_hold_no_layers(entry):
    with pytest.raises(MalformedConfigurationError, match="layers"):
        check_configuration(model(entry))


def test_models_in_the_model_are_renewed_and_not_compiled():
    def build(activation, **further):
        inner = nested("n", layer("Dense", "d", activation=activation), **further)
        return model(wrapped("t", inner), wrapped("u", layer("Dense", "e", activation=activation)))

    assert renewed(build("softmax_v2", compile_config={"loss": "mse"})) == build("softmax")
    plain = build("softmax")
    assert renewed(plain) is plain


def test_deep_models_in_models_are_checked_to_the_end():
    deep = layer("Lambda", "f")
    for _ in range(2_000):
        deep = nested("n", deep)
    (problem,) = refused(renewed(model(deep))).problems
    assert problem.layer.endswith("n/n/f")


def test_layers_of_one_name_are_refused():
    (problem,) = refused(
        model(layer("Dense", "a"), layer("Dense", "b"), layer("ReLU", "a"))
    ).problems
    assert (problem.index, problem.layer) == (3, "a")
    assert problem.why == "'a' is also the name of layer 1"
    unnamed = [{"class_name": "Dense", "config": {}}] * 2
    check_configuration({"class_name": "Sequential", "config": unnamed})


def test_parts_of_the_model_itself_are_checked():
    configuration = model(layer("Dense", "d"))
    configuration["config"]["dtype"] = {"module": "x", "class_name": "Policy", "config": {}}
    (problem,) = refused(configuration).problems
    assert (problem.index, problem.layer, problem.type) == (0, "m", "Sequential")


@pytest.mark.parametrize(
    "change",
    [{"class_name": "Own"}, {"module": "package"}, {"registered_name": "package>Sequential"}],
)
def test_subclassed_models(change):
    (problem,) = refused(model(layer("Dense", "d")) | change).problems
    assert problem.why == "a subclassed model keeps its computation in code"


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        ([], "it does not name the class of the model"),
        ({}, "it does not name the class of the model"),
        ({"class_name": 1}, "it does not name the class of the model"),
        ({"class_name": "Sequential"}, "it has no list of layers"),
        ({"class_name": "Sequential", "config": {}}, "it has no list of layers"),
        ({"class_name": "Sequential", "config": {"layers": [3]}}, "it has no list of layers"),
        ({"class_name": "Sequential", "config": [{"config": {}}]},
         "entry 0 of its layers names no class"),
        ({"class_name": "Sequential", "config": [{"class_name": "Dense"}]},
         "entry 0 of its layers has no settings"),
    ],
)  # fmt: skip
def test_configurations_of_another_form(configuration, text):
    with pytest.raises(MalformedConfigurationError) as caught:
        check_configuration(copy.deepcopy(configuration))
    assert str(caught.value) == text


def test_deep_nesting_needs_no_recursion():
    deep = {"class_name": "Zeros", "config": {}}
    for _ in range(20_000):
        deep = [deep]
    check_configuration(model(layer("Dense", "d", kernel_initializer=deep)))
