"""read, evaluate, convert, save, load, compile: one after the other, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from zoo import dense, samples

import annconv
from annconv.errors import (
    ConversionWarning,
    EquationError,
    InputError,
    ModelFileError,
    OptionError,
    UnsupportedModelError,
)
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.options import PRECISIONS
from annconv.readouts import READOUTS
from annconv.reference.network import run_network

keras_needed = pytest.mark.keras


@pytest.mark.parametrize(
    ("function", "choices"),
    [
        (annconv.compile, PRECISIONS),
        (annconv.convert, (*ENCODINGS, *HIDDEN, *READOUTS)),
        (annconv.ANNtoSNNConverter.__init__, (*ENCODINGS, *HIDDEN, *READOUTS)),
    ],
)
def test_what_may_be_chosen_is_documented(function: Any, choices: tuple[str, ...]) -> None:
    assert [name for name in choices if f'"{name}"' not in (function.__doc__ or "")] == []


@keras_needed
def test_a_model_that_no_preset_converts_is_read_and_evaluated(keras: ModuleType) -> None:
    layers = keras.layers
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    joined = layers.Add(name="sum")([layers.Dense(3, name="d")(left), right])
    model = keras.Model([left, right], [joined, layers.ReLU(name="r")(joined)])
    graph = annconv.read(model)
    assert type(graph) is annconv.Graph
    generator = np.random.default_rng(0)
    given = {name: generator.normal(size=(4, 3)).astype("float32") for name in ("right", "left")}
    values = annconv.evaluate(graph, given)
    expected = [np.asarray(value) for value in model([given["left"], given["right"]])]
    for name, value in zip(graph.outputs, expected, strict=True):
        assert values[name].dtype == np.float64
        np.testing.assert_allclose(values[name], value, atol=1e-6)
    assert set(values) == {node.name for node in graph.nodes}


@keras_needed
def test_reading_tells_everything_at_once(keras: ModuleType, tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((4, 2)),
            keras.layers.LSTM(3, name="l"),
            keras.layers.Dense(2, dtype="float16"),
        ]
    )
    with pytest.raises(UnsupportedModelError, match="2 of 3 layers") as caught:
        annconv.read(model)
    assert [problem.index for problem in caught.value.problems] == [1, 2]
    with pytest.raises(ModelFileError, match="there is no such file"):
        annconv.read(tmp_path / "none.keras")
    with pytest.raises(InputError, match="model: expected a path or a Keras 3 model"):
        annconv.read(3)


@keras_needed
def test_a_simplified_graph_has_the_same_outputs(keras: ModuleType) -> None:
    layers = keras.layers
    head = [layers.Dense(4, name="d"), layers.BatchNormalization(name="bn"), layers.ReLU(name="r")]
    model = keras.Sequential([keras.Input((3,), name="x"), *head, layers.Dense(2, name="out")])
    for index, weights in enumerate(model.weights):
        weights.assign(
            np.linspace(0.5, 1.5 + index, int(np.prod(weights.shape))).reshape(weights.shape)
        )
    graph = annconv.read(model)
    simple = annconv.simplify(graph)
    assert [node.name for node in simple.nodes][-3:] == ["r", "out", "out/bias"]
    assert len(simple.nodes) == len(graph.nodes) - 2
    assert annconv.simplify(simple) is simple
    given = np.random.default_rng(0).normal(size=(4, 3))
    values, same = annconv.evaluate(graph, given), annconv.evaluate(simple, given)
    for name in ("bn/bias", "r", "out/bias"):
        np.testing.assert_allclose(same[name], values[name], rtol=1e-12)


@pytest.mark.parametrize("name", ["evaluate", "simplify"])
def test_what_is_no_graph_is_refused(name: str) -> None:
    with pytest.raises(InputError) as caught:
        getattr(annconv, name)(dense(), *([np.zeros((1, 3))] if name == "evaluate" else []))
    assert str(caught.value) == (
        f"annconv.{name}: expected a Graph, made by annconv.read, received Network."
    )


@keras_needed
@pytest.mark.compiles
def test_from_model_to_labels(
    keras: ModuleType, small_file: Path, tmp_path: Path, pictures: np.ndarray
) -> None:
    network = annconv.convert(small_file, input_encoding="IB", steps=30)
    assert network.steps == 30
    annconv.save(network, tmp_path / "small.snn")
    loaded = annconv.load(str(tmp_path / "small.snn"))
    assert loaded == network
    compiled = annconv.compile(loaded, precision="double", threads=2)
    expected = run_network(network, pictures, steps=30)
    result = compiled.run(pictures)
    np.testing.assert_array_equal(result.counts, expected.counts)
    np.testing.assert_array_equal(compiled.predict(pictures), expected.labels)
    assert type(compiled) is annconv.CompiledNetwork
    assert type(result) is annconv.RunResult


@keras_needed
def test_a_model_and_its_file_give_equal_networks(small_model: Any, small_file: Path) -> None:
    assert annconv.convert(small_model, input_encoding="IB") == annconv.convert(
        str(small_file), input_encoding="IB"
    )


@keras_needed
@pytest.mark.compiles
def test_the_warning_names_the_line_that_asked(keras: ModuleType) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation="tanh")])
    with pytest.warns(ConversionWarning, match="Ignored 1 property of") as functional:
        annconv.convert(model, on_unsupported="ignore")
    converter = annconv.ANNtoSNNConverter(on_unsupported="ignore")
    with pytest.warns(ConversionWarning, match="Ignored 1 property of") as drop_in:
        converter.load_keras_model(model, show_info=False)
    assert {entry.filename for entry in (*functional, *drop_in)} == {__file__}


@pytest.mark.compiles
def test_loading_and_running_need_no_keras(tmp_path: Path, root_folder: Path) -> None:
    annconv.save(dense(), tmp_path / "dense.snn")
    np.save(tmp_path / "x.npy", samples(dense()))
    program = (
        "import sys; sys.path.insert(0, '.')\n"
        "import numpy, annconv\n"
        "folder = sys.argv[1]\n"
        "compiled = annconv.compile(annconv.load(folder + '/dense.snn'), precision='double')\n"
        "print(compiled.predict(numpy.load(folder + '/x.npy'), seed=1).tolist())\n"
        "print(sorted({'keras', 'tensorflow', 'sympy', 'matplotlib'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        cwd=root_folder,
        check=True,
        capture_output=True,
        text=True,
    )
    expected = run_network(dense(), samples(dense()), steps=25, seed=1).labels.tolist()
    assert done.stdout.splitlines() == [str(expected), "[]"]


def test_options_are_checked_before_a_model_is_read() -> None:
    with pytest.raises(OptionError, match="input_encoding: unknown value 'XY'"):
        annconv.convert("missing.keras", input_encoding="XY")
    with pytest.raises(OptionError, match="preset: unknown value 'anarchy'. Nearest: 'annarchy'"):
        annconv.convert("missing.keras", preset="anarchy")
    neuron = annconv.Neuron(equations="v = tua + rates", parameters="rates = 0.0")
    with pytest.raises(EquationError, match="unknown name 'tua'"):
        annconv.convert("missing.keras", input_encoding=neuron)
    with pytest.raises(OptionError) as caught:
        annconv.convert("missing.keras", hiden_neuron="IaF", calibration=[[1.0]], steps=0)
    unknown, of_another, steps = caught.value.faults
    assert steps.startswith("steps: expected a whole number from 1")
    told = "hiden_neuron: preset 'annarchy' has no such option. Nearest: 'hidden_neuron'."
    assert unknown.startswith(told)
    told = "calibration: preset 'annarchy' has no such option. Leave it out; it belongs to preset"
    assert of_another == f"{told} 'rate'."


@pytest.mark.parametrize("steps", [0, -1, 2.0, "10", True])
def test_bad_steps(steps: Any) -> None:
    with pytest.raises(OptionError, match="steps: expected a whole number from 1"):
        annconv.convert("missing.keras", steps=steps)


@pytest.mark.parametrize("given", [None, "dense.snn", 3, [dense()]])
def test_compile_and_save_want_a_network(given: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="made by annconv.convert or annconv.load, received"):
        annconv.compile(given)
    with pytest.raises(InputError, match="annconv.save: expected a Network, made by annconv.conv"):
        annconv.save(given, tmp_path / "one.snn")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("disable", ["livenes", ["tile_steps", "livenes"]])
def test_passes_to_be_switched_off_are_handed_on(disable: Any) -> None:
    with pytest.raises(OptionError, match="disable: unknown pass 'livenes'. Nearest: 'liveness'"):
        annconv.compile(dense(), disable=disable)


def test_files_that_are_no_networks(tmp_path: Path) -> None:
    annconv.save(dense(), tmp_path / "whole.snn")
    content = (tmp_path / "whole.snn").read_bytes()
    flipped = bytearray(content)
    flipped[-3] ^= 1
    for name, damaged in (("cut", content[:-5]), ("flipped", bytes(flipped)), ("empty", b"")):
        path = tmp_path / f"{name}.snn"
        path.write_bytes(damaged)
        with pytest.raises(ModelFileError, match=str(path)):
            annconv.load(path)
    assert annconv.load(tmp_path / "whole.snn") == dense()


@pytest.mark.compiles
def test_a_user_edits_a_weight_and_compiles_again() -> None:
    """Structure is code, everything else is data: no compiler runs."""
    network = dense()
    first = annconv.compile(network, precision="double", threads=1)
    populations = list(network.populations)
    populations[1] = replace(populations[1], parameters={"vt": np.array(2.5)})
    changed = replace(network, populations=tuple(populations))
    second = annconv.compile(changed, precision="double", threads=1)
    assert type(second._native) is type(first._native)
    x = samples(network)
    expected = run_network(changed, x, steps=25).counts
    np.testing.assert_array_equal(second.run(x).counts, expected)
    assert not np.array_equal(first.run(x).counts, expected)


@keras_needed
def test_one_error_lists_everything_that_cannot_be_converted(keras: ModuleType) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, bias_initializer="ones", name="biased"),
            layers.BatchNormalization(name="norm"),
            layers.Activation("tanh", name="tanh"),
            layers.Dense(5, use_bias=False, name="linear"),
            layers.Dense(5, use_bias=False, name="deep"),
            layers.ReLU(6.0, name="six"),
            layers.Dense(2, use_bias=False, activation="softmax", name="out"),
        ]
    )
    with pytest.raises(UnsupportedModelError) as caught:
        annconv.convert(model, threshold_step=0.21)
    assert [(entry.layer, entry.type, entry.why) for entry in caught.value.problems] == [
        ("biased", "Dense", "it adds a bias, and no neuron here has one"),
        ("norm", "BatchNormalization", "it scales and shifts channels, and no neuron here does"),
        ("tanh", "Activation('tanh')", "no neuron here has this response"),
        (
            "linear",
            "Dense",
            "its values can be negative, and no ReLU follows before the next layer",
        ),
        ("deep", "Dense", "its threshold would be -0.05, and must be above 0"),
        ("six", "ReLU(max 6)", "no neuron here saturates at a value"),
    ]
    with pytest.raises(UnsupportedModelError) as deep:
        annconv.convert(model, threshold_step=0.21, on_unsupported="ignore")
    assert [entry.layer for entry in deep.value.problems] == ["deep"]


@keras_needed
def test_layers_that_are_read_and_that_no_network_of_this_preset_has(keras: ModuleType) -> None:
    layers = keras.layers
    stack = [
        layers.Rescaling(1 / 255),
        layers.ZeroPadding2D(1),
        layers.SeparableConv2D(2, 3, use_bias=False, activation="relu"),
        layers.Conv2D(2, 3, use_bias=False),
        layers.BatchNormalization(moving_mean_initializer="ones"),
        layers.ReLU(),
        layers.UpSampling2D(2),
        layers.Cropping2D(1),
        layers.Conv2DTranspose(2, 3, use_bias=False),
        layers.PReLU(),
        layers.Resizing(5, 5),
        layers.Permute((2, 1, 3)),
        layers.AdaptiveMaxPooling2D(3),
        layers.Flatten(),
        layers.Dense(4, use_bias=False, activation="gelu"),
        layers.Dense(2, use_bias=False),
        layers.ELU(),
    ]
    model = keras.Sequential([keras.Input((12, 12, 1)), *stack])
    with pytest.raises(UnsupportedModelError) as caught:
        annconv.convert(model)
    assert [(entry.type, entry.why) for entry in caught.value.problems] == [
        ("Rescaling", "it scales samples, and input neurons take them as they are"),
        ("ZeroPadding2D", "no projection here pads by itself"),
        ("SeparableConv2D", "it is two convolutions, and no ReLU stands between them"),
        ("BatchNormalization", "it scales and shifts channels, and no neuron here does"),
        ("UpSampling2D", "no projection here enlarges what it reads"),
        ("Cropping2D", "parts of a map cannot be left out"),
        ("Conv2DTranspose", "no projection here enlarges what it reads"),
        ("PReLU", "no neuron here passes on negative values"),
        ("Resizing", "no projection here resizes what it reads"),
        ("Permute", "axes cannot change places"),
        ("AdaptiveMaxPooling2D", "its windows differ in size"),
        ("Dense('gelu')", "no neuron here has this response"),
        ("ELU('elu')", "no neuron here has this response"),
    ]


@keras_needed
def test_layers_that_are_others_in_disguise(keras: ModuleType) -> None:
    layers = keras.layers
    kernel = np.random.default_rng(0).normal(size=(3, 3, 2, 3)).astype(np.float32)
    options = {"use_bias": False, "activation": "relu"}
    pairs = (
        (layers.DepthwiseConv2D(3, depth_multiplier=3, **options), layers.GlobalAveragePooling2D()),
        (layers.Conv2D(6, 3, groups=2, **options), layers.AveragePooling2D(4)),
    )
    networks = []
    for first, pool in pairs:
        last = layers.Dense(2, use_bias=False, kernel_initializer="ones")
        stack = [first, pool, layers.Flatten(), last]
        for layer, name in zip(stack, "abcd", strict=True):
            layer.name = name
        model = keras.Sequential([keras.Input((6, 6, 2), name="in"), *stack], name="model")
        first.set_weights([kernel.reshape(first.get_weights()[0].shape)])
        networks.append(annconv.convert(model))
    plain = networks[1]
    assert [p.name for p in networks[0].populations] == [p.name for p in plain.populations]
    x = np.random.default_rng(1).uniform(size=(2, 6, 6, 2))
    runs = [run_network(network, x, steps=40, seed=3).counts for network in networks]
    assert runs[0].any()
    np.testing.assert_array_equal(*runs)


@keras_needed
def test_one_error_lists_what_is_known_of_a_model_that_is_no_chain(keras: ModuleType) -> None:
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    shared = layers.Dense(4, activation="relu", use_bias=False, name="shared")
    product = layers.Multiply(name="product")([shared(left), shared(right)])
    last = layers.Dense(2, bias_initializer="ones", activation="tanh", name="last")(product)
    with pytest.raises(UnsupportedModelError) as caught:
        annconv.convert(keras.Model([left, right], last))
    found = [(entry.layer, entry.why) for entry in caught.value.problems]
    indices = [entry.index for entry in caught.value.problems]
    assert indices == sorted(indices)
    assert sorted(found) == [
        ("last", "it adds a bias, and no neuron here has one"),
        ("last", "no neuron here has this response"),
        ("product", "it joins branches, and populations form one chain"),
        ("right", "it is one of 2 inputs"),
        ("shared", "it is used in 2 places"),
    ]


def test_scale_factors_without_normalisation_are_refused() -> None:
    with pytest.raises(OptionError) as caught:
        annconv.convert("missing.keras", scale_factor=2, input_encoding="XY")
    encoding, factor = caught.value.faults
    assert encoding.startswith("input_encoding: unknown value 'XY'")
    assert factor == (
        "scale_factor: expected None with normalize=None, received 2, which has an effect only "
        "with normalize='model'. Use that, or leave scale_factor out."
    )


@keras_needed
@pytest.mark.compiles
def test_a_dense_on_a_map_is_a_dense(keras: ModuleType) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((3, 4), name="in"),
            layers.Dense(5, use_bias=False, activation="relu", name="a"),
            layers.Dense(2, use_bias=False, name="b"),
        ]
    )
    generator = np.random.default_rng(4)
    for layer in model.layers:
        layer.set_weights([generator.normal(0.2, 0.4, w.shape) for w in layer.get_weights()])
    network = annconv.convert(model, input_encoding="IB")
    assert [entry.name for entry in network.projections] == ["dense_proj_2", "dense_proj_3"]
    assert [entry.transmits for entry in network.projections] == ["spikes", "spikes"]
    assert [float(entry.parameters["vt"]) for entry in network.populations[1:]] == [0.95, 1.0]
    x = generator.uniform(size=(2, 3, 4))
    expected = run_network(network, x, steps=40).counts
    assert expected.any()
    received = annconv.compile(network, precision="double", threads=1).run(x, steps=40).counts
    np.testing.assert_array_equal(received, expected)
