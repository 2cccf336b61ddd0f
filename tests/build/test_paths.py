"""Letters of paths, folders relative to one that is gone: built there, or refused in words."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from annconv.build.builder import Support, build_extension, find_extension
from annconv.build.cache import Cache
from annconv.build.letters import refusal
from annconv.build.toolchain import find_toolchain
from annconv.environment import Environment, read_environment
from annconv.errors import BuildError, CacheError
from annconv.options import CompileOptions
from annconv.runtime.extension import load_extension

Kernels = Callable[[int], dict[str, str]]

ALONE = ("[", "]", "[c]", "[[", "[=[")
"""What CMake gives a meaning of its own where a list is split."""
WORKING = (
    *ALONE, *" '$#(){}`,@%&<>*?!~^=+:\t\x01\x0b\x7f\x85", "é", "日本", "\u2028", "\udc80", "${x}",
    "$ENV{x}", "@x@", "%20", "-D",
)  # fmt: skip
REFUSED = (";", "|", "\\", '"', "\n", "\r")


def built_in(
    folder: Path, number: int, kernels: Kernels, options: CompileOptions, support: Support
) -> int:
    """What an extension answers that was built in a cache folder, and found there again."""
    environment = Environment(cache=folder, keep=None, compiler=None)
    identity = str(number)
    build_extension(
        kernels(number), options, identity=identity, environment=environment, support=support
    )
    found = find_extension(identity, options, environment=environment, support=support)
    assert found is not None
    assert found.path.is_relative_to(folder)
    answer: int = load_extension(found.path, found.key).answer()
    return answer


@pytest.mark.compiles
@pytest.mark.parametrize(
    "name",
    ["a[b", "a" + "".join(letter for letter in WORKING if letter not in ALONE) + "b"],
    ids=["bracket", "all others"],
)
def test_letters_with_which_a_build_works(
    tmp_path: Path, kernels: Kernels, options: CompileOptions, support: Support, name: str
) -> None:
    number = 101 + len(name)
    assert built_in(tmp_path / name, number, kernels, options, support) == number


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("letter", WORKING)
def test_each_letter_by_itself(
    tmp_path: Path, kernels: Kernels, options: CompileOptions, support: Support, letter: str
) -> None:
    number = 201 + WORKING.index(letter)
    assert built_in(tmp_path / f"a{letter}b", number, kernels, options, support) == number


@pytest.mark.slow
@pytest.mark.compiles
@pytest.mark.parametrize("letter", REFUSED)
def test_letters_are_not_refused_in_vain(
    tmp_path: Path,
    kernels: Kernels,
    options: CompileOptions,
    support: Support,
    letter: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each hinders a build, some only where CMake finds out itself what its compiler is."""
    monkeypatch.setattr("annconv.build.cache.refusal", lambda _: None)
    monkeypatch.setattr("annconv.build.toolchain._family", lambda _: None)
    with pytest.raises(BuildError):
        built_in(tmp_path / f"a{letter}b", 301, kernels, options, support)


def test_letters_that_are_refused() -> None:
    assert {letter for letter in map(chr, range(1, 256)) if refusal(f"a{letter}b")} == set(REFUSED)
    assert refusal(Path("a;b|c")) == "CMake and Ninja cannot use a path with ';' '|'"
    assert not [letter for letter in WORKING if refusal(letter)]


@pytest.mark.compiles
def test_the_paths_of_tools_are_looked_at_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them is the cache's, yet they reach CMake in the same way."""
    folder = tmp_path / "a;b"
    folder.mkdir()
    tools = find_toolchain(None, python=True)
    (folder / "c++").symlink_to(tools.compiler.path)
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(folder))
    (folder / "Python.h").write_text("")
    headers = folder / "pybind11" / "include" / "pybind11"
    headers.mkdir(parents=True)
    (headers / "pybind11.h").write_text("")
    installed = folder / "pybind11-3.0.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Name: pybind11\nVersion: 3.0.0\n")
    monkeypatch.syspath_prepend(folder)
    with pytest.raises(BuildError) as caught:
        find_toolchain(str(folder / "c++"), python=True)
    assert caught.value.why.count("CMake and Ninja cannot use a path with ';'") == 3
    assert "set CXX to a compiler, or to a link to one, in a folder without" in str(caught.value)


def test_folders_are_made_absolute_when_the_environment_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    found = read_environment({"ANNCONV_CACHE_DIR": "cache", "ANNCONV_KEEP": "~/kept"})
    assert (found.cache, found.keep) == (tmp_path / "cache", tmp_path / "home" / "kept")
    assert Cache(Path("~/builds")).root.parent == tmp_path / "home" / "builds"
    assert Cache(Path("builds")).root.parent == tmp_path / "builds"
    with pytest.raises(CacheError, match="the home of '~nobody-of-this-name' is not known"):
        read_environment({"ANNCONV_CACHE_DIR": "~nobody-of-this-name/cache"})


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder that is gone."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    return folder


@pytest.mark.parametrize("variable", ["ANNCONV_CACHE_DIR", "ANNCONV_KEEP"])
@pytest.mark.usefixtures("nowhere")
def test_what_is_relative_to_a_folder_that_is_gone(variable: str) -> None:
    with pytest.raises(CacheError) as caught:
        read_environment({variable: "cache"})
    assert str(caught.value) == (
        "cache: is relative to the current folder, which is gone. "
        f"Instead: set {variable} to an absolute path."
    )
    with pytest.raises(CacheError, match="is relative to the current folder, which is gone"):
        Cache(Path("cache"))


@pytest.mark.compiles
@pytest.mark.usefixtures("nowhere")
def test_a_current_folder_that_is_gone_hinders_no_build(
    tmp_path: Path, kernels: Kernels, options: CompileOptions, support: Support
) -> None:
    with pytest.raises(FileNotFoundError):
        os.getcwd()  # noqa: PTH109
    assert built_in(tmp_path / "cache", 401, kernels, options, support) == 401
