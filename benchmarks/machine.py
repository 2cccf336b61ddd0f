"""What the times were taken on."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import annconv
from annconv.build.toolchain import find_toolchain
from annconv.environment import read_environment
from annconv.machine import vector_bits

PACKAGES = ("numpy", "keras", "tensorflow", "pybind11")
QUIET = 0.3
"""Load per thread up to which a machine counts as free of other work."""


def describe_machine() -> str:
    """CPU, threads, load and the versions of everything that takes part."""
    threads = len(os.sched_getaffinity(0))
    busy = os.getloadavg()[0]
    tools = find_toolchain(read_environment().compiler, python=False)
    python = f"Python {platform.python_version()}"
    found = [f"annconv {annconv.__version__}{_commit()}", python, *map(_package, PACKAGES)]
    return (
        f"{_cpu()}, {threads} threads, {vector_bits()}-bit vectors, {load_words(busy, threads)}\n"
        f"{', '.join(found)}\n"
        f"{tools.compiler.version.splitlines()[0]}, CMake {tools.cmake.version}"
    )


def load_words(load: float, threads: int) -> str:
    """The load when measuring began, with a warning where it is not the measurement's own.

    Args:
        load: Processes that ran or waited, on average over the last minute.
        threads: That this process may use.
    """
    words = f"load {load:.1f}"
    if load <= threads * QUIET:
        return words
    return f"{words}: OTHER WORK WAS RUNNING, THE TIMES MISLEAD"


def _cpu() -> str:
    """The CPU's name, as Linux tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _package(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"{name} not installed"


def _commit() -> str:
    """The checkout's commit in brackets, empty where there is none."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return f" ({done.stdout.strip()})"
