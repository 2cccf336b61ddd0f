"""The drop-in class refuses what it cannot do, and predicts correctly afterwards."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from annconv import ANNtoSNNConverter
from annconv.errors import (
    AnnconvError,
    InputError,
    ModelFileError,
    OptionError,
    UnavailableError,
    UnsupportedModelError,
)

pytestmark = [pytest.mark.keras, pytest.mark.compiles]

Load = Callable[..., ANNtoSNNConverter]
STEPS = 40


def test_before_loading(pictures: np.ndarray) -> None:
    converter = ANNtoSNNConverter()
    assert converter.get_annarchy_network() is None
    with pytest.raises(UnavailableError, match="Call load_keras_model first") as caught:
        converter.predict(pictures)
    assert isinstance(caught.value, AttributeError), "as the reference raises"


@pytest.mark.parametrize(
    "duration",
    [0, -5, -0.0, float("nan"), float("-inf"), "200", None, True, False, np.bool_(True), [200], 1j],
)
def test_durations_that_are_none(load: Load, pictures: np.ndarray, duration: Any) -> None:
    converter = load("IB")
    expected = converter.predict(pictures, STEPS)
    with pytest.raises(OptionError, match="duration_per_sample: expected a number of ms above 0"):
        converter.predict(pictures, duration)
    assert converter.predict(pictures, STEPS) == expected


@pytest.mark.parametrize("duration", [float("inf"), 2.0**31, 10**400])
def test_durations_that_are_too_long(load: Load, pictures: np.ndarray, duration: Any) -> None:
    why = "duration_per_sample: expected at most 2.14748e.09 ms, 2147483647 steps of 1 ms, received"
    with pytest.raises(OptionError, match=why):
        load("IB").predict(pictures, duration)


BAD_SAMPLES: dict[str, tuple[Any, str]] = {
    "one picture": (np.zeros(36), r"A single sample needs a batch axis: samples\[None\]"),
    "another size": (np.zeros((2, 35)), r"an array \(N, 6, 6, 1\) or any shape with 36 values"),
    "text": ([["a"] * 36], "expected an array of numbers, received text"),
    "objects": (np.array([[None] * 36]), "received objects"),
    "complex": (np.zeros((1, 36), dtype=complex), "received complex numbers"),
    "not a number": (np.full((2, 36), np.nan), "received 72 that are NaN or infinite"),
    "infinite": (np.full((1, 36), np.inf), r"NaN or infinite, the first at index \(0, 0\)"),
}


@pytest.mark.parametrize("kind", BAD_SAMPLES)
def test_bad_samples(load: Load, pictures: np.ndarray, kind: str) -> None:
    converter = load("IB")
    expected = converter.predict(pictures, STEPS)
    given, why = BAD_SAMPLES[kind]
    with pytest.raises(InputError, match=why):
        converter.predict(given, STEPS)
    assert converter.predict(pictures, STEPS) == expected


def test_a_failed_load_keeps_the_loaded_network(
    load: Load, pictures: np.ndarray, tmp_path: Path, small_file: Path
) -> None:
    converter = load("IB")
    handle, expected = converter.get_annarchy_network(), converter.predict(pictures, STEPS)
    cut = tmp_path / "cut.keras"
    cut.write_bytes(small_file.read_bytes()[:1000])
    for bad in (tmp_path / "missing.keras", cut, tmp_path, 3, None):
        with pytest.raises(AnnconvError):
            converter.load_keras_model(bad)
        assert converter.get_annarchy_network() is handle
        assert converter.predict(pictures, STEPS) == expected


def test_a_directory_that_cannot_be_written(small_file: Path, tmp_path: Path, load: Load) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelFileError, match="cannot be written"):
        load("IB").load_keras_model(small_file, tmp_path / "file", show_info=False)


@pytest.mark.parametrize(
    ("factor", "why"),
    [
        ([1.0, 2.0], "scale_factor"),
        ([1.0, 2.0, 3.0, 4.0], "scale_factor"),
        ("3", "scale_factor"),
        ([1.0, float("nan"), 1.0], "scale_factor"),
    ],
)
def test_scale_factors_that_do_not_fit(small_file: Path, factor: Any, why: str) -> None:
    with pytest.raises(OptionError, match=why):
        ANNtoSNNConverter("IB", normalize="model").load_keras_model(
            small_file, scale_factor=factor, show_info=False
        )


def test_layers_that_cannot_be_converted(keras: ModuleType, load: Load) -> None:
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, activation="gelu", name="odd"), layers.Dense(2)]
    )
    with pytest.raises(UnsupportedModelError, match="'odd'"):
        load("IB").load_keras_model(model)


def test_a_file_with_a_name_that_keras_refuses(
    small_file: Path, load: Load, pictures: np.ndarray, tmp_path: Path
) -> None:
    """Keras itself writes no name with a slash; a file may hold one all the same."""
    hostile = tmp_path / "hostile.keras"
    name = json.dumps('x"); system("true"); //').encode()
    with zipfile.ZipFile(small_file) as source, zipfile.ZipFile(hostile, "w") as target:
        for entry in source.namelist():
            content = source.read(entry)
            if entry == "config.json":
                assert b'"p"' in content
                content = content.replace(b'"p"', name)
            target.writestr(entry, content)
    converter = load("IB")
    expected = converter.predict(pictures, STEPS)
    with pytest.raises(ModelFileError, match="hostile.keras"):
        converter.load_keras_model(hostile)
    assert converter.predict(pictures, STEPS) == expected


BAD_OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown keyword": (
        {"presicion": "single"},
        "unknown option 'presicion'. Nearest: 'precision'",
    ),
    "measure_time": ({"measure_time": True}, "unknown option 'measure_time'. "),
    "encoding": ({"input_encoding": "cpn"}, "input_encoding: unknown value 'cpn'. Nearest: 'CPN'"),
    "no encoding": ({"input_encoding": None}, "input_encoding: expected one of .* received None"),
    "hidden": ({"hidden_neuron": "Iaf"}, "hidden_neuron: unknown value 'Iaf'. Nearest: 'IaF'"),
    "no neuron": ({"hidden_neuron": 3}, "hidden_neuron: expected one of .* received 3"),
    "read-out": (
        {"read_out": "time_to_first_spikes"},
        "read_out: unknown value 'time_to_first_spikes'. Nearest: 'time_to_first_spike'",
    ),
    "read-out of another type": ({"read_out": ["spike_count"]}, "read_out: unknown value"),
    "no k": ({"read_out": "time_to_k_spikes"}, "k: expected a number, received None"),
    "k": ({"read_out": "time_to_k_spikes", "k": 0}, "k: expected a whole number from 1"),
    "half a k": ({"k": 1.5}, "k: expected a whole number from 1 .* received 1.5"),
    "max_f": ({"max_f": 0}, "max_f: expected a finite number above 0, received 0"),
    "large max_f": ({"max_f": 10**400}, "max_f: expected a finite number above 0"),
    "precision": ({"precision": "doubel"}, "precision: unknown value 'doubel'. Nearest: 'double'"),
    "threads": ({"threads": 0}, "threads: expected a whole number from 1"),
    "seed": ({"seed": -1}, "seed: expected a whole number from 0"),
    "dt": ({"dt": "1"}, "dt: expected a finite number above 0, received '1'"),
    "normalize": ({"normalize": "modle"}, "normalize: unknown value 'modle'. Nearest: 'model'"),
    "threshold": ({"threshold_step": None}, "threshold_step: expected a finite number"),
    "policy": ({"on_unsupported": "skip"}, "on_unsupported: unknown value 'skip'"),
}


@pytest.mark.parametrize("kind", BAD_OPTIONS)
def test_bad_options(kind: str) -> None:
    given, why = BAD_OPTIONS[kind]
    with pytest.raises(OptionError, match=why) as caught:
        ANNtoSNNConverter(**given)
    assert isinstance(caught.value, ValueError)
    assert len(caught.value.faults) == 1


def test_all_bad_options_are_listed() -> None:
    with pytest.raises(OptionError) as caught:
        ANNtoSNNConverter("x", threads=0, seed=-1, bogus=1, other=2)
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "ANNtoSNNConverter", "ANNtoSNNConverter", "threads", "seed", "input_encoding",
    ]  # fmt: skip
    with pytest.raises(OptionError) as caught:
        ANNtoSNNConverter(max_f=-1, precision="x")
    assert len(caught.value.faults) == 2
