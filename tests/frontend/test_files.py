"""Files that are damaged, unsafe or something else: each ends in one error of ours."""

import io
import json
import os
import re
import tempfile
import zipfile

import numpy as np
import pytest

from annconv.errors import AnnconvError, ModelFileError, UnsupportedModelError
from annconv.frontend import files
from annconv.frontend.files import read_model_file
from annconv.frontend.reading import read_model

pytestmark = pytest.mark.keras


@pytest.fixture(scope="module")
def tiny(keras, tmp_path_factory):
    """A folder with one small model as `model.keras` and `model.h5`, and its printed Graph."""
    folder = tmp_path_factory.mktemp("tiny")
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5, 5, 1), name="in"),
            layers.Conv2D(2, 3, activation="relu", name="conv"),
            layers.Flatten(name="flat"),
            layers.Dense(2, activation="softmax", use_bias=False, name="dense"),
        ]
    )
    generator = np.random.default_rng(0)
    for layer in (model.layers[0], model.layers[2]):
        layer.set_weights([generator.normal(size=w.shape) for w in layer.get_weights()])
    model.save(folder / "model.keras")
    model.save(folder / "model.h5")
    return folder, str(read_model(model).graph)


def parts(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path, entries, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def failure(path, kind=ModelFileError):
    with pytest.raises(kind) as caught:
        read_model(path)
    return str(caught.value)


def test_files_that_are_no_models(tmp_path):
    missing = tmp_path / "missing.keras"
    assert failure(missing) == (
        f"{missing}: there is no such file. Instead: give the path of a .keras or .h5 file."
    )
    assert "it is a folder, not a model file. Instead: save the model again" in failure(tmp_path)
    empty = tmp_path / "empty.keras"
    empty.touch()
    assert failure(empty) == (
        f"{empty}: the file is empty. Instead: take a fresh copy of the file, or save the model"
        " again: model.save('model.keras')."
    )
    text = tmp_path / "text.keras"
    text.write_text("a model")
    assert "it is neither a zip archive (.keras) nor an HDF5 file (.h5)" in failure(text)
    assert "there is no such file" in failure("odd\0name.keras")
    assert "there is no such file" in failure("hf://someone/model")
    os.mkfifo(tmp_path / "pipe.keras")
    assert "it is not a regular file" in failure(tmp_path / "pipe.keras")


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "model.keras"
    path.write_bytes(b"PK\x03\x04")

    def denied(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "read_bytes", denied)
    assert failure(path) == (
        f"{path}: it cannot be read (Permission denied). Instead: check its permissions."
    )


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_without_a_temporary_folder_the_file_is_not_blamed(tiny, tmp_path, monkeypatch, suffix):
    path = tiny[0] / f"model{suffix}"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(AnnconvError) as caught:
        read_model(path)
    assert type(caught.value) is AnnconvError
    assert re.fullmatch(
        re.escape(f"{path}: what was checked of it cannot be written for Keras to a temporary")
        + r" folder \(No such file or directory\)\. Instead: set TMPDIR to a folder that can be"
        r" written and has room for \d+ bytes\.",
        str(caught.value),
    )


def test_content_decides_on_the_format(tiny, tmp_path):
    folder, expected = tiny
    for source, target in (("model.keras", "a.h5"), ("model.h5", "b.keras"), ("model.h5", "c")):
        (tmp_path / target).write_bytes((folder / source).read_bytes())
        assert str(read_model(tmp_path / target).graph) == expected


def test_parts_that_are_missing_twice_there_or_broken(tiny, tmp_path):
    entries = parts(tiny[0] / "model.keras")
    path = tmp_path / "model.keras"
    for name in ("config.json", "model.weights.h5"):
        write(path, {key: value for key, value in entries.items() if key != name})
        assert f"it holds 0 parts named {name!r}, expected one" in failure(path)
        with (
            pytest.warns(UserWarning, match="Duplicate name"),
            zipfile.ZipFile(write(path, entries), "a") as archive,
        ):
            archive.writestr(name, entries[name])
        assert f"it holds 2 parts named {name!r}, expected one" in failure(path)
    for text, said in (
        (b'{"class', "config.json is not valid JSON (Unterminated string"),
        (b"\xff\xfe\xfa", "config.json is not valid JSON ("),
        (b"[" * 100_000, "config.json is not valid JSON (maximum recursion"),
        (b"[]", "its configuration is not that of a Keras model: it does not name the class"),
    ):
        assert said in failure(write(path, entries | {"config.json": text}))
    write(path, entries | {"model.weights.h5": b"\x89HDF\r\n\x1a\n" + bytes(100)})
    assert "model.weights.h5 in it is cut short or damaged (" in failure(path)
    write(path, {"metadata.json": b"{}"})
    assert "it holds 0 parts named 'config.json'" in failure(path)


def test_a_wrong_checksum(tiny, tmp_path):
    entries = parts(tiny[0] / "model.keras")
    content = bytearray((tiny[0] / "model.keras").read_bytes())
    at = content.index(entries["model.weights.h5"]) + len(entries["model.weights.h5"]) // 2
    content[at] ^= 1
    path = tmp_path / "model.keras"
    path.write_bytes(content)
    assert "the checksum of 'model.weights.h5' is wrong, the file is damaged" in failure(path)


def test_an_archive_that_grows_out_of_proportion(tiny, tmp_path):
    entries = parts(tiny[0] / "model.keras") | {"assets/x": bytes(70_000_000)}
    path = write(tmp_path / "bomb.keras", entries, zipfile.ZIP_DEFLATED)
    assert "'assets/x' would grow to 70000000 bytes when unpacked" in failure(path)


def test_parts_that_together_grow_out_of_proportion(tiny, tmp_path):
    entries = parts(tiny[0] / "model.keras")
    entries |= {f"assets/{index}": bytes(40_000_000) for index in range(3)}
    path = write(tmp_path / "bomb.keras", entries, zipfile.ZIP_DEFLATED)
    assert re.search(r"it would grow to 1200\d{5} bytes when unpacked", failure(path))


def test_a_configuration_that_is_too_long(tiny, tmp_path):
    entries = parts(tiny[0] / "model.keras")
    entries["config.json"] = b"[" + b"[]," * 6_000_000 + b"[]]"
    path = write(tmp_path / "long.keras", entries, zipfile.ZIP_DEFLATED)
    said = "config.json has 18000004 characters, expected at most 16777216"
    assert said in failure(path)


def test_weights_that_do_not_fit_the_configuration(tiny, tmp_path):
    entries = parts(tiny[0] / "model.keras")
    configuration = json.loads(entries["config.json"])
    configuration["config"]["layers"][3]["config"]["units"] = 3
    path = write(tmp_path / "a.keras", entries | {"config.json": json.dumps(configuration)})
    text = failure(path)
    assert "cannot load it (ValueError: " in text
    assert ". Instead: take a fresh copy of the file, or save the model again" in text
    assert text.startswith(f"{path}: Keras 3.")
    assert text.endswith("save the model again: model.save('model.keras').")


def edited_weights(tiny, tmp_path, edit, name="model.keras"):
    """The tiny model after `edit` of its HDF5 part."""
    import h5py

    entries = parts(tiny[0] / "model.keras")
    inner = io.BytesIO(entries["model.weights.h5"])
    with h5py.File(inner, "r+") as file:
        edit(file, h5py)
    return write(tmp_path / name, entries | {"model.weights.h5": inner.getvalue()})


KERNEL = "layers/dense/vars/0"


def test_missing_weights(tiny, tmp_path):
    def edit(file, h5py):
        del file["layers/dense"]

    assert "cannot load it (ValueError: A total of 1 objects" in failure(
        edited_weights(tiny, tmp_path, edit)
    )


def test_weights_of_another_shape(tiny, tmp_path):
    def edit(file, h5py):
        del file[KERNEL]
        file[KERNEL] = np.ones((2, 2), np.float32)

    assert "cannot load it (ValueError: " in failure(edited_weights(tiny, tmp_path, edit))


def test_weights_that_are_not_finite(tiny, tmp_path):
    def edit(file, h5py):
        file[KERNEL][0, 0] = np.nan

    text = failure(edited_weights(tiny, tmp_path, edit), UnsupportedModelError)
    assert "'dense'  Dense: 1 of 36 numbers in its weights (18, 2) are not finite." in text


@pytest.mark.parametrize("kind", ["external", "soft", "outside", "virtual", "hollow", "twice"])
def test_links_and_data_elsewhere_are_refused(tiny, tmp_path, kind):
    import h5py

    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["kernel"] = np.ones((18, 2), np.float32)

    def edit(file, h5py):
        del file[KERNEL]
        if kind == "external":
            file[KERNEL] = h5py.ExternalLink(str(secret), "kernel")
        elif kind == "soft":
            file[KERNEL] = h5py.SoftLink("/layers/conv2d")
        elif kind == "outside":
            places = [(str(tmp_path / "raw"), 0, 144)]
            file.create_dataset(KERNEL, (18, 2), np.float32, external=places)
        elif kind == "virtual":
            layout = h5py.VirtualLayout((18, 2), np.float32)
            layout[:] = h5py.VirtualSource(str(secret), "kernel", (18, 2))
            file.create_virtual_dataset(KERNEL, layout)
        elif kind == "hollow":
            file.create_dataset(KERNEL, (18, 2), np.float32, chunks=(18, 2))
        else:
            file[KERNEL] = np.ones((18, 2), np.float32)
            file["again"] = file[KERNEL]

    expected = {
        "external": f"'/{KERNEL}' is a link to somewhere else",
        "soft": f"'/{KERNEL}' is a link to somewhere else",
        "outside": f"the numbers of '/{KERNEL}' lie in another file",
        "virtual": f"the numbers of '/{KERNEL}' lie in another file",
        "hollow": f"'/{KERNEL}' needs 144 bytes, 0 are stored",
        "twice": "is there twice",
    }[kind]
    text = failure(edited_weights(tiny, tmp_path, edit))
    assert "model.weights.h5 in it is not as Keras writes it: " in text
    assert expected in text


def test_a_type_that_is_neither_group_nor_array(tiny, tmp_path):
    def edit(file, h5py):
        file["named"] = np.dtype("f4")

    text = failure(edited_weights(tiny, tmp_path, edit))
    assert "'/named' is neither a group nor an array" in text


def test_an_hdf5_file_without_a_model(tiny, tmp_path):
    path = tmp_path / "weights.h5"
    path.write_bytes(parts(tiny[0] / "model.keras")["model.weights.h5"])
    assert "it holds no model, perhaps weights alone (no attribute 'model_config')" in failure(path)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{", "its attribute 'model_config' is not valid JSON"),
        ("{}", "its configuration is not that of a Keras model: it does not name the class"),
        (3, "it holds no model"),
    ],
)
def test_an_hdf5_file_with_a_broken_configuration(tiny, tmp_path, value, said):
    import h5py

    path = tmp_path / "model.h5"
    path.write_bytes((tiny[0] / "model.h5").read_bytes())
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = value
    assert said in failure(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_code_in_a_file_is_refused_before_keras_is_asked(keras, tmp_path, monkeypatch, suffix):
    inputs = keras.Input((3,))
    x = keras.layers.Lambda(lambda value: value + 1, name="f", output_shape=(3,))(inputs)
    x = keras.layers.Dense(2, activation="log_softmax", name="d")(x)
    path = tmp_path / f"model{suffix}"
    keras.Model(inputs, x, name="m").save(path)

    def called(*arguments, **options):
        raise RuntimeError("Keras was asked to build the model")

    monkeypatch.setattr(files, "load", called)
    monkeypatch.setattr(keras.models, "load_model", called)
    for policy in ("refuse", "ignore"):
        with pytest.raises(UnsupportedModelError) as caught:
            read_model(path, on_unsupported=policy)
        assert [problem.type for problem in caught.value.problems] == [
            "Lambda", "Dense(activation='log_softmax')",
        ]  # fmt: skip


def test_a_registered_class_is_not_built_from_a_file(keras, tmp_path):
    built = []

    @keras.saving.register_keras_serializable("annconv_tests")
    class Own(keras.layers.Layer):
        def __init__(self, **options):
            built.append(self)
            super().__init__(**options)

        def call(self, inputs):
            return inputs

    path = tmp_path / "own.keras"
    inputs = keras.Input((3,))
    keras.Model(inputs, keras.layers.Dense(2)(Own(name="o")(inputs))).save(path)
    built.clear()
    text = failure(path, UnsupportedModelError)
    assert "layer 1   'o'  Own: its class 'annconv_tests>Own' is not Keras' own" in text
    assert built == []


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("name", ["relu", "softmax"])
def test_functions_of_tensorflow_in_a_file(keras, tmp_path, suffix, name):
    import tensorflow as tf

    dense = keras.layers.Dense(2, activation=getattr(tf.nn, name), name="d")
    model = keras.Sequential([keras.Input((3,), name="in"), dense])
    path = tmp_path / f"model{suffix}"
    model.save(path)
    assert str(read_model(path).graph) == str(read_model(model).graph)


def test_a_foreign_loss_does_no_harm(keras, tmp_path):
    def loss(expected, received):
        return received

    model = keras.Sequential([keras.Input((3,), name="in"), keras.layers.Dense(2, name="d")])
    model.compile(loss=loss)
    model.save(tmp_path / "model.keras")
    assert str(read_model(tmp_path / "model.keras").graph) == str(read_model(model).graph)


def test_keras_sees_only_what_was_checked(tiny, tmp_path):
    entries = parts(tiny[0] / "model.keras") | {"assets/layers/x": b"something else"}
    checked = read_model_file(write(tmp_path / "model.keras", entries))
    with zipfile.ZipFile(io.BytesIO(checked.content)) as archive:
        assert archive.namelist() == ["config.json", "model.weights.h5"]
