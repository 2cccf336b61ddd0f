"""Files of earlier releases of Keras: read, or refused with the way out that is the right one."""

import json
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from annconv.errors import AnnconvError, ModelFileError, UnsupportedModelError
from annconv.frontend.reading import read_model
from annconv.frontend.saved_by import told_version, way_out

pytestmark = [
    pytest.mark.keras,
    # Meant for people who write these settings themselves.
    pytest.mark.filterwarnings("ignore:Do not pass an `input_shape`:UserWarning"),
    pytest.mark.filterwarnings("ignore:Argument `alpha` is deprecated:UserWarning"),
]

UNIFORM = {
    "class_name": "VarianceScaling",
    "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None},
}
KERNELS = {"dense_1": (3, 4), "dense_2": (4, 2)}


def entry(kind: str, name: str, **config: Any) -> dict[str, Any]:
    """A layer's entry in a configuration."""
    return {"class_name": kind, "config": {"name": name, "trainable": True, **config}}


def dense(name: str, activation: Any, **config: Any) -> dict[str, Any]:
    """A Dense layer's entry."""
    settings = {"units": KERNELS[name][1], "activation": activation, "use_bias": True}
    return entry("Dense", name, **settings, kernel_initializer=UNIFORM, **config)


def weights(seed: int = 0) -> dict[str, list[np.ndarray]]:
    """Kernel and bias of each Dense layer."""
    draw = np.random.default_rng(seed).normal
    return {
        name: [draw(size=shape).astype("f4"), draw(size=shape[1]).astype("f4")]
        for name, shape in KERNELS.items()
    }


def write(
    path: Path, layers: Sequence[Mapping[str, Any]], version: str | None, *, named: bool = True
) -> Path:
    """A Sequential model file.

    Args:
        path: The file.
        layers: Entries of its layers; Dense ones get `weights()`.
        version: The Keras that it tells, None for none.
        named: Whether the model has a name; before Keras 2.2 it was a bare list of layers.
    """
    config: Any = {"name": "old", "layers": layers} if named else layers
    with h5py.File(path, "w") as file:
        text = json.dumps({"class_name": "Sequential", "config": config})
        file.attrs["model_config"] = text.encode()
        if version is not None:
            file.attrs["keras_version"] = version.encode()
        group = file.create_group("model_weights")
        names = [layer["config"]["name"] for layer in layers if layer["class_name"] != "InputLayer"]
        group.attrs["layer_names"] = [name.encode() for name in names]
        for name in names:
            arrays = weights().get(name, [])
            paths = [f"{name}/{part}:0" for part in ("kernel", "bias")][: len(arrays)]
            group.create_group(name).attrs["weight_names"] = [path.encode() for path in paths]
            for path_, array in zip(paths, arrays, strict=True):
                group[name][path_] = array
    return path


SHAPE = [None, 3]
INPUT = entry("InputLayer", "in", batch_input_shape=SHAPE, dtype="float32", sparse=False)
DROPOUT = entry("Dropout", "dropout_1", rate=0.5, noise_shape=None, seed=None)
NO_INPUT = [
    dense("dense_1", "relu", batch_input_shape=SHAPE), DROPOUT, dense("dense_2", "softmax"),
]  # fmt: skip


def with_policy(kind):
    policy = {"class_name": kind, "config": {"name": "float32"}}
    return [INPUT, dense("dense_1", "relu", dtype=policy), dense("dense_2", "softmax")]


def with_depthwise():
    shape, settings = [None, 5, 5, 2], {"kernel_size": [3, 3], "groups": 1, "activation": "linear"}
    return [
        entry("InputLayer", "in", batch_input_shape=shape, dtype="float32"),
        entry("DepthwiseConv2D", "deep", **settings),
        entry("Masking", "mask"),
    ]


def test_files_that_keras_still_reads(tmp_path):
    old = [INPUT, *NO_INPUT]
    leaky = entry("LeakyReLU", "leaky", alpha=0.25)
    for name, layers in {
        "input": old,
        "softmax_v2": [*old[:-1], dense("dense_2", "softmax_v2")],
        "alpha": [INPUT, dense("dense_1", "linear"), leaky, dense("dense_2", "softmax")],
    }.items():
        graph = read_model(write(tmp_path / f"{name}.h5", layers, "2.4.0")).graph
        assert graph.outputs == ("dense_2/softmax",)
        for layer, (kernel, bias) in weights().items():
            np.testing.assert_array_equal(graph[layer].layer.weights, kernel)
            np.testing.assert_array_equal(graph[f"{layer}/bias"].layer.values, bias)


