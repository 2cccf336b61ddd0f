"""Models that are read and that preset `annarchy` has no networks for: each layer's reason."""

import importlib
import os

import numpy as np
import pytest

import annconv
from annconv.conversion.annarchy.structure import structure_refusals
from annconv.errors import ConversionWarning, UnsupportedModelError

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def keras():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    return importlib.import_module("keras")


def refused(model):
    """Layer, reason and remedy of every problem; the model itself is read."""
    refusals = structure_refusals(annconv.read(model))
    found = [(entry.origin.name, entry.why) for entry in refusals]
    with pytest.raises(UnsupportedModelError) as caught:
        annconv.convert(model)
    listed = [parts(entry) for entry in caught.value.problems]
    assert set(found) <= {entry[:2] for entry in listed}
    return listed


def parts(entry):
    return entry.layer, entry.why, entry.instead.removesuffix(", or preset='rate'")


def dense(keras, units, name):
    return keras.layers.Dense(units, "relu", use_bias=False, name=name)


def test_several_inputs_and_outputs(keras):
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    a, b = dense(keras, 2, "a")(left), dense(keras, 2, "b")(right)
    listed = refused(keras.Model([left, right], [a, b]))
    assert ("right", "it is one of 2 inputs", "one input that holds them all") in listed
    assert (
        "b", "it is one of 2 outputs", "keras.Model(model.inputs, model.outputs[0])",
    ) in listed  # fmt: skip


def test_nested_models_and_wrappers_are_named_once(keras):
    inner = keras.Sequential([keras.Input((4,)), dense(keras, 4, "a"), dense(keras, 4, "b")])
    inner.name = "inner"
    x = keras.Input((3, 4), name="x")
    made = keras.layers.TimeDistributed(inner, name="each")(x)
    flat = keras.layers.Flatten(name="flat")(made)
    last = keras.Sequential([keras.Input((12,)), dense(keras, 4, "c")], name="last")
    assert refused(keras.Model(x, dense(keras, 2, "d")(last(flat)))) == [
        (
            "each",
            "no population repeats another one for each step of a sequence",
            "Conv1D over that axis",
        ),
        (
            "last",
            "populations are those of one flat model",
            "calling the inner model's layers one by one in one model",
        ),
    ]


@pytest.mark.parametrize("kind", ["Dense", "Conv1D"])
def test_shared_layers(keras, kind):
    settings = {"activation": "relu", "use_bias": False, "name": "s"}
    if kind == "Conv1D":
        settings["kernel_size"] = 1
    shared = getattr(keras.layers, kind)(4, **settings)
    x = keras.Input((3, 4), name="x")
    model = keras.Model(x, dense(keras, 2, "d")(keras.layers.Flatten()(shared(shared(x)))))
    assert refused(model) == [
        (
            "s",
            "it is used in 2 places",
            "a layer of its own for each place, with equal weights (set_weights)",
        )
    ]


def test_channels_first(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((2, 6, 6), name="x"),
            layers.Conv2D(
                2, 3, activation="relu", use_bias=False, data_format="channels_first", name="c"
            ),
            layers.Flatten(),
            dense(keras, 2, "d"),
        ]
    )
    listed = refused(model)
    assert (
        "c",
        "populations keep channels last",
        "data_format='channels_last', the weights stay as they are",
    ) in listed
    assert {layer for layer, _, _ in listed} == {"c"}


def test_ignored_models_stay_one_chain(keras):
    inner = keras.Sequential([keras.Input((4,)), dense(keras, 3, "a")], name="inner")
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = dense(keras, 4, "s")
    outputs = dense(keras, 2, "d")(keras.layers.Add()([shared(left), shared(right)]))
    model = keras.Model([left, right], [outputs, inner(right)])
    with pytest.warns(ConversionWarning) as caught:
        network = annconv.convert(model, on_unsupported="ignore")
    text = str(caught[0].message)
    for part in ("one of 2 inputs", "one of 2 outputs", "used in 2 places", "'inner'"):
        assert part in text
    assert [entry.name for entry in network.populations] == ["left", "s", "d"]
    kernel = network.projections[0].operators[0].weights
    np.testing.assert_array_equal(kernel, keras.ops.convert_to_numpy(shared.kernel))
