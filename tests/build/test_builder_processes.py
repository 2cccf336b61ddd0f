"""Several processes and one cache: waiting, being killed, and a real pybind11 binding.

A compiler that stands before the real one tells when it has begun with `kernels.cpp`, and waits
there until the test lets it go on: so the tests know where a build is without guessing times.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from annconv.build.builder import Support, build_extension, find_extension
from annconv.build.cache import Cache
from annconv.environment import Environment
from annconv.options import CompileOptions

pytestmark = pytest.mark.compiles

REPOSITORY = Path(__file__).resolve().parents[2]
BUILD = """
import json, sys
from pathlib import Path
from annconv.build.builder import Support, build_extension
from annconv.options import CompileOptions
folder, body = Path(sys.argv[1]), sys.argv[2]
built = build_extension({"kernels.cpp": body}, CompileOptions(compiler_level=0), identity="one",
                        support=Support(folder, folder / "binding" / "binding.cpp"))
print(json.dumps([str(built.path), built.cached]))
"""
WRAPPER = """#!/bin/sh
case "$*" in
*-c*kernels.cpp*)
    echo compiling >> {folder}/compiled
    if [ -p {folder}/gate ]; then
        echo > {folder}/begun
        read line < {folder}/gate
    fi;;
esac
exec {compiler} "$@"
"""


@dataclass
class Gate:
    """A compiler that stops at `kernels.cpp` until it is let through."""

    folder: Path
    begun: int
    gate: int

    @property
    def compiler(self) -> Path:
        return self.folder / "compiler"

    def wait(self) -> None:
        """Wait until the compiler has begun."""
        ready, _, _ = select.select([self.begun], [], [], 120)
        assert ready, "the compiler was not started"
        os.read(self.begun, 1)

    def open(self) -> None:
        """Let the compiler that waits go on, and all later ones through."""
        (self.folder / "gate").unlink()
        os.write(self.gate, b"\n")

    def compilations(self) -> int:
        return len((self.folder / "compiled").read_text().splitlines())


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    folder = tmp_path / "gate"
    folder.mkdir()
    compiler = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    script = folder / "compiler"
    script.write_text(WRAPPER.format(folder=folder, compiler=compiler))
    script.chmod(0o755)
    for name in ("begun", "gate"):
        os.mkfifo(folder / name)
    begun, opened = (os.open(folder / name, os.O_RDWR) for name in ("begun", "gate"))
    yield Gate(folder, begun, opened)
    os.close(begun)
    os.close(opened)


def start(
    gate: Gate, environment: Environment, support: Support, body: str
) -> subprocess.Popen[str]:
    """Start a process that builds one extension."""
    variables = os.environ | {
        "PYTHONPATH": str(REPOSITORY),
        "ANNCONV_CACHE_DIR": str(environment.cache),
        "CXX": str(gate.compiler),
    }
    return subprocess.Popen(
        [sys.executable, "-c", BUILD, str(support.folder), body],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_build_once(
    gate: Gate,
    environment: Environment,
    support: Support,
    kernels: Callable[[int], dict[str, str]],
) -> None:
    body = kernels(4)["kernels.cpp"]
    first = start(gate, environment, support, body)
    gate.wait()
    second = start(gate, environment, support, body)
    assert second.stderr is not None
    told = second.stderr.readline()  # without any set-up, Python prints warnings to stderr
    assert told.startswith("waiting for another process that is building network")
    gate.open()
    results = []
    for process in (first, second):
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        results.append(json.loads(output))
    assert results[0][0] == results[1][0]
    assert [cached for _, cached in results] == [False, True]
    assert gate.compilations() == 1
    assert Path(results[0][0]).is_file()


def test_a_killed_build_is_done_again(
    gate: Gate,
    environment: Environment,
    support: Support,
    options: CompileOptions,
    kernels: Callable[[int], dict[str, str]],
) -> None:
    killed = start(gate, environment, support, kernels(4)["kernels.cpp"])
    gate.wait()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    building = Cache(environment.cache).root / "building"
    assert len(list(building.iterdir())) == 1
    (gate.folder / "gate").rename(gate.folder / "closed")  # the killed build's compiler still waits
    mine = replace(environment, compiler=str(gate.compiler))
    assert find_extension("one", options, environment=mine, support=support) is None
    built = build_extension(kernels(4), options, identity="one", environment=mine, support=support)
    assert not built.cached
    assert gate.compilations() == 2
    assert list(building.iterdir()) == []
    assert find_extension("one", options, environment=mine, support=support) is not None


PYBIND11 = """\
#include <pybind11/pybind11.h>
#include "annconv/table.hpp"
PYBIND11_MODULE(network, m) { m.def("answer", &annconv_answer); }
"""


@pytest.mark.slow
def test_a_binding_of_pybind11_is_compiled_once_for_networks_loaded_side_by_side(
    environment: Environment,
    support: Support,
    kernels: Callable[[int], dict[str, str]],
) -> None:
    support.binding.write_text(PYBIND11)
    strict = CompileOptions(strict_warnings=True)
    built = [
        build_extension(
            kernels(number), strict, identity=str(number), environment=environment, support=support
        )
        for number in (1, 2)
    ]
    labels = sorted(entry.label for entry in Cache(environment.cache).entries())
    assert labels == ["binding", "network", "network"]
    load = (
        "import importlib.util, json, sys\n"
        "for path, name in json.loads(sys.argv[1]):\n"
        "    spec = importlib.util.spec_from_file_location(name, path)\n"
        "    module = importlib.util.module_from_spec(spec)\n"
        "    spec.loader.exec_module(module)\n"
        "    print(module.answer())\n"
    )
    wanted = json.dumps([[str(made.path), f"{made.key}.network"] for made in built])
    command = [sys.executable, "-c", load, wanted]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["1", "2"]
