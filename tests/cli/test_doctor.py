"""`annconv doctor` on machines that lack something, and on this one."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import sysconfig
import tempfile
import tomllib
import types
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path

import numpy as np
import pytest

import annconv as package
from annconv.build import toolchain
from annconv.build.cache import Cache
from annconv.cli import doctor, quiet, trial
from annconv.cli.packages import OPTIONAL, PACKAGES
from annconv.errors import AnnconvError
from annconv.options import CompileOptions
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network


@pytest.fixture(autouse=True)
def no_compiler_asked_for(monkeypatch):
    """The compiler is the usual one whatever whoever runs the tests has set."""
    monkeypatch.delenv("CXX", raising=False)


@pytest.fixture
def without_keras(monkeypatch):
    """A Python in which Keras is not installed."""
    monkeypatch.setitem(sys.modules, "keras", None)


@pytest.fixture
def quick(monkeypatch):
    """Nothing is built: the trial goes well."""
    monkeypatch.setattr(trial, "trial", lambda _: "went well")


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    """The folder of an empty cache."""
    monkeypatch.setenv("ANNCONV_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def found(out):
    """The lines of the answer by their names."""
    return {line[:15].strip(): line[15:] for line in out.splitlines()}


@pytest.mark.compiles
@pytest.mark.usefixtures("without_keras")
def test_everything_is_found_and_tried_without_keras(annconv, build_cache):
    status, out, err = annconv("doctor")
    assert (status, err) == (0, "building a tiny network …\n")
    lines = found(out)
    assert lines["annconv"].startswith(f"{package.__version__}, ")
    assert lines["python"] == f"{sys.version.split()[0]}, {sys.executable}"
    for name in PACKAGES:
        assert lines[name] == importlib.metadata.version(name)
    assert lines["vectors"] in {"128 bits", "256 bits", "512 bits"}
    assert re.fullmatch(r"\d+ KiB", lines["level-1 cache"])
    assert re.fullmatch(r".+, /.+", lines["compiler"])
    for tool in ("cmake", "ninja", "pybind11"):
        version, path = lines[tool].split(", ")
        assert version[0].isdigit()
        assert Path(path).exists()
    assert lines["keras"].startswith("not installed; only Keras models need it (pip install")
    assert lines["cache folder"] == f"{Cache(build_cache).root}, can be written"
    assert lines["test build"] == "built, and spikes as the oracle does"
    assert "doctor" not in {entry.label for entry in Cache(build_cache).entries()}


@pytest.mark.usefixtures("without_keras", "quick")
def test_all_that_is_missing_is_listed_with_remedies(annconv, cache_folder, monkeypatch):
    def find_spec(name):
        return None if name == "keras" else original(name)

    original = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    monkeypatch.setattr(toolchain, "_package", lambda _: None)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: "/nonexistent/include")
    monkeypatch.setenv("PATH", "")
    status, out, err = annconv("doctor")
    assert status == 1
    lines = found(out)
    for name in ("compiler", "cmake", "ninja", "pybind11"):
        assert lines[name] == "missing"
    assert lines["test build"] == "not tried, as something is missing"
    first, *faults = err.splitlines()
    assert first == "AnnconvError: 5 faults were found."
    assert [re.split(r",|\. Instead", fault)[0].strip() for fault in faults] == [
        "no C++ compiler",
        "no cmake",
        "no ninja",
        "no Python.h in /nonexistent/include",
        "no Python package pybind11",
    ]
    remedies = ("set CXX to", "install cmake", "install ninja", "python3-dev", "install pybind11")
    for fault, remedy in zip(faults, remedies, strict=True):
        assert remedy in fault.partition(" Instead: ")[2]


@pytest.mark.usefixtures("without_keras", "quick", "cache_folder")
def test_optional_packages_are_told_and_may_be_missing(annconv, monkeypatch, root_folder):
    """Each under the name it is installed by, with the extra that brings it."""
    project = tomllib.loads((root_folder / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    for name, optional in OPTIONAL.items():
        assert any(re.match(rf"{name}\b", entry) for entry in extras[optional.extra]), name
    for module in ("matplotlib", "ANNarchy"):
        monkeypatch.setitem(sys.modules, module, None)
    _, out, _ = annconv("doctor")
    lines = found(out)
    assert lines["matplotlib"] == 'not installed; only plots need it (pip install "annconv[plot]")'
    needs = "not installed; only annconv.to_annarchy needs it"
    assert lines["ANNarchy"] == f'{needs} (pip install "annconv[annarchy]")'
    for name in ("graphviz", "dask"):
        assert lines[name] == importlib.metadata.version(name)


@pytest.mark.compiles
@pytest.mark.usefixtures("without_keras", "quick", "cache_folder")
def test_other_compilers_are_told(annconv, monkeypatch):
    monkeypatch.setenv("CXX", "/nonexistent/c++")
    status, out, err = annconv("doctor")
    assert status == 1
    assert found(out)["compiler"] == "missing"
    assert "also there" in found(out)
    assert err.startswith("AnnconvError: 1 fault was found.\n  no C++ compiler, looked for CXX=")


@pytest.mark.compiles
@pytest.mark.usefixtures("without_keras", "quick")
class TestFolder:
    def test_that_is_a_file(self, annconv, tmp_path, monkeypatch):
        (tmp_path / "file").write_text("")
        monkeypatch.setenv("ANNCONV_CACHE_DIR", str(tmp_path / "file"))
        status, out, err = annconv("doctor")
        assert status == 1
        assert found(out)["cache folder"] == "failed, see below"
        assert found(out)["test build"] == "not tried, as something is missing"
        assert "set ANNCONV_CACHE_DIR to a folder of your own" in err

    def test_that_cannot_be_written(self, annconv, cache_folder, monkeypatch):
        def refuse(dir):  # noqa: A002
            raise PermissionError(13, "Permission denied", str(dir))

        monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
        with pytest.raises(AnnconvError, match="permission denied. Instead: set ANNCONV_CACHE"):
            doctor._cache_folder(doctor.read_environment())

    def test_that_is_fine(self, annconv, cache_folder):
        status, out, _ = annconv("doctor")
        assert status == 0
        assert found(out)["cache folder"] == f"{Cache(cache_folder).root}, can be written"
        assert found(out)["test build"] == "went well"


@pytest.mark.compiles
@pytest.mark.usefixtures("without_keras")
def test_a_compiler_that_cannot_build(annconv, cache_folder, tmp_path, monkeypatch):
    path = tmp_path / "c++"
    path.write_text(
        '#!/bin/sh\ncase "$*" in --version) echo 1;; -dumpmachine) echo m;; '
        "*-dM*) echo '#define __cplusplus 201703L';; *-###*) ;; *) exit 1;; esac\n"
    )
    path.chmod(0o755)
    monkeypatch.setenv("CXX", str(path))
    status, out, err = annconv("doctor")
    assert status == 1
    assert found(out)["test build"] == "failed, see below"
    log = re.search(r"Log: (\S+)", err)
    assert log is not None
    assert Path(log[1]).exists()
    assert err.startswith("building a tiny network …\nAnnconvError: 1 fault was found.\n  ")


@pytest.mark.usefixtures("cache_folder", "quick")
@pytest.mark.compiles
def test_a_keras_that_is_too_old_is_a_fault(annconv, monkeypatch):
    keras = types.ModuleType("keras")
    keras.__spec__ = ModuleSpec("keras", None)
    keras.__version__ = "3.0.0"
    monkeypatch.setitem(sys.modules, "keras", keras)
    status, out, err = annconv("doctor")
    assert status == 1
    assert found(out)["keras"] == "failed, see below"
    assert found(out)["test build"] == "went well"
    assert "needs Keras 3.11.3 or later, found 3.0.0. Instead: pip install" in err


def test_a_backend_of_unknown_version_is_named(monkeypatch):
    keras = types.SimpleNamespace(
        __version__="3.12.0", backend=types.SimpleNamespace(backend=lambda: "none-such")
    )
    monkeypatch.setattr(quiet, "import_keras_quietly", lambda: keras)
    assert doctor._keras() == "3.12.0, backend none-such"


@pytest.mark.keras
def test_keras_and_its_backend_are_told():
    keras = importlib.metadata.version("keras")
    backend = importlib.metadata.version("tensorflow")
    assert doctor._keras() == f"{keras}, backend tensorflow {backend}"


def test_the_test_network_spikes_as_counted_by_hand():
    samples = np.array([[0.25, 0.5, 0.75], [1.0, 0.125, 0.0]])
    result = run_network(trial.tiny_network(), samples, steps=24, record=("in", "out"))
    for sample, train in zip(samples, result.spikes["in"], strict=True):
        np.testing.assert_array_equal(np.bincount(train[:, 1], minlength=3), 24 * sample)
    assert all(len(train) > 0 for train in result.spikes["out"])


@pytest.mark.compiles
def test_spikes_other_than_the_oracles_are_a_fault():
    network = trial.tiny_network()
    compiled = compile_network(replace(network, name="tiny"), CompileOptions())
    trial.compare(compiled, network)
    (weights,) = network.projections
    negated = (trial.Dense(-weights.operators[0].weights),)
    other = replace(network, projections=(replace(weights, operators=negated),))
    with pytest.raises(AnnconvError, match="ran, but not as it should: expected labels") as told:
        trial.compare(compiled, other)
    assert "spikes differ in out. Instead: set CXX to another compiler" in str(told.value)
