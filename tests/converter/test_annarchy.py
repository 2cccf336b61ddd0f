"""The drop-in class: what a script for ANNarchy's converter calls, and what it gets back."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import h5py
import numpy as np
import pytest

from annconv import ANNtoSNNConverter, Neuron, load
from annconv.neurons.library import IaF

pytestmark = [pytest.mark.keras, pytest.mark.compiles]

Load = Callable[..., ANNtoSNNConverter]
STEPS = 40


def raw_weights(path: Path, layer: str) -> np.ndarray:
    """(inputs, units) weights of a Dense layer, read from the file without Keras."""
    with zipfile.ZipFile(path) as archive:
        content = archive.read("model.weights.h5")
    with h5py.File(io.BytesIO(content)) as weights:
        found: list[np.ndarray] = []
        weights.visititems(
            lambda name, item: (
                found.append(item[()])
                if isinstance(item, h5py.Dataset) and f"/{layer}/" in f"/{name}"
                else None
            )
        )
    return next(array for array in found if array.ndim == 2)


def dense_lines(name: str, weights: np.ndarray) -> list[str]:
    """The four lines of a Dense layer, in the reference's number format."""
    matrix = weights.T
    return [
        f"* Dense layer: {name}, {matrix.shape[0]} ",
        f"    weights: {matrix.shape}",
        f"    mean {float(np.mean(matrix))}, std {float(np.std(matrix))}",
        f"    min {float(np.min(matrix))}, max {float(np.max(matrix))}",
    ]


def golden(folder: Path, name: str, count: int) -> tuple[slice, list[list[int]]]:
    """Which digits the reference was asked about, and its answers with multiple=True."""
    with np.load(folder / f"golden_{name}.npz") as data:
        start = int(data["start"])
        answers = [[int(label) for label in row if label >= 0] for row in data["pred"][:count]]
    assert len(answers) == count
    return slice(start, start + count), answers


