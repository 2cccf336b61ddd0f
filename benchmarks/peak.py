"""The machine's ceiling: vector additions a second with operands in the first-level cache."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annconv.build.toolchain import find_toolchain
from annconv.environment import read_environment

SOURCE = Path(__file__).with_name("peak.cpp")


@dataclass(frozen=True, slots=True)
class Peak:
    """What the machine can do on one thread.

    Attributes:
        clock: Cycles a second.
        vector_adds: Width of the vector in bits -> precision -> additions a second.
    """

    clock: float
    vector_adds: dict[int, dict[str, float]]

    def adds(self, vector_bytes: int, precision: str) -> float:
        """Vector additions a second for vectors of that size."""
        return self.vector_adds[8 * vector_bytes][precision]


def parse_peak(text: str) -> Peak:
    """What the program printed."""
    values: dict[str, Any] = json.loads(text)
    clock = float(values.pop("clock"))
    return Peak(clock, {int(bits): adds for bits, adds in values.items()})


def measure_peak(folder: Path) -> Peak:
    """Compile `peak.cpp` with annconv's compiler and run it.

    Args:
        folder: Receives the program.
    """
    tools = find_toolchain(read_environment().compiler, python=False)
    program = folder / "peak"
    native = ("-march=native",) if tools.compiler.native else ()
    compiler = str(tools.compiler.path)
    flags = ("-std=c++17", "-O3", "-Wno-psabi", *native)
    subprocess.run([compiler, *flags, str(SOURCE), "-o", str(program)], check=True)
    done = subprocess.run([str(program)], check=True, stdout=subprocess.PIPE, text=True)
    return parse_peak(done.stdout)
