"""Exported projects, built by plain CMake with neither Python nor annconv in reach."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from annconv.build.toolchain import Toolchain, find_toolchain
from annconv.interop.project.api import export


@dataclass(frozen=True)
class Exported:
    """A project and its program."""

    folder: Path
    program: Path

    def run(
        self, *arguments: str | Path, prefix: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Start the program in the project's folder."""
        command = [*prefix, self.program, *arguments]
        return subprocess.run(
            [str(word) for word in command], cwd=self.folder, env={}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    def labels(self, *arguments: str | Path, prefix: Sequence[str] = ()) -> list[int]:
        """What a run prints that goes well."""
        done = self.run(*arguments, "--quiet", prefix=prefix)
        assert (done.returncode, done.stderr) == (0, "")
        return [int(line) for line in done.stdout.splitlines()]


def build(
    network: Any, folder: Path, *, definitions: Sequence[str] = (), **options: Any
) -> Exported:
    """Export a network as "net" and build its program.

    Args:
        network: As `export` takes it.
        folder: Of the project.
        definitions: For CMake, without the -D.
        options: Of `export`.
    """
    export(network, folder, name="net", **options)
    return Exported(folder, compile_project(folder, definitions) / "net")


def compile_project(folder: Path, definitions: Sequence[str] = ()) -> Path:
    """Build a project; the folder that holds what was built."""
    tools: Toolchain = find_toolchain(None, python=False)
    target = folder / "build"
    chosen = [
        f"CMAKE_CXX_COMPILER={tools.compiler.path}", f"CMAKE_MAKE_PROGRAM={tools.ninja.path}",
        *definitions,
    ]  # fmt: skip
    _run(tools, folder, "-S", ".", "-B", target, "-G", "Ninja", *(f"-D{each}" for each in chosen))
    printed = _run(tools, folder, "--build", target, "--parallel", "2")
    assert "warning" not in printed
    return target


def _run(tools: Toolchain, folder: Path, *arguments: str | Path) -> str:
    done = subprocess.run(
        [str(tools.cmake.path), *map(str, arguments)],
        cwd=folder, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
