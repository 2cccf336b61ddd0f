"""Standalone programs, built with the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from batch import KERNEL_HEADERS, ONE_FILE, TABLE_HEADERS, Job, includes
from numpy.typing import NDArray

from annconv.build.builder import build_program
from annconv.build.flags import make_flags
from annconv.build.toolchain import find_toolchain
from annconv.codegen.render import render_network, render_program
from annconv.ir.network import Network
from annconv.ir.samples import input_rates, prepare_samples
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.packing import pack
from annconv.resources import resource_folder

CHOSEN = """
#include <cstdlib>
const annconv::NetworkTable* annconv_network() {{
    static const annconv::NetworkTable* const tables[] = {{{tables}}};
    return tables[std::atoi(std::getenv("NETWORK"))];
}}
"""
"""What `main.cpp` runs, where a program has several networks."""


@dataclass(frozen=True)
class ProgramRun:
    """What a program left behind.

    Attributes:
        status: Its exit status.
        errors: What it wrote to stderr.
        results: Text of RESULTS.csv, empty if there is none.
        spikes: Text of SPIKES.csv, empty if there is none.
    """

    status: int
    errors: str
    results: str
    spikes: str


@dataclass(frozen=True)
class Program:
    """A network as a program, with its packed weights and a folder of its own.

    Attributes:
        number: Which of the program's networks it is.
    """

    network: Network
    path: Path
    folder: Path
    number: int = 0
    weights: Path = field(init=False)
    results: Path = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", self.folder / "weights.bin")
        object.__setattr__(self, "results", self.folder / "results.csv")

    def write_samples(self, samples: NDArray[np.float64], *, frames: bool = False) -> Path:
        """The input rates of samples as a .npy file."""
        prepared = prepare_samples(samples, self.network.input.geometry, frames=frames)
        rates = input_rates(prepared, self.network.input_scale).astype(np.float64)
        path = self.folder / "samples.npy"
        np.save(path, rates)
        return path

    def call(self, *arguments: str | Path) -> ProgramRun:
        """Start it with these arguments."""
        spikes = self.folder / "spikes.csv"
        for path in (self.results, spikes):
            path.unlink(missing_ok=True)
        command = [str(self.path), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder,
            env={**os.environ, "NETWORK": str(self.number)},
        )  # fmt: skip
        texts = [path.read_text() if path.exists() else "" for path in (self.results, spikes)]
        return ProgramRun(done.returncode, done.stderr, *texts)

    def run(self, samples: Path, *options: str) -> ProgramRun:
        """Run samples, recording all spikes."""
        return self.call(
            self.weights, samples, self.results, "--spikes", self.folder / "spikes.csv", *options
        )


def sanitized(precision: str = "double", **changes: Any) -> CompileOptions:
    """Sanitizers, all warnings being errors, every population whole: so that all are recorded."""
    options = {"whole": True, "compiler_level": 0, **changes}
    return CompileOptions(precision=precision, sanitize=True, strict_warnings=True, **options)


def build_alone(network: Network, options: CompileOptions, folder: Path) -> Program:
    """A network's program, built as a user would."""
    lowered, plan = lower(network, options)
    program = Program(network, build_program(render_program(plan), options).path, folder)
    program.weights.write_bytes(pack(plan, lowered))
    return program


def build_together(jobs: Mapping[str, Job], folder: Path) -> dict[str, Program]:
    """Networks of equal flags in one program: headers are compiled once, `main.cpp` once for all.

    Reports tell lines, not the values of variables: those take a third of the compiler's time.
    """
    tools = find_toolchain(None, python=False)
    cpp = resource_folder("cpp")

    def compile_files(flags: Sequence[str], *rest: str) -> None:
        include = ("-I.", f"-I{cpp / 'include'}")
        command = [str(tools.compiler.path), *flags, "-g1", *include, *rest]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=folder, env=tools.environment
        )
        assert done.returncode == 0, done.stderr[:4000]

    groups: dict[tuple[str, ...], list[str]] = {}
    for name, job in jobs.items():
        groups.setdefault(make_flags(job.options, tools.compiler).network, []).append(name)
    compile_files(next(iter(groups)), "-c", str(cpp / "program" / "main.cpp"))
    programs = {}
    for place, (flags, names) in enumerate(groups.items()):
        text = [includes((*KERNEL_HEADERS, *TABLE_HEADERS))]
        path = folder / f"program{place}"
        for number, name in enumerate(names):
            programs[name] = Program(jobs[name].network, path, folder / name, number)
            text.append(_written(programs[name], jobs[name].options))
        tables = ", ".join(f"annconv_network_{number}()" for number in range(len(names)))
        source = path.with_suffix(".cpp")
        source.write_text("".join(text) + CHOSEN.format(tables=tables), encoding="utf-8")
        compile_files(flags, str(source), "main.o", "-o", str(path))
    return programs


def _written(program: Program, options: CompileOptions) -> str:
    """Writes a network's files and weights; what its program includes."""
    lowered, plan = lower(program.network, options)
    program.folder.mkdir()
    program.weights.write_bytes(pack(plan, lowered))
    files = render_network(plan)
    for name, text in files.items():  # those of two networks are never equal: see `batch.py`
        path = program.folder / name
        path.write_text(f"// {program.folder.name}\n{text}", encoding="utf-8")
    written = [f"{program.folder.name}/{name}" for name in files if name.endswith(".cpp")]
    return ONE_FILE.format(number=program.number, include=includes(written))
