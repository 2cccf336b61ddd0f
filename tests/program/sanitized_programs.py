"""Standalone programs, built with the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from batch import KERNEL_HEADERS, ONE_FILE, TABLE_HEADERS, Job, includes
from numpy.typing import NDArray

from annconv.build.builder import build_program
from annconv.build.flags import make_flags
from annconv.build.toolchain import find_toolchain
from annconv.interop.project.api import project_files
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.resources import resource_folder

CHOSEN = """
#include <cstdlib>
const annconv::NetworkTable* annconv_network() {{
    static const annconv::NetworkTable* const tables[] = {{{tables}}};
    return tables[std::atoi(std::getenv("NETWORK"))];
}}
const annconv::NetworkFacts& annconv::network_facts() {{
    static const annconv::NetworkFacts& (*const facts[])() = {{{facts}}};
    return facts[std::atoi(std::getenv("NETWORK"))]();
}}
"""
"""What `main.cpp` runs, where a program has several networks."""
RESULTS = ("scores", "counts", "stopped")
"""Options of the program that write an array."""


@dataclass(frozen=True)
class ProgramRun:
    """What a program left behind.

    Attributes:
        status: Its exit status.
        errors: What it wrote to stderr.
        labels: What it printed.
        arrays: Content of every .npy file that it left.
        spikes: Text of spikes.csv, empty if there is none.
    """

    status: int
    errors: str
    labels: str
    arrays: Mapping[str, bytes]
    spikes: str

    def array(self, name: str) -> NDArray[Any]:
        """What one of the .npy files holds."""
        return np.load(BytesIO(self.arrays[name]))


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

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", self.folder / "weights.bin")

    def write_samples(self, samples: NDArray[np.float64]) -> Path:
        """Samples as a .npy file."""
        path = self.folder / "samples.npy"
        np.save(path, samples)
        return path

    def call(self, *arguments: str | Path) -> ProgramRun:
        """Start it with these arguments."""
        arrays = [self.folder / f"{name}.npy" for name in RESULTS]
        spikes = self.folder / "spikes.csv"
        for path in (*arrays, spikes):
            path.unlink(missing_ok=True)
        command = [str(self.path), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder,
            env={**os.environ, "NETWORK": str(self.number)},
        )  # fmt: skip
        left = {path.stem: path.read_bytes() for path in arrays if path.exists()}
        text = spikes.read_text() if spikes.exists() else ""
        return ProgramRun(done.returncode, done.stderr, done.stdout, left, text)

    def run(self, samples: Path, *options: str, spikes: bool = True) -> ProgramRun:
        """Run samples, writing all that can be written."""
        outputs = [(f"--{name}", self.folder / f"{name}.npy") for name in RESULTS]
        if spikes:
            outputs.append(("--spikes", self.folder / "spikes.csv"))
        written = [word for pair in outputs for word in pair]
        return self.call(samples, "--weights", self.weights, *written, *options)


def sanitized(precision: str = "double", **changes: Any) -> CompileOptions:
    """Sanitizers, all warnings being errors, every population whole: so that all are recorded."""
    options = {"whole": True, "compiler_level": 0, **changes}
    return CompileOptions(precision=precision, sanitize=True, strict_warnings=True, **options)


def build_alone(network: Network, options: CompileOptions, folder: Path) -> Program:
    """A network's program, built as a user would."""
    files = program_files(network, options)
    weights = files.pop("weights")
    sources = {name: content.decode() for name, content in files.items()}
    program = Program(network, build_program(sources, options).path, folder)
    program.weights.write_bytes(weights)
    return program


def program_files(network: Network, options: CompileOptions) -> dict[str, bytes]:
    """The files of an exported network's program, its headers excepted, and its "weights"."""
    files = project_files(network, options, "alone", embed=False)
    sources = {
        name.removeprefix("src/"): content
        for name, content in files.items()
        if name.startswith("src/") and not name.startswith("src/annconv/") and "api." not in name
    }
    return {**sources, "weights": files["alone.weights"]}


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
        facts = ", ".join(f"annconv::network_facts_{number}" for number in range(len(names)))
        chosen = CHOSEN.format(tables=tables, facts=facts)
        source.write_text("".join(text) + chosen, encoding="utf-8")
        compile_files(flags, str(source), "main.o", "-o", str(path))
    return programs


def _written(program: Program, options: CompileOptions) -> str:
    """Writes a network's files and weights; what its program includes."""
    files = program_files(program.network, options)
    program.folder.mkdir()
    program.weights.write_bytes(files.pop("weights"))
    own = {name: content for name, content in files.items() if not name.startswith("program/")}
    for name, content in own.items():  # those of two networks are never equal: see `batch.py`
        path = program.folder / name
        path.write_text(f"// {program.folder.name}\n{content.decode()}", encoding="utf-8")
    written = [f"{program.folder.name}/{name}" for name in own if name.endswith(".cpp")]
    facts = f"#define network_facts network_facts_{program.number}\n"
    declared = "namespace annconv { const NetworkFacts& network_facts(); }\n"
    text = ONE_FILE.format(number=program.number, include=includes(written))
    return f'#include "annconv/about.hpp"\n{facts}{declared}{text}#undef network_facts\n'
