"""Loading extension modules: one per key, and errors for what is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from annconv.build.toolchain import locate_compiler
from annconv.errors import BuildError
from annconv.runtime.compiled import CompiledNetwork
from annconv.runtime.extension import load_extension

SUFFIX = ".so"


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"not a library" * 100])
def test_a_damaged_file(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / f"network{SUFFIX}"
    path.write_bytes(content)
    with pytest.raises(BuildError, match="loading the extension failed") as caught:
        load_extension(path, "damaged")
    assert "remove the cache folder and compile again" in str(caught.value)
    assert "damaged.network" not in sys.modules


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="loading the extension failed"):
        load_extension(tmp_path / f"network{SUFFIX}", "missing")


def test_a_file_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="is not an extension module"):
        load_extension(tmp_path / "network.txt", "text")


def _library(source: str, folder: Path) -> Path:
    text, path = folder / "network.cpp", folder / f"network{SUFFIX}"
    text.write_text(source)
    compiler = locate_compiler(None, dict(os.environ))
    assert compiler is not None
    subprocess.run([compiler, "-shared", "-fPIC", text, "-o", path], check=True)
    return path


@pytest.mark.compiles
def test_a_library_that_is_no_module_of_python(tmp_path: Path) -> None:
    path = _library("void here() {}\n", tmp_path)
    with pytest.raises(BuildError, match="PyInit_network"):
        load_extension(path, "plain")


@pytest.mark.compiles
def test_a_library_that_lacks_that_of_cpp(tmp_path: Path) -> None:
    path = _library("void elsewhere(); void here() { elsewhere(); }\n", tmp_path)
    with pytest.raises(BuildError, match="undefined symbol: _Z9elsewherev") as caught:
        load_extension(path, "lacking")
    assert "set CXX to a C++ compiler, as g++ or clang++, not gcc or clang" in str(caught.value)


@pytest.mark.compiles
def test_a_key_is_loaded_once(compiled: CompiledNetwork) -> None:
    name = type(compiled._native).__module__
    assert name.endswith(".network")
    module = sys.modules[name]
    assert module.__file__ is not None
    again = load_extension(Path(module.__file__), name.removesuffix(".network"))
    assert again is module


@pytest.mark.compiles
def test_threads_that_load_one_key_get_one_module(compiled: CompiledNetwork) -> None:
    """A process of its own, in which no thread has loaded it yet."""
    name = type(compiled._native).__module__
    program = (
        "import sys, threading\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "from pathlib import Path\n"
        "from annconv.runtime.extension import load_extension\n"
        "sys.setswitchinterval(1e-6)\n"
        "barrier = threading.Barrier(8)\n"
        "def load(_):\n"
        "    barrier.wait()\n"
        "    return id(load_extension(Path(sys.argv[1]), sys.argv[2]))\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(len(set(pool.map(load, range(8)))))\n"
    )
    file = sys.modules[name].__file__
    assert file is not None
    command = [sys.executable, "-c", program, file, name.removesuffix(".network")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("1\n", "")
