"""`annconv doctor`: what is found of all that annconv needs, and whether it works together.

Nothing is imported here that needs a package beside Python: it is told which of them are missing.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import annconv
from annconv.build.toolchain import Survey, compilers_on_path, survey_tools
from annconv.cli.packages import OPTIONAL, PACKAGES, missing_packages, package_faults
from annconv.environment import Environment, read_environment
from annconv.errors import AnnconvError
from annconv.machine import available_cores, first_level_cache, vector_bits
from annconv.printing import show, tell

_WIDTH = 15
_NOT_TRIED = "not tried, as something is missing"


def examine() -> None:
    """Print one line for each part of the machine that annconv uses.

    Raises:
        AnnconvError: Something is missing or does not work; all of it is listed.
    """
    environment = read_environment()
    missing = missing_packages()
    faults = package_faults(missing)
    _show_machine()
    for name in PACKAGES:
        _line(name, "missing" if name in missing else _version(name))
    for name, optional in OPTIONAL.items():
        there = importlib.util.find_spec(optional.module) is not None
        install = f'pip install "annconv[{optional.extra}]"'
        _line(name, _version(name) if there else f"not installed; {optional.users} ({install})")
    tools = survey_tools(environment.compiler, python=True)
    _show_tools(tools)
    faults += [f"{fault.what}. Instead: {fault.instead}." for fault in tools.faults]
    if missing:
        _line("keras", _NOT_TRIED)
        _line("cache folder", _NOT_TRIED)
        _line("test build", _NOT_TRIED)
    else:
        _try("keras", _keras, faults)
        cache = _try("cache folder", lambda: _cache_folder(environment), faults)
        _try_build(environment, faults, ready=cache and not tools.faults)
    if faults:
        count = "1 fault was" if len(faults) == 1 else f"{len(faults)} faults were"
        listed = "\n".join("  " + fault.replace("\n", "\n  ") for fault in faults)
        raise AnnconvError(f"{count} found.\n{listed}")


def _try_build(environment: Environment, faults: list[str], *, ready: bool) -> None:
    if not ready:
        _line("test build", _NOT_TRIED)
        return
    from annconv.cli.trial import trial

    tell("building a tiny network …")
    _try("test build", lambda: trial(environment), faults)


def _version(package: str) -> str:
    """Version of an installed package."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # it lies on Python's path without having been installed
        return "there, version not known"


def _line(name: str, found: object) -> None:
    show(f"{name:<{_WIDTH}}{found}")


def _try(name: str, check: Callable[[], str], faults: list[str]) -> bool:
    """Print what a check found, or note why it failed; returns whether it went well."""
    try:
        found = check()
    except AnnconvError as error:
        _line(name, "failed, see below")
        faults.append(str(error))
        return False
    _line(name, found)
    return True


def _show_machine() -> None:
    _line("annconv", f"{annconv.__version__}, {Path(annconv.__file__).parent}")
    _line("python", f"{platform.python_version()}, {sys.executable}")
    _line("machine", f"{platform.machine()}, cores for annconv: {available_cores()}")
    _line("vectors", f"{vector_bits()} bits")
    _line("level-1 cache", f"{first_level_cache() // 1024} KiB")


def _show_tools(tools: Survey) -> None:
    compiler, cmake, ninja, python = tools.compiler, tools.cmake, tools.ninja, tools.python
    _line("compiler", "missing" if compiler is None else f"{compiler.version}, {compiler.path}")
    for other in compilers_on_path(tools.environment):
        if compiler is None or other.path != compiler.path:
            _line("  also there", f"{other.version}, {other.path}")
    _line("cmake", "missing" if cmake is None else f"{cmake.version}, {cmake.path}")
    _line("ninja", "missing" if ninja is None else f"{ninja.version}, {ninja.path}")
    _line(
        "pybind11",
        "missing" if python is None else f"{python.pybind11_version}, {python.pybind11_include}",
    )


def _keras() -> str:
    """Version of Keras and its backend; it may be missing, as saved networks do without."""
    from annconv.frontend.keras_library import INSTALL

    if importlib.util.find_spec("keras") is None:
        return f"not installed; only Keras models need it ({INSTALL})"
    from annconv.cli.quiet import import_keras_quietly

    keras = import_keras_quietly()
    backend = str(keras.backend.backend())
    try:
        version = f" {metadata.version(backend)}"
    except metadata.PackageNotFoundError:  # a backend under another name, as tensorflow-cpu
        version = ""
    return f"{keras.__version__}, backend {backend}{version}"


def _cache_folder(environment: Environment) -> str:
    """The cache folder, into which a file could be written."""
    from annconv.build.cache import Cache, explained

    root = Cache(environment.cache).root
    with explained(root), tempfile.TemporaryFile(dir=root) as file:
        file.write(b"written")
    return f"{root}, can be written"
