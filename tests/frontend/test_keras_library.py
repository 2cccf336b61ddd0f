import os
import subprocess
import sys
from types import ModuleType

import pytest

from annconv.errors import AnnconvError
from annconv.frontend.keras_library import import_h5py, import_keras, keras_version

INSTEAD_OF_A_BACKEND = (
    "). Instead: unset KERAS_BACKEND, set it to a backend that is installed (tensorflow, jax or"
    " torch), or install the one it names (for tensorflow,"
    ' pip install "annconv[tensorflow]").'
)


def module(version):
    fake = ModuleType("keras")
    if version is not None:
        fake.__version__ = version
    return fake


@pytest.mark.parametrize(
    ("version", "numbers"),
    [("3.11.3", (3, 11, 3)), ("3.12.0rc1", (3, 12, 0)), ("2.15", (2, 15)), (None, ()), ("x", ())],
)
def test_versions(version, numbers):
    assert keras_version(module(version)) == numbers


@pytest.mark.parametrize("version", ["3.11.3", "3.12", "4.0.0.dev1"])
def test_recent_enough(monkeypatch, version):
    fake = module(version)
    monkeypatch.setitem(sys.modules, "keras", fake)
    assert import_keras() is fake


@pytest.mark.parametrize(
    ("version", "found"), [("3.11.2", "3.11.2"), ("2.15.0", "2.15.0"), (None, "no version")]
)
def test_too_old(monkeypatch, version, found):
    monkeypatch.setitem(sys.modules, "keras", module(version))
    with pytest.raises(AnnconvError) as caught:
        import_keras()
    assert str(caught.value) == (
        f"Reading a Keras model needs Keras 3.11.3 or later, found {found}."
        ' Instead: pip install "annconv[tensorflow]".'
    )


@pytest.mark.parametrize(("load", "name"), [(import_keras, "keras"), (import_h5py, "h5py")])
def test_missing(monkeypatch, load, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(AnnconvError) as caught:
        load()
    text = str(caught.value)
    assert text.startswith(
        "Reading a Keras model needs Keras 3.11.3 or later with a backend, and importing"
        f" {name!r} failed (ModuleNotFoundError: "
    )
    assert text.endswith('Instead: pip install "annconv[tensorflow]".')


@pytest.mark.keras
def test_a_backend_that_keras_does_not_know():
    code = (
        "from annconv.frontend.keras_library import import_keras\n"
        "try: import_keras()\nexcept Exception as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"KERAS_BACKEND": "nonsense"},
        capture_output=True,
        text=True,
        check=True,
    )
    text = done.stdout.strip()
    assert "importing 'keras' with KERAS_BACKEND='nonsense' failed (" in text
    assert text.endswith(INSTEAD_OF_A_BACKEND)


def with_keras_that_imports(tmp_path, monkeypatch, name):
    """A Keras that needs a module, as it needs its backend."""
    (tmp_path / "keras.py").write_text(f"import {name}")
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.syspath_prepend(tmp_path)


def test_a_backend_that_is_not_installed(tmp_path, monkeypatch):
    with_keras_that_imports(tmp_path, monkeypatch, "torch")
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(AnnconvError) as caught:
        import_keras()
    text = str(caught.value)
    assert "importing 'keras' with KERAS_BACKEND='torch' failed (ModuleNotFoundError: " in text
    assert text.endswith(INSTEAD_OF_A_BACKEND)


@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_the_usual_backend_is_not_installed(tmp_path, monkeypatch, value):
    with_keras_that_imports(tmp_path, monkeypatch, "tensorflow")
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    if value is not None:
        monkeypatch.setenv("KERAS_BACKEND", value)
    with pytest.raises(AnnconvError) as caught:
        import_keras()
    assert str(caught.value).endswith(' Instead: pip install "annconv[tensorflow]".')


def test_a_missing_keras_is_not_the_backends_fault(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(AnnconvError) as caught:
        import_keras()
    assert "KERAS_BACKEND" not in str(caught.value)
