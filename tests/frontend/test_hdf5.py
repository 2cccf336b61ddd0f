import struct
import sys

import h5py
import numpy as np
import pytest

from annconv.errors import AnnconvError
from annconv.frontend import hdf5
from annconv.frontend.hdf5 import Findings, inspect_apart, inspect_hdf5
from annconv.python_process import UnansweredError

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


def faults_after(tmp_path, edit):
    """Faults of a file with two arrays after a change of its bytes."""
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["first"], file["second"] = np.ones(16, np.float32), np.ones(8, np.float32)
        places = [(file[name].id.get_offset(), file[name].nbytes) for name in ("first", "second")]
    content = bytearray(path.read_bytes())
    layouts = [content.index(struct.pack("<QQ", *place)) for place in places]
    edit(content, layouts, [offset for offset, _ in places])
    return inspect_hdf5(bytes(content)).faults


def test_arrays_that_share_numbers_are_a_fault(tmp_path):
    def edit(content, layouts, offsets):
        struct.pack_into("<Q", content, layouts[1], offsets[0] + 60)

    said = ("'/first' and '/second' have numbers in common",)
    assert faults_after(tmp_path, edit) == said


def test_arrays_that_are_stored_in_another_size_are_a_fault(tmp_path):
    def edit(content, layouts, offsets):
        struct.pack_into("<Q", content, layouts[1] + 8, 36)

    assert faults_after(tmp_path, edit) == ("'/second' needs 32 bytes, 36 are stored",)


@pytest.mark.parametrize("type_", [">f4", "<f16", ">i4"])
def test_numbers_of_an_unusual_type_are_a_fault(tmp_path, type_):
    path = tmp_path / "file.h5"
    with h5py.File(path, "w") as file:
        file["array"] = np.ones(3, type_)
        file["whole"] = np.ones(3, np.int64)
    said = f"the numbers of '/array' are of an unusual type ({np.dtype(type_).str})"
    assert inspect_hdf5(path.read_bytes()).faults == (said,)


def test_another_layout_of_bits_is_a_fault(tmp_path):
    """As a flipped bit in the description of a type makes it."""
    path = tmp_path / "file.h5"
    odd = h5py.h5t.IEEE_F32LE.copy()
    odd.set_ebias(odd.get_ebias() - 64)
    with h5py.File(path, "w") as file:
        h5py.h5d.create(file.id, b"array", odd, h5py.h5s.create_simple((3,))).write(
            h5py.h5s.ALL, h5py.h5s.ALL, np.ones(3, np.float32)
        )
    (fault,) = inspect_hdf5(path.read_bytes()).faults
    assert fault.startswith("the numbers of '/array' are of an unusual type (")


def test_a_configuration_that_is_no_text_is_damage(tmp_path):
    content = file_with(tmp_path, model_config="configuration").replace(b"figura", b"fig\xffra")
    assert "can't encode character" in inspect_hdf5(content).damage


def test_nothing_is_imported_from_the_current_folder_or_that_of_a_script(tmp_path, monkeypatch):
    for name in ("h5py", "json", "numpy", "annconv"):
        (tmp_path / f"{name}.py").write_text("open('planted', 'w').close()")
    content = file_with(tmp_path, model_config="{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])  # as that of a script is there
    assert inspect_apart(content) == Findings("", (), "{}")
    assert not (tmp_path / "planted").exists()


def test_reading_that_crashes_or_does_not_end_is_damage(monkeypatch):
    def unanswered(*arguments, **options):
        raise UnansweredError("ended with signal SIGSEGV")

    monkeypatch.setattr(hdf5, "call_apart", unanswered)
    assert inspect_apart(b"x").damage == "reading it ended with signal SIGSEGV"


def test_without_a_process_of_its_own_the_file_is_not_blamed(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "executable", None)
    for prefix in ("exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, prefix, "/nonexistent")
    with pytest.raises(AnnconvError) as caught:
        inspect_apart(file_with(tmp_path))
    assert str(caught.value) == (
        "An HDF5 file is inspected in a Python process of its own, and this cannot be started: no"
        " Python is found (sys.executable is None). Instead: set sys.executable to the path of this"
        " Python, or save the model as .keras, which needs no such process."
    )
