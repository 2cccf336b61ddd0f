import sys
from types import ModuleType

import pytest

from annconv.errors import AnnconvError
from annconv.frontend.keras_library import import_h5py, import_keras, keras_version


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
