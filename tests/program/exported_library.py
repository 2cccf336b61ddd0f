"""Exported networks as libraries: built for programs in C, or called from Python."""

from __future__ import annotations

import ctypes
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from annconv.build.toolchain import find_toolchain
from annconv.interop.project.api import project_files
from annconv.ir.network import Network
from annconv.options import CompileOptions

CAPI = Path(__file__).parent / "capi"
"""Programs in C and C++ that use an exported network of the name "tested"."""
ADDRESS = ("-O0", "-g1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
THREAD = ("-O1", "-g1", "-fsanitize=thread")
PLAIN = ("-O1",)

_REALS = {"double": np.float64, "single": np.float32, "int16": np.float32}
_SPIKE = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_int64, *[ctypes.c_int32] * 4
)  # context, sample, population, step, neuron, sign
_PROCEED = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)


def write_project(
    network: Network, options: CompileOptions, folder: Path, name: str = "tested"
) -> Path:
    """Writes what `export` would; the folder."""
    for path, content in project_files(network, options, name, embed=False).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def compile_object(project: Path, flags: Sequence[str], name: str = "tested") -> Path:
    """An exported network's library as one object, its sources compiled at once."""
    sources = sorted(path.name for path in (project / "src").glob("*.cpp"))
    whole = project / "whole.cpp"
    whole.write_text("".join(f'#include "src/{source}"\n' for source in sources))
    definitions = (
        f"-Dannconv={name}_support", f"-Dnetwork={name}_kernels", f"-Dannconv_network={name}_table",
    )  # fmt: skip
    product = project / "whole.o"
    run_compiler(
        "-std=c++17", "-Wall", "-Wextra", "-Werror", "-Wno-psabi", "-ffp-contract=off", "-fPIC",
        *flags, *definitions, f"-I{project}", f"-I{project / 'src'}", f"-I{project / 'include'}",
        "-c", whole, "-o", product,
    )  # fmt: skip
    return product


def compile_program(source: str, projects: Sequence[Path], flags: Sequence[str]) -> Path:
    """A program of `capi/`, against the headers of some projects, linked with their objects."""
    folder = projects[0]
    product = (folder / source).with_suffix("")
    language = ("-xc", "-std=c99", "-pedantic", "-D_POSIX_C_SOURCE=200809L")
    language = language if source.endswith(".c") else ("-xc++", "-std=c++17")
    part = product.with_suffix(".o")
    includes = [f"-I{project / 'include'}" for project in projects]
    run_compiler(
        "-Wall", "-Wextra", "-Werror", *language, *flags, *includes, f"-I{CAPI}", "-c",
        CAPI / source, "-o", part,
    )  # fmt: skip
    objects = [project / "whole.o" for project in projects]
    run_compiler(*flags, part, *objects, "-pthread", "-o", product)
    return product


