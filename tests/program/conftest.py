"""Standalone programs, built with the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from annconv.build.builder import build_program
from annconv.codegen.render import render_program
from annconv.ir.network import Network
from annconv.ir.samples import input_rates, prepare_samples
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.packing import pack

sys.path.insert(0, str(Path(__file__).parents[1] / "equivalence"))


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
    """A network as a program, with its packed weights and a folder of its own."""

    network: Network
    path: Path
    folder: Path
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
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=self.folder)
        texts = [path.read_text() if path.exists() else "" for path in (self.results, spikes)]
        return ProgramRun(done.returncode, done.stderr, *texts)

    def run(self, samples: Path, *options: str) -> ProgramRun:
        """Run samples, recording all spikes."""
        return self.call(
            self.weights, samples, self.results, "--spikes", self.folder / "spikes.csv", *options
        )


@pytest.fixture(scope="session")
def make_program(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., Program]:
    """Builds a network's program with sanitizers, all warnings being errors.

    Every population is kept whole, so that all can be recorded, unless `whole=False` is asked for.
    """

    def make(network: Network, precision: str = "double", **changes: Any) -> Program:
        options = CompileOptions(
            precision=precision,
            sanitize=True,
            strict_warnings=True,
            compiler_level=1,
            **{"whole": True, **changes},
        )
        lowered, plan = lower(network, options)
        path = build_program(render_program(plan), options).path
        program = Program(network, path, tmp_path_factory.mktemp("program"))
        program.weights.write_bytes(pack(plan, lowered))
        return program

    return make
