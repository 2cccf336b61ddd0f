"""Loads the extension module of a network."""

from __future__ import annotations

import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, cast

from annconv.errors import BuildError
from annconv.ir.arrays import FloatArray

MODULE = "network"
_SUBINTERPRETER = "subinterpreter"
_LOADING = threading.Lock()
"""Held while a module is made: pybind11 refuses a second one of the same name."""
_MAIN = "call annconv from Python's main interpreter; a network uses all cores by itself"

NativeAnswer = tuple[Any, Any, Any, Any, dict[int, list[Any]], dict[str, float]]
"""Labels (None where an output is not a number), counts, outputs, stopped_at, spikes of recorded
populations, and seconds of each part of the network where they were asked for."""


class NativeNetwork(Protocol):
    """The class `Network` of an extension module (`cpp/binding/binding.cpp`)."""

    arena_bytes: int

    def run(
        self,
        samples: FloatArray,
        steps: int,
        threads: int,
        seed: int,
        first_sample: int,
        record: Sequence[int],
        limit: int,
        progress: Callable[[int], None] | None,
        measure: bool,
    ) -> NativeAnswer:
        """Run samples (count, frames, inputs); `measure`: and tell how long its parts took.

        Raises:
            MemoryError: There is none, or the spikes take more than `limit` bytes; with the steps
                that were run of all samples together, and the bytes that their spikes took.
        """


def load_extension(path: Path, key: str) -> ModuleType:
    """Import an extension module, once per process and key.

    Args:
        path: The built file.
        key: Digest of everything that made it; part of the module's name, because pybind11 returns
            the first module for a second file of the same full name.
    Raises:
        BuildError: The file cannot be loaded.
    """
    name = f"{key}.{MODULE}"
    with _LOADING:
        if name not in sys.modules:
            sys.modules[name] = _loaded(path, name)
        return sys.modules[name]


def _loaded(path: Path, name: str) -> ModuleType:
    """The module of a file, as a new one."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise BuildError("loading the extension", why=f"{path} is not an extension module")
    try:
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    except ImportError as error:
        raise BuildError("loading the extension", why=str(error), instead=_remedy(error)) from error
    return module


@contextmanager
def in_main_interpreter() -> Iterator[None]:
    """Tell that a subinterpreter cannot build: Python lets it start no other process.

    Raises:
        BuildError: In place of Python's own error.
    """
    try:
        yield
    except RuntimeError as error:
        if _SUBINTERPRETER not in str(error):
            raise
        raise BuildError("building", why=str(error), instead=_MAIN) from error


def _remedy(error: ImportError) -> str:
    if _SUBINTERPRETER in str(error):
        return _MAIN
    if "undefined symbol: _Z" in str(error):  # a C compiler leaves the library of C++ out
        return "set CXX to a C++ compiler, as g++ or clang++, not gcc or clang"
    return "remove the cache folder and compile again; a build belongs to one Python"


def open_network(path: Path, key: str, packed: bytes) -> NativeNetwork:
    """The compiled network with its data.

    Args:
        path: As `load_extension`.
        key: As `load_extension`.
        packed: The network's packed data (`plan/packing.py`).
    Raises:
        BuildError: The file cannot be loaded, or the data are damaged or another network's.
    """
    module = load_extension(path, key)
    try:
        native = module.Network(packed)
    except RuntimeError as error:
        raise BuildError(
            "loading the network's data",
            why=str(error),
            instead="compile the network again, and pack its data for the plan it was compiled by",
        ) from error
    return cast(NativeNetwork, native)
