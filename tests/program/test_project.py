"""Exported projects are built and installed where there is nothing but CMake and a compiler."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from zoo import ZOO, layers, samples

from annconv.build.toolchain import find_toolchain
from annconv.interop.project.api import export
from annconv.ir.network import Network
from annconv.reference.network import run_network

pytestmark = pytest.mark.compiles

WARNINGS = "CMAKE_CXX_FLAGS=-Wall -Wextra -Werror"
TOOLS = ("as", "ld", "ar", "ranlib", "nm")
"""What compilers and CMake call."""
ODD_FOLDERS = ("a b", "l'été", "日本", "$HOME", "100%", "a#b", "(x)")
ODD_NAMES = ('x"); exit(1); //', "*/ } int x; /*", "a\n#error b\n??/\\", "日本")
STEPS = 25

CONSUMER_C = """
#include <stdio.h>
#include "net.h"
int main(int count, char** words) {
    net_weights* weights = NULL;
    net_network* network = NULL;
    static net_real sample[NET_INPUTS];
    int32_t label = -1;
    if (count != 2 || net_weights_open(words[1], &weights) != NET_OK) return 2;
    if (net_open(weights, 2, &network) != NET_OK) return 3;
    if (net_predict(network, sample, 1, NULL, &label, NULL, NULL, NULL) != NET_OK) return 4;
    net_close(network);
    net_weights_close(weights);
    printf("%d\\n", (int)label);
    return 0;
}
"""
CONSUMER_CMAKE = """
cmake_minimum_required(VERSION 3.16)
project(robot LANGUAGES C CXX)
find_package(net 1 REQUIRED)
add_executable(robot robot.c)
target_link_libraries(robot PRIVATE net::net)
file(WRITE "${CMAKE_BINARY_DIR}/weights.txt" "${NET_WEIGHTS}")
"""


def tools_alone(folder: Path, compiler: str) -> dict[str, str]:
    """An environment whose PATH holds what a compiler needs, and no Python."""
    folder.mkdir(exist_ok=True)
    for name in TOOLS:
        found = shutil.which(name)
        if found is not None and not (folder / name).exists():
            (folder / name).symlink_to(found)
    return {"PATH": str(folder), "CXX": compiler, "CC": compiler.replace("++", "cc", 1)}


class Builder:
    """Builds projects with one compiler."""

    def __init__(self, folder: Path, compiler: str) -> None:
        found = shutil.which(compiler)
        if found is None:
            pytest.skip(f"no {compiler}")
        self.tools = find_toolchain(None, python=False)
        c_compiler = shutil.which({"g++": "gcc", "clang++": "clang"}[compiler])
        self.environment = {**tools_alone(folder / "tools", found), "CC": str(c_compiler)}

    def call(self, *command: str | Path, cwd: Path | None = None) -> str:
        """What a command prints that goes well."""
        done = subprocess.run(
            [str(word) for word in command], cwd=cwd, env=self.environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def build(self, source: Path, *definitions: str) -> Path:
        """Configures and builds; the folder of what was built."""
        target = self.configure(source, *definitions)
        self.call(self.tools.cmake.path, "--build", target)
        return target

    def configure(self, source: Path, *definitions: str) -> Path:
        """Builds nothing yet; the folder of what is to be built."""
        target = source / "build"
        chosen = [f"-D{each}" for each in definitions]
        ninja = f"-DCMAKE_MAKE_PROGRAM={self.tools.ninja.path}"
        cmake = self.tools.cmake.path
        self.call(cmake, "-S", source, "-B", target, "-G", "Ninja", ninja, *chosen)
        return target

    def install(self, built: Path, prefix: Path) -> None:
        self.call(self.tools.cmake.path, "--install", built, "--prefix", prefix)


def odd_names() -> Network:
    return layers(ODD_NAMES)


def expected_labels(network: Network, values: np.ndarray) -> list[int]:
    return run_network(network, values, steps=STEPS).labels.tolist()


def check_program(builder: Builder, built: Path, network: Network) -> None:
    """The program's classes are the interpreter's."""
    values = samples(network)
    np.save(built / "samples.npy", values)
    printed = builder.call(built / "net", "samples.npy", "--quiet", cwd=built)
    assert [int(line) for line in printed.splitlines()] == expected_labels(network, values)


def check_examples(builder: Builder, built: Path, network: Network) -> None:
    """Both examples find the program's classes."""
    values = samples(network)
    values.tofile(built / "values.raw")
    weights = built / "net.weights"
    printed = builder.call(built / "predict_batch", weights, "values.raw", cwd=built)
    labels = [int(line) for line in printed.splitlines()]
    assert labels == expected_labels(network, values)
    *steps, last = builder.call(
        built / "step_by_hand", weights, "values.raw", str(STEPS), cwd=built
    ).splitlines()
    assert last == f"class {labels[0]}"
    assert len(steps) >= 1


def check_builds(
    network: Network, folder: Path, compiler: str, *definitions: str, tmp_path: Path, **options
) -> Path:
    """A project without a warning, whose program and examples run; what was built."""
    builder = Builder(tmp_path, compiler)
    export(network, folder, name="net", precision="double", **options)
    debug = () if any("BUILD_TYPE" in each for each in definitions) else ("CMAKE_BUILD_TYPE=Debug",)
    built = builder.build(folder, WARNINGS, "NET_EXAMPLES=ON", *debug, *definitions)
    check_program(builder, built, network)
    check_examples(builder, built, network)
    return built


