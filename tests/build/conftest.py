"""A cache of a test's own, and a support library in small that compiles in no time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from annconv.build.builder import Support
from annconv.build.cache import Cache
from annconv.build.key import BuildKey
from annconv.environment import Environment
from annconv.options import CompileOptions

BINDING = """\
#include <Python.h>
#include "annconv/table.hpp"
static PyObject* answer(PyObject*, PyObject*) { return PyLong_FromLong(annconv_answer()); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, nullptr},
                                {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {PyModuleDef_HEAD_INIT, "network", nullptr, -1, methods,
                             nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_network() { return PyModule_Create(&module); }
"""


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", patience=0.0)


def make_support(folder: Path, binding: str) -> Support:
    """A support library with one header and the given binding."""
    header = folder / "include" / "annconv" / "table.hpp"
    header.parent.mkdir(parents=True)
    header.write_text('#pragma once\nextern "C" int annconv_answer();\n')
    path = folder / "binding" / "binding.cpp"
    path.parent.mkdir()
    path.write_text(binding)
    return Support(folder, path)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of whoever runs the tests steer nothing."""
    for name in ("ANNCONV_CACHE_DIR", "ANNCONV_KEEP", "CXX", "CPATH", "LIBRARY_PATH"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def support(tmp_path: Path) -> Support:
    return make_support(tmp_path / "cpp", BINDING)


@pytest.fixture
def environment(tmp_path: Path) -> Environment:
    return Environment(cache=tmp_path / "cache", keep=None, compiler=None)


@pytest.fixture
def options() -> CompileOptions:
    return CompileOptions(compiler_level=0)


@pytest.fixture
def kernels() -> Callable[[int], dict[str, str]]:
    """Sources of a network whose answer is the given number."""

    def make(answer: int) -> dict[str, str]:
        body = f'#include "annconv/table.hpp"\nint annconv_answer() {{ return {answer}; }}\n'
        return {"kernels.cpp": body}

    return make


@pytest.fixture
def key() -> BuildKey:
    """A key with something in each field."""
    return BuildKey(
        sources=(("CMakeLists.txt", "aa"), ("kernels.cpp", "bb")),
        support="cc",
        compiler=("/usr/bin/g++-12", "g++ 12.2.0", "x86_64-linux-gnu"),
        cmake=("3.30.1", "Ninja"),
        flags=("-O3", "-march=znver4"),
        binding=(".cpython-311-x86_64-linux-gnu.so", "3.0.1"),
        environment=(("CPATH", "/opt/include"),),
    )
