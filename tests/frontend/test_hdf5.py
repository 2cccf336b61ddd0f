import h5py
import numpy as np
import pytest

from annconv.frontend import hdf5
from annconv.frontend.hdf5 import Findings, inspect_apart, inspect_hdf5

pytestmark = pytest.mark.keras


def file_with(tmp_path, **attributes):
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["group/array"] = np.ones(3)
        file.attrs.update(attributes)
    return path.read_bytes()


@pytest.mark.parametrize("inspect", [inspect_hdf5, inspect_apart])
def test_a_sound_file(tmp_path, inspect):
    assert inspect(file_with(tmp_path, model_config="{}")) == Findings("", (), "{}")
    assert inspect(file_with(tmp_path, model_config=np.bytes_("{}"))) == Findings("", (), "{}")
    assert inspect(file_with(tmp_path)) == Findings("", (), None)


@pytest.mark.parametrize("inspect", [inspect_hdf5, inspect_apart])
def test_damage_and_faults_are_told(tmp_path, inspect):
    content = file_with(tmp_path)
    assert "truncated file" in inspect(content[: len(content) // 2]).damage
    path = tmp_path / "file.h5"
    with h5py.File(path, "r+") as file:
        file["link"] = h5py.SoftLink("/group")
    assert inspect(path.read_bytes()).faults == ("'/link' is a link to somewhere else",)


def inspector(tmp_path, monkeypatch, text):
    (tmp_path / "stand_in.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(hdf5, "INSPECTOR", "stand_in")


def test_reading_that_does_not_end_is_damage(tmp_path, monkeypatch):
    inspector(tmp_path, monkeypatch, "while True: pass")
    monkeypatch.setattr(hdf5, "PATIENCE", 1.0)
    assert inspect_apart(b"x").damage == "reading it had not ended after 1 s"


def test_reading_that_ends_the_process_is_damage(tmp_path, monkeypatch):
    inspector(tmp_path, monkeypatch, "import os; os.abort()")
    assert inspect_apart(b"x").damage == "reading it ended with exit code -6"
    inspector(tmp_path, monkeypatch, "raise SystemExit('a reason')")
    assert inspect_apart(b"x").damage == "reading it ended with exit code 1: a reason"