def test_the_notebook_of_the_mlp(
    data_folder: Path, digits: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    images, labels = digits
    pixels = images.reshape(10000, 784).astype("float32") / 255.0
    snn_converter = ANNtoSNNConverter(
        input_encoding="IB",
        hidden_neuron="IaF",
        read_out="spike_count",
    )
    net = snn_converter.load_keras_model(str(data_folder / "mlp.keras"), show_info=True)
    names = [population.name for population in net.get_populations()]
    expected = [
        f"* Input layer: {names[0]}, (784,)",
        "* InputLayer skipped.",
        *dense_lines("dense", raw_weights(data_folder / "mlp.keras", "dense")),
        "* Dropout skipped.",
        *dense_lines("dense_1", raw_weights(data_folder / "mlp.keras", "dense_1")),
        "* Dropout skipped.",
        *dense_lines("dense_2", raw_weights(data_folder / "mlp.keras", "dense_2")),
        "",
        "",
    ]
    assert capsys.readouterr().out.split("\n") == expected
    predictions = snn_converter.predict(pixels[:60], duration_per_sample=200)
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "60/60" in printed.err
    assert type(predictions) is list
    assert {type(label) for label in predictions} == {int}
    assert np.mean(np.array(predictions) == labels[:60]) >= 0.95


def test_the_notebook_of_the_cnn(
    data_folder: Path, digits: Any, golden_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Samples without a channel axis, as the notebook passes them."""
    images, labels = digits
    pixels = images.astype("float32") / 255.0
    snn_converter = ANNtoSNNConverter(
        input_encoding="IB", hidden_neuron="IaF", read_out="spike_count"
    )
    snn_converter.load_keras_model(data_folder / "cnn.keras")
    assert capsys.readouterr().out.split("\n") == [
        "* Input layer: input_layer, (28, 28, 1)",
        "* InputLayer skipped.",
        "* Conv2D layer: conv2d, (28, 28, 16) ",
        "* MaxPooling2D layer: max_pooling2d, (14, 14, 16) ",
        "* Conv2D layer: conv2d_1, (14, 14, 64) ",
        "* MaxPooling2D layer: max_pooling2d_1, (7, 7, 64) ",
        "* Conv2D layer: conv2d_2, (7, 7, 64) ",
        "* MaxPooling2D layer: max_pooling2d_2, (3, 3, 64) ",
        "* Dropout skipped.",
        "* Flatten skipped.",
        *dense_lines("dense", raw_weights(data_folder / "cnn.keras", "dense")),
        "",
        "",
    ]
    which, answers = golden(golden_folder, "cnn_ib_count", 3)
    received = snn_converter.predict(pixels[which], duration_per_sample=200, multiple=True)
    assert received == answers
    labels_received = snn_converter.predict(pixels[which], duration_per_sample=200)
    assert labels_received == list(labels[which])


@pytest.mark.parametrize(
    ("name", "read_out"),
    [
        ("mlp_ib_count", "spike_count"),
        ("mlp_pso_count", "spike_count"),
        ("mlp_ib_vmem", "membrane_potential"),
        ("mlp_ib_ttfs", "time_to_first_spike"),
    ],
)
def test_the_answers_of_the_reference(
    data_folder: Path, golden_folder: Path, digits: Any, name: str, read_out: str
) -> None:
    """All tied labels, as ANNarchy gave them."""
    with np.load(golden_folder / f"golden_{name}.npz") as data:
        count = len(data["pred"])
    which, answers = golden(golden_folder, name, count)
    pixels = digits[0][which].reshape(-1, 784).astype("float32") / 255.0
    encoding = "PSO" if "pso" in name else "IB"
    converter = ANNtoSNNConverter(encoding, "IaF", read_out)
    converter.load_keras_model(data_folder / "mlp.keras", show_info=False)
    assert converter.predict(pixels, 200, True) == answers


def test_arguments_may_be_positional(
    small_file: Path, pictures: np.ndarray, tmp_path: Path, load: Load
) -> None:
    converter = ANNtoSNNConverter("IB", "IaF", "spike_count")
    converter.load_keras_model(small_file, tmp_path / "out", None, False)
    expected = load(input_encoding="IB").predict(pictures, duration_per_sample=STEPS)
    assert converter.predict(pictures, STEPS, False) == expected


def test_the_defaults(small_file: Path, pictures: np.ndarray, load: Load) -> None:
    """Poisson input, IaF, spike counts, a second of simulated time."""
    converter = ANNtoSNNConverter()
    network = converter.load_keras_model(small_file, show_info=False).network
    assert network.populations[0].neuron is not None
    assert network.populations[0].neuron.name == "CPN"
    assert network.readout.name == "spike_count"
    assert network.input_scale == 100.0
    assert converter.predict(pictures[:2]) == load("poisson", "IaF", "spike_count").predict(
        pictures[:2], duration_per_sample=1000
    )


@pytest.mark.parametrize("shape", [(8, 36), (8, 6, 6), (8, 6, 6, 1), (8, 3, 12)])
def test_every_shape_of_samples(load: Load, pictures: np.ndarray, shape: tuple[int, ...]) -> None:
    converter = load("IB")
    expected = converter.predict(pictures, STEPS)
    assert len(set(expected)) > 1
    assert converter.predict(pictures.reshape(shape), STEPS) == expected
    assert converter.predict(pictures.reshape(shape).tolist(), STEPS) == expected


@pytest.mark.parametrize("empty", [np.zeros((0, 6, 6)), np.zeros((0, 36)), []])
def test_no_samples_give_no_labels(load: Load, empty: Any) -> None:
    converter = load("IB")
    assert converter.predict(empty, STEPS) == []
    assert converter.predict(empty, STEPS, multiple=True) == []


def test_bytes_do_not_wrap(load: Load, pictures: np.ndarray) -> None:
    """Where the reference computes 200 * 100 in uint8, here it is 20000."""
    levels = (pictures * 255).astype(np.uint8)
    converter = load("IB", max_f=100 / 255)
    assert converter.predict(levels, STEPS) == converter.predict(levels.astype(float), STEPS)


@pytest.mark.parametrize("read_out", ["membrane_potential", "time_to_first_spike", "spike_count"])
def test_every_class_ties_where_nothing_arrives(load: Load, read_out: str) -> None:
    converter = load("IB", read_out=read_out, max_f=1e-9)
    black = np.zeros((5, 36))
    tied = converter.predict(black, 3, multiple=True)
    assert tied == [[0, 1, 2]] * 5
    assert {type(label) for labels in tied for label in labels} == {np.int64}
    assert {type(labels) for labels in tied} == {list}
    drawn = converter.predict(np.zeros((60, 36)), 3)
    assert set(drawn) == {0, 1, 2}, "a tie is drawn, not given to the first"
    assert converter.predict(np.zeros((60, 36)), 3) == drawn, "with a seed"


def test_the_label_is_one_of_those_that_tie(load: Load, pictures: np.ndarray) -> None:
    converter = load("PSO", read_out="time_to_first_spike")
    labels = converter.predict(pictures, STEPS)
    tied = converter.predict(pictures, STEPS, multiple=True)
    assert all(label in classes for label, classes in zip(labels, tied, strict=True))
    assert all(list(classes) == sorted(classes) for classes in tied)


def test_seeds(load: Load, pictures: np.ndarray) -> None:
    first, again, other = (load("CPN", seed=seed, threads=1) for seed in (1, 1, 2))
    many = np.repeat(pictures, 5, axis=0)
    assert first.predict(many, STEPS) == again.predict(many, STEPS)
    assert first.predict(many, STEPS) == first.predict(many, STEPS)
    assert first.predict(many, STEPS) != other.predict(many, STEPS)


def test_threads_change_nothing(load: Load, pictures: np.ndarray) -> None:
    one, two = (load("CPN", threads=threads) for threads in (1, 2))
    assert one.predict(pictures, STEPS) == two.predict(pictures, STEPS)


def test_precision(load: Load, pictures: np.ndarray) -> None:
    single, double = load("IB", precision="single"), load("IB")
    assert single._compiled is not None
    assert double._compiled is not None
    assert single._compiled.options.precision == "single"
    assert double._compiled.options.precision == "double", "the reference's"
    assert single.predict(pictures, STEPS) == double.predict(pictures, STEPS)


def test_max_f_scales_the_input(load: Load, pictures: np.ndarray) -> None:
    expected = load("IB", max_f=50).predict(pictures, STEPS)
    assert load("IB").predict(pictures * 0.5, STEPS) == expected


def test_k_ends_a_sample(load: Load, pictures: np.ndarray) -> None:
    stops = []
    for k in (1, 4):
        converter = load("IB", read_out="time_to_k_spikes", k=k)
        assert converter._compiled is not None
        result = converter._compiled.run(pictures, steps=200)
        assert (result.counts.max(axis=1) == k).all()
        stops.append(result.stopped_at)
        assert converter.predict(pictures, 200) == [int(label) for label in result.labels]
    assert (stops[0] < stops[1]).all()


def test_k_is_ignored_by_other_readouts(load: Load, pictures: np.ndarray) -> None:
    assert load("IB", k=3).predict(pictures, STEPS) == load("IB").predict(pictures, STEPS)


def test_users_neurons(load: Load, pictures: np.ndarray) -> None:
    encoder = Neuron(
        parameters="rates = 0.0 ; mask_tau = 20.0",
        equations="v += rates/100 ; dmask/dt = -mask/mask_tau",
        spike="v > 1.0",
        reset="v -= 1.0 ; mask += 1.0/mask_tau",
        name="Rate",
    )
    converter = load(encoder, IaF)
    assert set(converter.predict(pictures, STEPS)) <= {0, 1, 2}
    handle = converter.get_annarchy_network()
    assert handle is not None
    assert handle.get_populations()[0].neuron_type is encoder


def test_durations(load: Load, pictures: np.ndarray) -> None:
    """In ms, rounded up to whole steps; 1.1 ms at 0.1 ms are 11 steps in spite of rounding."""
    converter = load("IB", dt=0.1)
    compiled = converter._compiled
    assert compiled is not None
    for duration, steps in (
        (1.1, 11),
        (1.11, 12),
        (0.3, 3),
        (1e-9, 1),
        (2, 20),
        (np.float32(4), 40),
    ):
        expected = [int(label) for label in compiled.run(pictures, steps=steps).labels]
        assert converter.predict(pictures, duration) == expected, duration


def test_loading_twice(
    small_file: Path, other_file: Path, pictures: np.ndarray, load: Load
) -> None:
    """The converter predicts with the last model; the first handle keeps describing its own."""
    converter = ANNtoSNNConverter("IB")
    first = converter.load_keras_model(small_file, show_info=False)
    expected = converter.predict(pictures, STEPS)
    second = converter.load_keras_model(other_file, show_info=False)
    assert converter.get_annarchy_network() is second is not first
    assert [entry.name for entry in first.get_populations()] == ["image", "c", "p", "out"]
    assert [entry.name for entry in second.get_populations()] == ["values", "hidden", "classes"]
    assert len(converter.predict(np.ones((3, 5)), STEPS)) == 3
    converter.load_keras_model(small_file, show_info=False)
    assert converter.predict(pictures, STEPS) == expected


def test_a_model_of_keras_itself(small_model: Any, load: Load, pictures: np.ndarray) -> None:
    converter = ANNtoSNNConverter("IB")
    converter.load_keras_model(small_model, show_info=False)
    assert converter.predict(pictures, STEPS) == load("IB").predict(pictures, STEPS)


def test_nothing_is_written_unless_asked_for(
    small_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ANNtoSNNConverter("IB").load_keras_model(small_file, show_info=False)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_receives_network_and_sources(small_file: Path, tmp_path: Path) -> None:
    converter = ANNtoSNNConverter("IB")
    for _ in range(2):
        handle = converter.load_keras_model(
            small_file, directory=str(tmp_path / "a" / "b"), show_info=False
        )
    written = {path.name for path in (tmp_path / "a" / "b").iterdir()}
    assert written == {"network.hpp", "network.cpp", "kernels.cpp", "weights.bin", "network.snn"}
    assert load_network(tmp_path) == handle.network


def load_network(folder: Path) -> Any:
    return load(folder / "a" / "b" / "network.snn")


def test_nothing_is_printed_without_show_info(
    small_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ANNtoSNNConverter("IB").load_keras_model(small_file, show_info=False)
    assert capsys.readouterr().out == ""


def test_the_description_of_the_small_model(
    small_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ANNtoSNNConverter("IB").load_keras_model(small_file)
    assert capsys.readouterr().out.split("\n") == [
        "* Input layer: image, (6, 6, 1)",
        "* InputLayer skipped.",
        "* Conv2D layer: c, (6, 6, 2) ",
        "* MaxPooling2D layer: p, (3, 3, 2) ",
        "* Flatten skipped.",
        "* Dropout skipped.",
        *dense_lines("out", raw_weights(small_file, "dense")),
        "",
        "",
    ]


def test_scale_factors_scale_where_asked_for(
    small_file: Path, pictures: np.ndarray, load: Load
) -> None:
    """Without normalize="model" the reference's factors change nothing."""
    plain = load("IB")
    ignored = ANNtoSNNConverter("IB")
    ignored.load_keras_model(small_file, scale_factor=[2.0, 3.0, 4.0], show_info=False)
    assert ignored.predict(pictures, STEPS) == plain.predict(pictures, STEPS)
    scaled = ANNtoSNNConverter("IB", normalize="model")
    network = scaled.load_keras_model(small_file, scale_factor=2, show_info=False).network
    weights = network.projections[-1].operators[-1].weights
    largest = np.maximum(raw_weights(small_file, "dense"), 0).sum(axis=0).max()
    np.testing.assert_allclose(weights, raw_weights(small_file, "dense") * 2 / largest, rtol=1e-6)


def test_hostile_names_of_layers(
    keras: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no name in C++ stays the name in the handle, and nothing of it is executed."""
    monkeypatch.chdir(tmp_path)
    names = ['x"); system("touch pwned"); \\', "a\nb * *\\", "\u202eclass 日本", "int"]
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5,), name=names[0]),
            *(layers.Dense(3, "relu", use_bias=False, name=name) for name in names[1:]),
        ]
    )
    for layer in model.layers:
        layer.set_weights([np.full(layer.kernel.shape, 0.5)])
    converter = ANNtoSNNConverter("IB")
    handle = converter.load_keras_model(model, directory="out", show_info=False)
    assert [population.name for population in handle.get_populations()] == names
    assert handle.get_population(names[1]) is handle.get_populations()[1]
    assert converter.predict(np.ones((2, 5)), 20, multiple=True) == [[0, 1, 2]] * 2
    assert {path.name for path in tmp_path.iterdir()} == {"out"}
    compiled = converter._compiled
    assert compiled is not None
    assert list(compiled.run(np.ones((2, 5)), steps=20, record=names).spikes) == names