@pytest.mark.parametrize(
    ("version", "layers", "named", "said"),
    [
        ("2.1.6", NO_INPUT, False, "cannot load it, saved by Keras 2.1.6 (TypeError: "),
        ("2.2.4", NO_INPUT, True,
         "misreads it, saved by Keras 2.2.4 (its samples become (None, None, 3), the file"),
        ("2.4.0", with_policy("Policy"), True, "cannot load it, saved by Keras 2.4.0 (Attribute"),
        ("2.11.0", with_depthwise(), True,
         "cannot load it, saved by Keras 2.11.0 (TypeError: Error when deserializing"),
    ],
    ids=["list", "no-input", "policy", "groups"],
)  # fmt: skip
def test_files_that_keras_no_longer_reads(keras, tmp_path, version, layers, named, said):
    path = write(tmp_path / "old.h5", layers, version, named=named)
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    text = str(caught.value)
    here = keras.__version__
    assert text.startswith(f"{path}: Keras {here} {said}")
    assert " using config=" not in text
    assert (
        f"Instead: open it with Keras {version}, build the same layers with Keras {here}, copy the"
        " weights (new.set_weights(old.get_weights())), and save that: new.save('model.keras');"
        " new.load_weights on this file may spare you the old Keras." in text
    )
    masked = "Besides, these cannot be read: 'mask' Masking, as every value of a sample counts"
    assert (masked in text) == (version == "2.11.0")


@pytest.mark.parametrize("named", [True, False])
def test_the_way_out_leads_there(keras, tmp_path, named):
    path = write(tmp_path / "old.h5", NO_INPUT, "2.2.4", named=named)
    layers = keras.layers
    new = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, activation="relu", name="a"),
            layers.Dropout(0.5),
            layers.Dense(2, activation="softmax", name="b"),
        ]
    )
    new.load_weights(path)
    new.save(tmp_path / "model.keras")
    graph = read_model(tmp_path / "model.keras").graph
    np.testing.assert_array_equal(graph["a"].layer.weights, weights()["dense_1"][0])
    np.testing.assert_array_equal(graph["b/bias"].layer.values, weights()["dense_2"][1])


def test_a_warning_that_became_an_error_is_told_as_such(tmp_path):
    path = write(tmp_path / "old.h5", [INPUT, *NO_INPUT], "2.4.0")
    with warnings.catch_warnings(action="error"), pytest.raises(AnnconvError) as caught:
        read_model(path)
    text = str(caught.value)
    assert type(caught.value) is AnnconvError
    assert text.startswith(f"{path}: Keras warned while it loaded the file, and this process makes")
    assert "Do not pass an `input_shape`" in text
    assert text.endswith("or warnings.simplefilter('error').")


def test_settings_of_an_older_keras_that_are_not_on_the_lists(tmp_path):
    path = write(tmp_path / "old.h5", with_policy("PolicyV1"), "2.3.0")
    with pytest.raises(UnsupportedModelError) as caught:
        read_model(path)
    (problem,) = caught.value.problems
    assert "'PolicyV1'" in problem.why
    assert problem.instead.startswith("open it with Keras 2.3.0, build the same layers with Keras")


def archive_of(keras, path, version, **metadata):
    """A `.keras` file that Keras cannot load and that tells a version."""
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, name="d")])
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = parts["config.json"].replace(b'"units": 2', b'"units": 3')
    parts["metadata.json"] = version if isinstance(version, bytes) else json.dumps(
        {"keras_version": version}
    )  # fmt: skip
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("version", "said", "instead"),
    [
        ("99.1.2", ", saved by Keras 99.1.2 (", "pip install 'keras>=99.1.2'."),
        ("3.4.1", ", saved by Keras 3.4.1 (", "or take a fresh copy of the file, or save the mod"),
        ("2.15.0", ", saved by Keras 2.15.0 (", "and save that: new.save('model.keras')."),
        (None, "cannot load it (", "open it with the Keras that saved it (which the file does not"),
        (b"no JSON", "cannot load it (", "open it with the Keras that saved it (which the file"),
        (b"[3]", "cannot load it (", "open it with the Keras that saved it (which the file does"),
    ],
)
def test_archives_tell_their_version_as_well(keras, tmp_path, version, said, instead):
    path = archive_of(keras, tmp_path / "a.keras", version)
    with pytest.raises(ModelFileError) as caught:
        read_model(path)
    before, _, after = str(caught.value).partition(" Instead: ")
    assert said in before
    assert instead in after
    assert "load_weights" not in after


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("2.2.4-tf", "2.2.4-tf"), (b"3.11.3", "3.11.3"), ("3.12.0.dev2+a", "3.12.0.dev2+a"),
        ("", None), ("new", None), ("3\n4", None), (3.1, None), (None, None), ("1" * 50, None),
        (b"\xff", None), (["3.1"], None),
    ],
)  # fmt: skip
def test_versions_that_files_tell(value, told):
    assert told_version(value) == told


def test_a_file_of_this_very_keras_is_not_sent_elsewhere():
    text = way_out("3.15.1", "3.15.1", ".keras")
    assert not re.search(r"\d", text)
    assert text.startswith("take a fresh copy of the file")