def run_compiler(*arguments: str | Path) -> None:
    """Compiles without a word."""
    tools = find_toolchain(None, python=False)
    command = [str(tools.compiler.path), *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=tools.environment
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr[:4000]


class Results(NamedTuple):
    """What `predict`, or steps by hand, leave; `spikes` are rows of `batch.spike_rows`."""

    labels: NDArray[np.int32]
    scores: NDArray[np.float64]
    counts: NDArray[np.int32]
    steps_run: NDArray[np.int32]
    spikes: NDArray[np.int32]

    def assert_equal(self, other: Results) -> None:
        """To the last bit."""
        for mine, theirs in zip(self, other, strict=True):
            np.testing.assert_array_equal(mine, theirs)


class _Options(ctypes.Structure):
    _fields_ = (
        ("steps", ctypes.c_int32),
        ("seed", ctypes.c_uint64),
        ("first_sample", ctypes.c_uint32),
        ("on_spike", _SPIKE),
        ("proceed", _PROCEED),
        ("context", ctypes.c_void_p),
    )


class Refused(Exception):  # noqa: N818
    """A function's status and text."""


@dataclass(frozen=True)
class Library:
    """An exported network in this process."""

    network: Network
    folder: Path
    real: Any
    code: ctypes.CDLL

    def check(self, function: str, *arguments: Any) -> None:
        """Calls a function that returns a status."""
        status = getattr(self.code, f"tested_{function}")(*arguments)
        if status != 0:
            text = self.code.tested_error
            text.restype = ctypes.c_char_p
            raise Refused(status, text().decode())

    def opened(self, threads: int) -> ctypes.c_void_p:
        """A handle, whose weights stay open."""
        weights, handle = ctypes.c_void_p(), ctypes.c_void_p()
        path = str(self.folder / "tested.weights").encode()
        self.check("weights_open", path, ctypes.byref(weights))
        self.check("open", weights, ctypes.c_int32(threads), ctypes.byref(handle))
        return handle

    def predict(self, samples: NDArray[Any], steps: int, seed: int, threads: int = 1) -> Results:
        """A batch, with all spikes."""
        values = np.ascontiguousarray(samples, dtype=self.real).reshape(len(samples), -1)
        found, rows = self._room(len(values)), []
        # Python's lock makes callbacks of several threads one after the other.
        on_spike = _SPIKE(lambda _, *row: rows.append(row))
        options = _Options(steps, seed, 0, on_spike, _PROCEED(), None)
        self.check(
            "predict", self.opened(threads), _address(values), ctypes.c_int64(len(values)),
            ctypes.byref(options), *map(_address, found[:4]),
        )  # fmt: skip
        return found._replace(spikes=_sorted(rows))

    def stepped(
        self, samples: NDArray[Any], steps: int, seed: int, *, frames: bool = False
    ) -> Results:
        """Sample by sample, step by step."""
        values = np.ascontiguousarray(samples, dtype=self.real)
        values = values.reshape(len(samples), steps if frames else 1, -1)
        found, rows = self._room(len(values)), []
        handle = self.opened(1)
        for sample, given in enumerate(values):
            first = None if frames else _address(given)
            self.check("start", handle, first, ctypes.c_uint64(seed), ctypes.c_uint32(sample))
            while (step := self.code.tested_steps_run(handle)) < steps:
                if self.code.tested_finished(handle):
                    break
                self.check("step", handle, _address(given[step]) if frames else None)
                rows += [(sample, *row) for row in self._spikes(handle, step)]
            found.steps_run[sample] = step
            outputs = (found.labels, found.scores, found.counts)
            self.check("read_out", handle, *(_address(array[sample:]) for array in outputs))
        return found._replace(spikes=_sorted(rows))

    def _spikes(self, handle: ctypes.c_void_p, step: int) -> list[tuple[int, int, int, int]]:
        """(population, step, neuron, sign) of the last step."""
        rows = []
        for population in range(len(self.network.populations)):
            if self.code.tested_keeps_spikes(population):
                emitted = np.zeros(self.code.tested_population_size(population), np.int8)
                self.check("spikes", handle, ctypes.c_int32(population), _address(emitted))
                ranks = np.flatnonzero(emitted)
                rows += [(population, step, int(rank), int(emitted[rank])) for rank in ranks]
        return rows

    def _room(self, count: int) -> Results:
        outputs = self.network.populations[-1].size
        shape = (count, outputs)
        labels, steps_run = np.full(count, -1, np.int32), np.zeros(count, np.int32)
        spikes = np.zeros((0, 5), np.int32)
        return Results(labels, np.zeros(shape), np.zeros(shape, np.int32), steps_run, spikes)


def _address(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def _sorted(rows: Sequence[tuple[int, ...]]) -> NDArray[np.int32]:
    found = np.array(rows, np.int32).reshape(-1, 5)
    return found[np.lexsort(found.T[::-1])]


def load_library(network: Network, options: CompileOptions, folder: Path) -> Library:
    """A network's library in this process."""
    project = write_project(network, options, folder)
    part, product = compile_object(project, PLAIN), project / "tested.so"
    run_compiler("-shared", "-pthread", part, "-o", product)
    return Library(network, folder, _REALS[options.precision], ctypes.CDLL(str(product)))
