"""What a build needs from this machine: C++ compiler, CMake, Ninja, Python and pybind11 headers."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from annconv.build.letters import refusal
from annconv.build.process import Finished, keyed_variables, run, tool_environment
from annconv.errors import BuildError

COMPILER_NAMES = ("c++", "g++", "clang++")
GENERATOR = "Ninja"

_STAGE = "finding the build tools"
_NULL = os.devnull


@dataclass(frozen=True, slots=True)
class Compiler:
    """A C++ compiler.

    Attributes:
        path: As it was found; this is what is started (it may be a link whose name matters).
        real: Where links lead.
        version: First line of its version text.
        target: Machine it compiles for, for example "x86_64-linux-gnu".
        native: What -march=native means on this machine; empty where it is not understood.
        family: CMake's name for its maker; None where CMake has to find out.
    """

    path: Path
    real: Path
    version: str
    target: str
    native: tuple[str, ...]
    family: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A program of the build: where it is, and its version."""

    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class PythonTarget:
    """The Python for which extensions are built.

    Attributes:
        include: Folder of Python.h.
        suffix: End of an extension's file name, which names the ABI.
        pybind11_include: Folder that holds pybind11/pybind11.h.
        pybind11_version: Version of pybind11.
    """

    include: Path
    suffix: str
    pybind11_include: Path
    pybind11_version: str


