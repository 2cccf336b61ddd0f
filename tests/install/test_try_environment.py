"""The script that tries an environment, in this one."""

from __future__ import annotations

import importlib.metadata
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

import annconv


@pytest.fixture
def script(monkeypatch):
    """The names of the script; it puts the examples on Python's path."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    return runpy.run_path(str(Path(__file__).with_name("try_environment.py")), run_name="script")


@pytest.mark.slow
@pytest.mark.keras
@pytest.mark.compiles
def test_this_environment_does_as_annarchy_recorded(script, capsys, tmp_path):
    assert script["main"]([]) == 0
    told, outcome = capsys.readouterr().out.splitlines()
    assert f"; Keras {importlib.metadata.version('keras')}; " in told
    assert f"; numpy {np.__version__}; " in told
    assert outcome == "20 of 20 labels as recorded, potentials within 0"

    script["recorded_network"]().save(tmp_path / "cnn.snn")
    assert script["main"]([str(tmp_path / "cnn.snn")]) == 0
    told, outcome = capsys.readouterr().out.splitlines()
    assert "Keras" not in told


@pytest.mark.compiles
def test_another_network_is_told_apart(script, capsys, monkeypatch, tmp_path):
    with np.load(script["RECORD"]) as record:
        other = {"start": record["start"], "last_v": record["last_v"] + 1e-8}
    np.savez(tmp_path / "other.npz", **other)
    monkeypatch.setitem(script["main"].__globals__, "RECORD", tmp_path / "other.npz")
    monkeypatch.setattr(annconv, "load", lambda _: None)
    monkeypatch.setattr(
        annconv, "compile", lambda *_, **__: Finished(record=other["last_v"] - 1e-8)
    )
    assert script["main"](["cnn.snn"]) == 1
    assert capsys.readouterr().out.endswith(
        "20 of 20 labels as recorded, potentials within 1e-08\n"
    )


class Finished:
    """A network that answers what was recorded."""

    def __init__(self, record):
        self.labels, self.outputs = record.argmax(axis=1), record

    def run(self, samples, *, steps):
        assert (samples.shape, steps) == ((20, 28, 28), 200)
        return self
