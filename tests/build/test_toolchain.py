"""Finding compiler, CMake, Ninja and headers, and saying what is missing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from annconv.build import toolchain
from annconv.build.toolchain import (
    compilers_on_path,
    expand_native,
    find_toolchain,
    locate_compiler,
    survey_tools,
)
from annconv.errors import BuildError

GCC_SHOWN = """\
Using built-in specs.
COLLECT_GCC=g++
 /usr/lib/gcc/cc1plus -quiet -D_GNU_SOURCE /dev/null "-march=znver3" -mavx2 -mno-xop \
--param "l1-cache-size=48" "-mtune=znver3" -quiet -o /tmp/x.s
 as --64 -o /dev/null /tmp/x.s
"""
GCC_NATIVE = ("-march=znver3", "-mavx2", "-mno-xop", "--param", "l1-cache-size=48", "-mtune=znver3")
CLANG_SHOWN = """\
clang version 17.0.6
 "/usr/lib/llvm-17/bin/clang" "-cc1" "-triple" "x86_64-linux-gnu" "-mrelocation-model" "pic" \
"-target-cpu" "znver4" "-target-feature" "+avx2" "-tune-cpu" "znver4" "-o" "/dev/null"
"""
CLANG_NATIVE = ("-target-cpu", "znver4", "-target-feature", "+avx2", "-tune-cpu", "znver4")


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (GCC_SHOWN, GCC_NATIVE),
        (CLANG_SHOWN, CLANG_NATIVE),
        ("nothing known\n", ()),
    ],
)
def test_native_is_expanded(shown: str, expected: tuple[str, ...]) -> None:
    assert expand_native(shown) == expected


@pytest.mark.compiles
def test_the_tools_of_this_machine_are_found() -> None:
    tools = find_toolchain(None, python=True)
    assert tools.compiler.path.is_absolute()
    assert tools.compiler.real == tools.compiler.path.resolve()
    assert tools.compiler.version
    assert "-" in tools.compiler.target
    assert tools.compiler.native  # every machine that tests us has a known processor
    assert tools.cmake.version[0].isdigit()
    assert tools.ninja.version[0].isdigit()
    assert tools.python is not None
    assert (tools.python.include / "Python.h").is_file()
    assert (tools.python.pybind11_include / "pybind11" / "pybind11.h").is_file()
    assert tools.binding() == (tools.python.suffix, tools.python.pybind11_version)


@pytest.mark.compiles
def test_a_program_needs_no_python_headers() -> None:
    tools = find_toolchain(None, python=False)
    assert tools.python is None
    assert tools.binding() is None


def test_the_requested_compiler_comes_before_those_on_path(tmp_path: Path) -> None:
    mine = script(tmp_path / "mine", "exit 0")
    usual = script(tmp_path / "bin" / "clang++", "exit 0")
    environment = {"PATH": str(tmp_path / "bin")}
    assert locate_compiler(str(mine), environment) == mine
    assert locate_compiler("clang++", environment) == usual
    assert locate_compiler(None, environment) == usual
    first = script(tmp_path / "bin" / "c++", "exit 0")
    assert locate_compiler(None, environment) == first
    assert locate_compiler("/nonexistent", environment) is None
    assert locate_compiler(None, {}) is None


def test_a_missing_compiler_is_told_with_what_was_looked_for() -> None:
    with pytest.raises(BuildError) as caught:
        find_toolchain("/nonexistent", python=False)
    text = str(caught.value)
    assert "finding the build tools failed (no C++ compiler, looked for CXX='/nonexistent')" in text
    assert "install a C++ compiler (for example g++), or set CXX" in text


def test_a_compiler_with_arguments_is_told_apart() -> None:
    with pytest.raises(BuildError, match="set CXX to one program, without arguments"):
        find_toolchain("ccache /nonexistent", python=False)


def test_everything_that_is_missing_is_listed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(toolchain, "_package", lambda _: None)
    monkeypatch.setattr(toolchain.sysconfig, "get_path", lambda _: "/nonexistent/include")
    with pytest.raises(BuildError) as caught:
        find_toolchain(None, python=True)
    text = str(caught.value)
    for expected in (
        "no C++ compiler, looked for c++, g++, clang++ on PATH",
        "no cmake, looked for the Python package cmake and for cmake on PATH",
        "no ninja, looked for",
        "no Python.h in /nonexistent/include",
        "no Python package pybind11",
        "pip install pybind11",
        "pip install cmake",
        "python3-dev",
    ):
        assert expected in text


def test_pybind11_without_headers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = tmp_path / "pybind11-9.9.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: pybind11\nVersion: 9.9\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(BuildError, match=r"no pybind11/pybind11\.h in ") as caught:
        find_toolchain(None, python=True)
    assert str(tmp_path / "pybind11" / "include") in str(caught.value)


@pytest.mark.compiles
def test_modules_of_a_users_own_are_not_taken_for_the_tools(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import pybind11

    before = find_toolchain(None, python=True)
    for name in ("cmake", "ninja", "pybind11"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported')")
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr(sys, "path", [None, str(tmp_path), tmp_path, *sys.path])
    assert find_toolchain(None, python=True) == before
    assert before.python is not None
    assert before.python.pybind11_include == Path(pybind11.get_include())
    assert before.python.pybind11_version == pybind11.__version__
    assert before.cmake.path.read_bytes()[:4] == before.ninja.path.read_bytes()[:4] == b"\x7fELF"


def test_a_program_that_is_no_compiler(tmp_path: Path) -> None:
    broken = script(tmp_path / "broken", "exit 1")
    with pytest.raises(BuildError, match="does not answer --version and -dumpmachine"):
        find_toolchain(str(broken), python=False)


@pytest.mark.parametrize("name", ["true", "echo"])
def test_a_program_that_agrees_with_everything_is_no_compiler(name: str) -> None:
    program = shutil.which(name)
    with pytest.raises(BuildError, match="finding the build tools failed") as caught:
        find_toolchain(program, python=False)
    what = {"true": "does not answer --version and -dumpmachine", "echo": "is no C++ compiler"}
    assert f"{program} {what[name]}" in str(caught.value)
    assert "or set CXX to the path of one" in str(caught.value)


def test_a_compiler_that_does_not_know_native(tmp_path: Path) -> None:
    answers = (
        'case "$*" in --version) echo 1;; -dumpmachine) echo m;; *native*) exit 1;; '
        "*-dM*) echo '#define __cplusplus 201703L';; esac"
    )
    odd = script(tmp_path / "odd++", answers)
    assert find_toolchain(str(odd), python=False).compiler.native == ()


@pytest.mark.compiles
def test_cmake_and_ninja_from_path_where_the_packages_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = find_toolchain(None, python=False)
    script(tmp_path / "cmake", "echo cmake version 3.99.1; echo; echo more")
    script(tmp_path / "ninja", "echo 1.99")
    path = os.pathsep.join([str(tmp_path), os.environ["PATH"]])
    monkeypatch.setenv("PATH", path)
    assert find_toolchain(None, python=False).cmake == packaged.cmake
    monkeypatch.setattr(toolchain, "_package", lambda _: None)
    tools = find_toolchain(None, python=False)
    assert (tools.cmake.path, tools.cmake.version) == (tmp_path / "cmake", "3.99.1")
    assert (tools.ninja.path, tools.ninja.version) == (tmp_path / "ninja", "1.99")
    script(tmp_path / "cmake", "echo a start-up file; echo cmake version 3.99.2; echo more")
    assert find_toolchain(None, python=False).cmake.version == "3.99.2"


@pytest.mark.compiles
def test_a_cmake_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "cmake", "exit 1")
    compiler = shutil.which("c++")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "_package", lambda _: None)
    with pytest.raises(BuildError, match="cmake does not answer --version"):
        find_toolchain(compiler, python=False)


@pytest.mark.compiles
def test_a_link_keeps_the_name_it_is_called_by(tmp_path: Path) -> None:
    found = locate_compiler(None, dict(os.environ))
    assert found is not None
    link = tmp_path / "my-c++"
    link.symlink_to(found)
    compiler = find_toolchain(str(link), python=False).compiler
    assert compiler.path == link
    assert compiler.real == found.resolve()


def test_a_survey_tells_what_is_there_and_what_is_not() -> None:
    found = survey_tools("/nonexistent", python=False)
    assert found.compiler is None
    assert found.python is None
    assert found.cmake is not None
    assert found.ninja is not None
    (fault,) = found.faults
    assert fault.what == "no C++ compiler, looked for CXX='/nonexistent'"
    assert fault.instead.startswith("install a C++ compiler")


def test_compilers_on_path_are_those_that_tell_their_version(tmp_path: Path) -> None:
    script(tmp_path / "c++", "exit 1")
    script(tmp_path / "g++", "echo g++ 12.2; echo more")
    script(tmp_path / "icpc", "echo of no name that is looked for")
    (tool,) = compilers_on_path({"PATH": str(tmp_path)})
    assert (tool.path, tool.version) == (tmp_path / "g++", "g++ 12.2")
    assert compilers_on_path({}) == ()


@pytest.mark.parametrize(
    ("macros", "family"),
    [
        ("__cplusplus __GNUC__", "GNU"),
        ("__cplusplus __GNUC__ __clang__", "Clang"),
        ("__cplusplus __GNUC__ __clang__ __INTEL_LLVM_COMPILER", None),
        ("__cplusplus __GNUC__ __clang__ __apple_build_version__", None),
        ("__cplusplus", None),
    ],
)
def test_cmake_is_told_who_made_a_compiler(tmp_path: Path, macros: str, family: str | None) -> None:
    printed = "; ".join(f"echo '#define {name} 1'" for name in macros.split())
    answers = f"--version) echo c++ 17;; -dumpmachine) echo x-linux-gnu;; -dM*) {printed};;"
    path = script(tmp_path / "c++", f'case "$*" in {answers} *) exit 1;; esac')
    assert find_toolchain(str(path), python=False).compiler.family == family