@dataclass(frozen=True, slots=True)
class Toolchain:
    """Everything a build is made with."""

    compiler: Compiler
    cmake: Tool
    ninja: Tool
    python: PythonTarget | None
    environment: Mapping[str, str]

    def binding(self) -> tuple[str, str] | None:
        """ABI tag of Python and version of pybind11, for the key of an extension."""
        return (self.python.suffix, self.python.pybind11_version) if self.python else None

    def keyed_environment(self) -> tuple[tuple[str, str], ...]:
        """The variables let through that can change the result."""
        return keyed_variables(self.environment)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a build needs and that was not found or does not work.

    Attributes:
        what: What it is, and where it was looked for.
        instead: What to do about it.
    """

    what: str
    instead: str


@dataclass(slots=True)
class _Missing:
    """What was not found; collected so that one error lists all of it."""

    faults: list[Fault] = field(default_factory=list)

    def add(self, what: str, instead: str) -> None:
        self.faults.append(Fault(what, instead))

    def check_letters(self, path: Path, instead: str) -> None:
        """Add a path whose letters the tools cannot take."""
        refused = refusal(path)
        if refused is not None:
            self.add(f"{path}: {refused}", instead)


@dataclass(frozen=True, slots=True)
class Survey:
    """The tools of a build as far as they were found; None where one was not."""

    compiler: Compiler | None
    cmake: Tool | None
    ninja: Tool | None
    python: PythonTarget | None
    faults: tuple[Fault, ...]
    environment: Mapping[str, str]


def survey_tools(requested: str | None, *, python: bool) -> Survey:
    """Look for all the tools of a build.

    Args:
        requested: Name or path of the C++ compiler; None tries `COMPILER_NAMES` on PATH.
        python: Whether headers of Python and pybind11 are needed (an extension).
    """
    environment = tool_environment()
    missing = _Missing()
    compiler = _compiler(requested, environment, missing)
    cmake = _tool("cmake", environment, missing)
    ninja = _tool("ninja", environment, missing)
    target = _python_target(missing) if python else None
    return Survey(compiler, cmake, ninja, target, tuple(missing.faults), environment)


def find_toolchain(requested: str | None, *, python: bool) -> Toolchain:
    """Find all the tools of a build.

    Args:
        requested: As `survey_tools`.
        python: As `survey_tools`.
    Raises:
        BuildError: Something is missing; all of it is listed, with what to install.
    """
    found = survey_tools(requested, python=python)
    compiler, cmake, ninja = found.compiler, found.cmake, found.ninja
    if found.faults or compiler is None or cmake is None or ninja is None:
        raise BuildError(
            _STAGE,
            why="; ".join(fault.what for fault in found.faults),
            instead="; ".join(fault.instead for fault in found.faults),
        )
    return Toolchain(compiler, cmake, ninja, found.python, found.environment)


def compilers_on_path(environment: Mapping[str, str]) -> tuple[Tool, ...]:
    """Every compiler of `COMPILER_NAMES` that is on PATH and tells its version.

    Args:
        environment: The environment that they are started with.
    """
    found = []
    for name in COMPILER_NAMES:
        path = locate_compiler(name, environment)
        if path is not None:
            answer = run(
                (path, "--version"),
                stage=_STAGE,
                cwd=path.parent,
                environment=environment,
                check=False,
            )
            if answer.code == 0 and answer.output.strip():
                found.append(Tool(path, answer.output.strip().splitlines()[0]))
    return tuple(found)


def locate_compiler(requested: str | None, environment: Mapping[str, str]) -> Path | None:
    """Path of the C++ compiler, without starting it; None if there is none.

    Args:
        requested: Name or path of the compiler; None tries `COMPILER_NAMES` on PATH.
        environment: The environment, of which PATH is used.
    """
    for name in (requested,) if requested else COMPILER_NAMES:
        found = shutil.which(name, path=environment.get("PATH", ""))
        if found is not None:
            return Path(found).absolute()
    return None


def python_suffix() -> str:
    """End of the file name of an extension module of this Python; it names the ABI."""
    return str(sysconfig.get_config_var("EXT_SUFFIX"))


def _compiler(
    requested: str | None, environment: Mapping[str, str], missing: _Missing
) -> Compiler | None:
    path = locate_compiler(requested, environment)
    install = "install a C++ compiler (for example g++), or set CXX to the path of one"
    if path is None:
        names = f"CXX={requested!r}" if requested else f"{', '.join(COMPILER_NAMES)} on PATH"
        several = requested is not None and len(requested.split()) > 1
        missing.add(
            f"no C++ compiler, looked for {names}",
            "set CXX to one program, without arguments" if several else install,
        )
        return None
    missing.check_letters(path, "set CXX to a compiler, or to a link to one, in a folder without")

    def ask(*arguments: str) -> Finished:
        return run(
            (path, *arguments), stage=_STAGE, cwd=path.parent, environment=environment, check=False
        )

    version, target = ask("--version"), ask("-dumpmachine")
    answered = version.code == target.code == 0
    if not (answered and version.output.strip() and target.output.strip()):
        missing.add(f"{path} does not answer --version and -dumpmachine as a C++ compiler", install)
        return None
    macros = ask("-dM", "-E", "-x", "c++", _NULL)
    if macros.code != 0 or "#define __cplusplus " not in macros.output:
        missing.add(f"{path} is no C++ compiler, as it does not define __cplusplus", install)
    # -S, as -c would need a temporary file even where the command is only shown
    shown = ask("-march=native", "-###", "-S", "-x", "c++", _NULL, "-o", _NULL)
    native = expand_native(shown.output) if shown.code == 0 else ()
    first_line = version.output.strip().splitlines()[0]
    machine = target.output.strip()
    family = _family(macros.output) if "linux" in machine else None
    return Compiler(path, path.resolve(), first_line, machine, native, family)


def _family(macros: str) -> str | None:
    """CMake's name for the maker of a compiler, from the macros that it defines.

    Args:
        macros: What the compiler prints with -dM.
    Returns:
        None for all compilers that take GCC's or Clang's macros and are neither.
    """
    names = {line.split()[1] for line in macros.splitlines() if line.startswith("#define ")}
    if {"__apple_build_version__", "__INTEL_LLVM_COMPILER", "__INTEL_COMPILER"} & names:
        return None
    if "__clang__" in names:
        return "Clang"
    return "GNU" if "__GNUC__" in names else None


def expand_native(shown: str) -> tuple[str, ...]:
    """What -march=native became, from what a compiler prints with -###.

    Args:
        shown: The commands that the compiler would have started.
    Returns:
        The machine flags of the compiler proper (gcc's cc1plus, clang's -cc1), or ().
    """
    for line in shown.splitlines():
        if "cc1plus" not in line and '"-cc1"' not in line:
            continue
        words = shlex.split(line)
        is_gcc = "cc1plus" in words[0]
        pairs = zip(words, [*words[1:], ""], strict=True)
        flags: list[str] = []
        for word, value in pairs:
            if word in ("--param", "-target-cpu", "-target-feature", "-tune-cpu"):
                flags += (word, value)
            elif word.startswith("--param=") or (is_gcc and word.startswith("-m")):
                flags.append(word)
        return tuple(flags)
    return ()


def _package(name: str) -> metadata.Distribution | None:
    """What is installed of a Python package.

    It is not imported, as a module of the same name may lie beside a user's script.
    """
    path = [entry for entry in sys.path if isinstance(entry, str)]
    return next(iter(metadata.distributions(name=name, path=path)), None)


def _packaged_program(name: str) -> Path | None:
    """The program that the Python package of its name brought.

    The one inside the package stands first: in the environment's `bin` may lie a Python script
    that starts it. The list of files is searched as text, as CMake's has thousands of entries.
    """
    package = _package(name)
    if package is None:
        return None
    listed = package.read_text("RECORD") or ""
    programs = re.findall(rf"^([^,\n]*\bbin/{name}),", listed, re.MULTILINE)
    programs.sort(key=lambda file: not file.startswith(f"{name}/"))
    found = (Path(str(package.locate_file(file))).resolve() for file in programs)
    return next((path for path in found if path.is_file() and os.access(path, os.X_OK)), None)


def _tool(name: str, environment: Mapping[str, str], missing: _Missing) -> Tool | None:
    """The program that a Python package brought, else the one on PATH."""
    found = _packaged_program(name) or shutil.which(name, path=environment.get("PATH", ""))
    install = f"install the Python package {name} (pip install {name}), or {name} on PATH"
    if found is None:
        missing.add(
            f"no {name}, looked for the Python package {name} and for {name} on PATH", install
        )
        return None
    path = Path(found).absolute()
    missing.check_letters(path, f"install the Python package {name} in a folder without")
    answer = run(
        (path, "--version"), stage=_STAGE, cwd=path.parent, environment=environment, check=False
    )
    version = re.search(r"^(?:cmake version )?(\d+\.\d\S*)$", answer.output, re.MULTILINE)
    if answer.code != 0 or version is None:
        missing.add(f"{path} does not answer --version", install)
        return None
    return Tool(path, version[1])


def _python_target(missing: _Missing) -> PythonTarget | None:
    include = Path(sysconfig.get_path("include"))
    if not (include / "Python.h").is_file():
        missing.add(
            f"no Python.h in {include}", "install the C headers of this Python (python3-dev)"
        )
    missing.check_letters(include, "use a Python that is installed in a folder without")
    install = "install the Python package pybind11 (pip install pybind11)"
    package = _package("pybind11")
    if package is None:
        missing.add("no Python package pybind11", install)
        return None
    headers = Path(str(package.locate_file("pybind11"))) / "include"
    if not (headers / "pybind11" / "pybind11.h").is_file():
        missing.add(f"no pybind11/pybind11.h in {headers}", install)
    missing.check_letters(headers, "install the Python package pybind11 in a folder without")
    return PythonTarget(include, python_suffix(), headers, package.version)
