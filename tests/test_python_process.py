"""A Python process of its own does not depend on what was set up for this one."""

import os
import signal
import sys
from pathlib import Path

import pytest

from annconv import python_process
from annconv.errors import AnnconvError
from annconv.python_process import UnansweredError, call_apart

FUNCTIONS = """
import os, signal, sys, warnings

def size(content):
    return len(content)

def surroundings(content):
    warnings.warn("a warning", stacklevel=1)
    os.write(1, b"printed\\n")
    return {"path": sys.path, "modules": sorted(sys.modules), "text": "a\\ud800\\n"}

def busy(content):
    while True:
        pass

def crash(content):
    os.abort()

def killed(content):
    os.kill(os.getpid(), signal.SIGKILL)

def fails(content):
    raise MemoryError("none left")

def leaves(content):
    os._exit(0)
"""


@pytest.fixture
def functions(tmp_path, monkeypatch):
    """A package of functions that can be called apart."""
    folder = tmp_path / "packages" / "stand_in"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(FUNCTIONS)
    for name in ("json", "subprocess", "annconv"):  # beside a package may lie what hides others
        (folder.parent / f"{name}.py").write_text("raise SystemExit('planted')")
    monkeypatch.syspath_prepend(folder.parent)
    monkeypatch.delitem(sys.modules, "stand_in", raising=False)
    return __import__("stand_in")


def call(function, content=b"", patience=30.0):
    return call_apart(
        function,
        content,
        purpose="A file is read",
        packages=["stand_in"],
        patience=patience,
        instead="do without",
    )


def failure(function, **options):
    with pytest.raises(AnnconvError) as caught:
        call(function, **options)
    start = "A file is read in a Python process of its own, and this "
    text = str(caught.value)
    assert text.startswith(start)
    assert text.endswith(", or do without.")
    return text.removeprefix(start).removesuffix(", or do without.")


def test_content_of_any_size_arrives(functions):
    assert call(functions.size) == 0
    assert call(functions.size, bytes(3_000_000)) == 3_000_000


PLANTED = "import os\nos.write(1, b'planted')\nos.write(2, b'planted')\n"


def plant(folder, monkeypatch):
    """Modules that Python finds and runs by itself, and some that hide others."""
    folder.mkdir()
    for name in ("sitecustomize", "usercustomize", "startup", "json", "annconv"):
        (folder / f"{name}.py").write_text(PLANTED + "raise SystemExit('planted')")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setenv("PYTHONSTARTUP", str(folder / "startup.py"))
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


def test_nothing_that_was_set_up_for_others_reaches_it(functions, tmp_path, monkeypatch):
    plant(tmp_path / "planted", monkeypatch)
    monkeypatch.setenv("PYTHONWARNINGS", "error")
    monkeypatch.setenv("PYTHONHOME", "/nonexistent")
    monkeypatch.setattr(sys, "path", [None, tmp_path, 3, *sys.path])
    answer = call(functions.surroundings)
    assert answer["text"] == "a\ud800\n"
    assert not [entry for entry in answer["path"] if "planted" in entry]
    assert answer["path"][-1] == str(tmp_path / "packages")
    assert str(Path(python_process.__file__).parents[1]) not in answer["path"]
    assert not {"site", "sitecustomize", "usercustomize"} & set(answer["modules"])


def test_a_current_folder_that_is_gone(functions, tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert call(functions.size, b"x") == 1


def test_closed_descriptors(functions):
    """A daemon has none of the first three; its own then begin with 0."""
    kept = [os.dup(number) for number in (0, 1, 2)]
    try:
        for number in (0, 1, 2):
            os.close(number)
        size = call(functions.size, b"x")
    finally:
        for number, copy in enumerate(kept):
            os.dup2(copy, number)
            os.close(copy)
    assert size == 1


@pytest.mark.parametrize("executable", [None, "", "/nonexistent/python", "/"])
def test_where_python_does_not_tell_its_program(functions, monkeypatch, executable):
    monkeypatch.setattr(sys, "executable", executable)
    assert call(functions.size, b"x") == 1


def test_a_program_that_holds_python_is_not_started(functions, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert failure(functions.size).startswith("failed (exit code 1). Instead: repair this")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert call(functions.size, b"x") == 1


def test_no_python_at_all(functions, monkeypatch):
    monkeypatch.setattr(sys, "executable", None)
    for prefix in ("exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, prefix, "/nonexistent")
    assert failure(functions.size) == (
        "cannot be started: no Python is found (sys.executable is None)."
        " Instead: set sys.executable to the path of this Python"
    )


def test_what_the_content_does_to_a_function_is_told_apart(functions):
    with pytest.raises(UnansweredError, match="^ended with signal SIGABRT$"):
        call(functions.crash)
    with pytest.raises(UnansweredError, match="^had not ended after 2 s$"):
        call(functions.busy, patience=2.0)


def test_what_is_not_the_contents_fault_is_an_error_of_its_own(functions):
    assert failure(functions.fails) == (
        "ended with exit code 1: MemoryError: none left."
        " Instead: try again where more memory is free"
    )
    assert failure(functions.killed).startswith(f"ended with signal {signal.SIGKILL.name}.")
    assert failure(functions.leaves).startswith("ended with exit code 0.")


def test_a_process_that_does_not_begin(functions, monkeypatch):
    functions.size.__module__ = "missing_module"
    assert failure(functions.size).startswith(
        "failed (exit code 1: ModuleNotFoundError: No module named 'missing_module'). Instead:"
        " repair this installation"
    )
    monkeypatch.setattr(python_process, "_BOOT", "while True: pass")
    assert failure(functions.size, patience=0.5).startswith("had not begun after 0 s.")


def test_a_process_that_cannot_be_had(functions, monkeypatch):
    def none_left(*arguments, **options):
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(python_process.subprocess, "run", none_left)
    assert failure(functions.size) == (
        "cannot be started (Resource temporarily unavailable)."
        " Instead: try again where more memory is free"
    )