def test_an_odd_folder(tmp_path: Path) -> None:
    folder = tmp_path / "a b" / "日本 l'été $x"
    definitions = ("BUILD_SHARED_LIBS=ON", "NET_EMBED=ON", "NET_MARCH=")
    built = check_builds(ZOO["picture"](), folder, "g++", *definitions, tmp_path=tmp_path)
    assert (built / "libnet.so").exists()
    (built / "net.weights").unlink()
    check_program(Builder(tmp_path, "g++"), built, ZOO["picture"]())  # with those in it


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize(
    "definitions",
    [
        ("CMAKE_BUILD_TYPE=Release",),
        ("BUILD_SHARED_LIBS=ON",),
        ("NET_EMBED=ON", "CMAKE_BUILD_TYPE=Release"),
        ("NET_EMBED=ON", "BUILD_SHARED_LIBS=ON", WARNINGS + " -flto"),
        ("NET_MARCH=", "NET_THREADS=OFF"),
        ("NET_MARCH=x86-64-v3",),
    ],
    ids=" ".join,
)
def test_options(definitions: Sequence[str], compiler: str, tmp_path: Path) -> None:
    for number, network in enumerate((ZOO["signed"](), odd_names())):
        folder = tmp_path / str(number)
        check_builds(network, folder, compiler, *definitions, tmp_path=tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_FOLDERS)
def test_odd_folders(name: str, tmp_path: Path) -> None:
    network = replace(ZOO["dense"](), name=name)
    check_builds(network, tmp_path / name, "g++", tmp_path=tmp_path, embed=True)


@pytest.mark.slow
def test_without_threads_no_thread_library_is_needed(tmp_path: Path) -> None:
    built = check_builds(
        ZOO["dense"](), tmp_path / "net", "g++", "NET_THREADS=OFF", tmp_path=tmp_path
    )
    needed = Builder(tmp_path, "g++").call(shutil.which("nm") or "nm", "-C", "-u", built / "net")
    found = [line for line in needed.splitlines() if "pthread_c" in line or "std::thread" in line]
    assert [line.split()[-1] for line in found if "hardware_concurrency" not in line] == []


def test_pkg_config_names_the_libraries_that_are_needed(tmp_path: Path) -> None:
    """Those of threads where there are threads; asked of one folder in turn."""
    export(ZOO["dense"](), tmp_path / "net", name="net")
    builder = Builder(tmp_path, "g++")
    for threads, needed in (("ON", "-pthread -lstdc++ -lm"), ("OFF", "-lstdc++ -lm")) * 2:
        built = builder.configure(tmp_path / "net", f"NET_THREADS={threads}")
        lines = (built / "net.pc").read_text().splitlines()
        assert f"Libs.private: {needed}" in lines


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["g++", "clang++"])
@pytest.mark.parametrize("shared", ["ON", "OFF"])
@pytest.mark.parametrize("threads", ["ON", "OFF"])
def test_an_installed_library(threads: str, shared: str, compiler: str, tmp_path: Path) -> None:
    """A program in C finds it through CMake, and through pkg-config, and runs it."""
    network, builder = ZOO["dense"](), Builder(tmp_path, compiler)
    folder, prefix = tmp_path / "net", tmp_path / "pre fix"
    export(network, folder, name="net")
    chosen = (f"BUILD_SHARED_LIBS={shared}", f"NET_THREADS={threads}", "CMAKE_BUILD_TYPE=Debug")
    builder.install(builder.build(folder, *chosen), prefix)
    shutil.rmtree(folder)
    robot = tmp_path / "robot"
    robot.mkdir()
    (robot / "robot.c").write_text(CONSUMER_C)
    (robot / "CMakeLists.txt").write_text(CONSUMER_CMAKE)
    built = builder.build(robot, f"CMAKE_PREFIX_PATH={prefix}")
    weights = Path((built / "weights.txt").read_text())
    assert weights.is_file()
    expected = expected_labels(network, np.zeros((1, *network.input.geometry)))
    assert builder.call(built / "robot", weights).split() == [str(expected[0])]
    np.save(tmp_path / "samples.npy", np.zeros((1, *network.input.geometry)))
    program = builder.call(prefix / "bin" / "net", tmp_path / "samples.npy", "--quiet")
    assert program.split() == [str(expected[0])]

    tool = shutil.which("pkg-config") or shutil.which("pkgconf")
    if tool is None:
        pytest.skip("no pkg-config")
    (pc,) = prefix.rglob("net.pc")
    builder.environment["PKG_CONFIG_PATH"] = str(pc.parent)
    kinds = [] if shared == "ON" else ["--static"]
    flags = builder.call(tool, "--cflags", *kinds, "--libs", "net")
    listed = shlex.split(flags)
    assert ("-pthread" in listed) == (threads == "ON" and shared == "OFF")
    builder.call(builder.environment["CC"], robot / "robot.c", *listed, "-o", robot / "linked")
    builder.environment["LD_LIBRARY_PATH"] = str(next(prefix.rglob("libnet.*")).parent)
    assert builder.call(robot / "linked", weights).split() == [str(expected[0])]
    told = builder.call(tool, "--variable=weights", "net").strip()
    assert Path(told.replace("\\ ", " ")).resolve() == weights.resolve()
