"""Building a network's code as an extension module or a program, by way of the cache."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from annconv.build.cache import Cache, Entry, explained
from annconv.build.flags import Flags, expanded, make_flags
from annconv.build.index import code_state, index_name
from annconv.build.key import BuildKey, folder_digest, source_digests
from annconv.build.manifest import KEY, LOG
from annconv.build.process import run, tool_environment
from annconv.build.pruning import prune
from annconv.build.toolchain import (
    GENERATOR,
    Compiler,
    PythonTarget,
    Toolchain,
    find_toolchain,
    locate_compiler,
    python_suffix,
)
from annconv.environment import Environment, read_environment
from annconv.errors import BuildError, CacheError, OptionError
from annconv.machine import available_cores
from annconv.options import CompileOptions
from annconv.resources import resource_folder

if TYPE_CHECKING:
    from annconv.codegen.project import ProjectKind

_SOURCES = "src"
_PROJECT = "CMakeLists.txt"
_BINDING = "binding.cpp"
STATE_BINDING = "state.cpp"
"""File of the binding for networks that are stepped by hand."""
_BINDING_OBJECT = "binding.o"
_PROGRAM = "network"

_LOGGER = logging.getLogger("annconv")


@dataclass(frozen=True, slots=True)
class Artifact:
    """Something built: a Python extension module `network`, or a program.

    Attributes:
        path: The module or program.
        folder: The cache entry: the module or program, src/, key.json and build.log.
        key: Digest of the build's key; load a module under the name "<key>.network".
        cached: Whether it was there already.
        log: Everything that the tools printed.
    """

    path: Path
    folder: Path
    key: str
    cached: bool
    log: Path


@dataclass(frozen=True, slots=True)
class Support:
    """The C++ support library.

    Attributes:
        folder: Its folder; headers are in include/.
        binding: The file of the Python module, the same for every network.
    """

    folder: Path
    binding: Path

    @classmethod
    def installed(cls, binding: str = _BINDING) -> Support:
        """The support library that came with annconv, with one of its bindings."""
        folder = resource_folder("cpp")
        return cls(folder, folder / "binding" / binding)


def find_extension(
    identity: str,
    options: CompileOptions,
    *,
    environment: Environment | None = None,
    support: Support | None = None,
) -> Artifact | None:
    """The extension module last built for an identity on this machine, if it is still whole.

    Nothing is rendered and no program is started.

    Args:
        identity: Digest of the network, its options and annconv's version.
        options: How it is compiled.
        environment: Where the cache is and which compiler is used; None reads the environment.
        support: The C++ support library; None is annconv's own.
    Returns:
        The module, or None: then `build_extension`.
    Raises:
        CacheError: The cache cannot be used.
    """
    environment = read_environment() if environment is None else environment
    name = _index_name(identity, options, environment, support or Support.installed())
    if name is None:
        return None
    cache = Cache(environment.cache)
    digest = cache.indexed(name)
    entry = None if digest is None else cache.find(digest)
    if entry is None:
        return None
    _keep(entry.folder, environment.keep)
    return _artifact(entry, f"network{python_suffix()}", cached=True)


def build_extension(
    sources: Mapping[str, str],
    options: CompileOptions,
    *,
    identity: str,
    environment: Environment | None = None,
    support: Support | None = None,
    label: str = "network",
) -> Artifact:
    """Build the Python extension module `network` of a network, unless it is in the cache.

    The binding, which does not depend on the network, is compiled once for each toolchain and set
    of flags, and linked with the network's own files.

    Args:
        sources: Path inside the project -> text of the network's own .cpp and .hpp files.
        options: How it is compiled.
        identity: Under which `find_extension` will find it again.
        environment: Where the cache is, which compiler is used and where a copy of all stages is
            kept; None reads the environment.
        support: The C++ support library; None is annconv's own.
        label: What is built, for messages and for the list of the cache.
    Raises:
        BuildError: A tool is missing, or the code cannot be compiled or linked.
        CacheError: The cache cannot be used.
        OptionError: `sanitize`, which is for programs.
    """
    if options.sanitize:
        raise OptionError(
            "sanitize: expected False for an extension module, received True. Instead: build a "
            "program; Python itself runs without sanitizers."
        )
    environment = read_environment() if environment is None else environment
    support = support or Support.installed()
    job = _Job(
        "extension", dict(sources), options, environment=environment, support=support, label=label
    )
    artifact = job.obtain()
    name = _index_name(identity, options, environment, support)
    if name is not None:
        with _housekeeping():
            job.cache.remember(name, artifact.key)
    return artifact


def build_program(
    sources: Mapping[str, str],
    options: CompileOptions,
    *,
    environment: Environment | None = None,
    support: Support | None = None,
    label: str = "program",
) -> Artifact:
    """Build a program out of files of which one defines `main`, unless it is in the cache.

    Args:
        sources: Path inside the project -> text of the .cpp and .hpp files.
        options: How it is compiled; with `sanitize`, faults of memory and arithmetic end it.
        environment: As for `build_extension`.
        support: The C++ support library; None is annconv's own.
        label: What is built, for messages and for the list of the cache.
    Raises:
        BuildError: A tool is missing, or the code cannot be compiled or linked.
        CacheError: The cache cannot be used.
    """
    environment = read_environment() if environment is None else environment
    support = support or Support.installed()
    job = _Job(
        "program", dict(sources), options, environment=environment, support=support, label=label
    )
    return job.obtain()


class _Job:
    """One build: its toolchain, flags, files and key, and how its entry is made."""

    def __init__(
        self,
        kind: ProjectKind,
        sources: dict[str, str],
        options: CompileOptions,
        *,
        environment: Environment,
        support: Support,
        label: str,
        toolchain: Toolchain | None = None,
    ) -> None:
        # Jinja2 is needed only where something is built; a warm load does without it.
        from annconv.codegen.project import render_project

        self._kind, self._support, self._label = kind, support, label
        self._options, self._environment = options, environment
        if toolchain is None:
            toolchain = find_toolchain(environment.compiler, python=kind != "program")
        self._toolchain = toolchain
        self._flags = make_flags(options, self._toolchain.compiler)
        project = render_project(
            kind,
            sources=sources,
            flags=self._flags.network,
            binding_flags=self._flags.binding,
            link_flags=self._flags.link,
        )
        self._files = sources | {_PROJECT: project}
        if kind != "program":
            self._files[_BINDING] = support.binding.read_text("utf-8")
        self._key = _make_key(self._files, support, self._toolchain, _used(self._flags, kind))
        self.cache = Cache(environment.cache)

    def obtain(self) -> Artifact:
        """The artifact, out of the cache or newly built."""
        entry, cached = self.cache.obtain(self._key, self._label, self._build)
        if cached:
            _keep(entry.folder, self._environment.keep)
        else:
            with _housekeeping():
                prune(self.cache)
        return _artifact(entry, self._product, cached=cached)

    @property
    def _product(self) -> str:
        """File name of what is built."""
        if self._kind == "program":
            return _PROGRAM
        if self._kind == "binding":
            return _BINDING_OBJECT
        return f"network{python_suffix()}"

    def _build(self, work: Path) -> None:
        """Fill the folder of a new entry: src/ and the product."""
        log = self.cache.log_path(self._key.digest())
        self._write_sources(work / _SOURCES)
        try:
            self._compile(work, log)
        finally:
            _keep(work, self._environment.keep, log=log, key=self._key)

    def _write_sources(self, folder: Path) -> None:
        include = self._support.folder / "include"
        if include.is_dir():
            _copy_files(include, folder / "include")
        for name, text in self._files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def _compile(self, work: Path, log: Path) -> None:
        tools, build, temporary = self._toolchain, work / "build", work / "tmp"
        build.mkdir()
        temporary.mkdir()
        # what killed compilers leave is swept with the rest of their build
        environment = {**tools.environment, "TMPDIR": str(temporary)}
        definitions = {
            "CMAKE_CXX_COMPILER": str(tools.compiler.path),
            "CMAKE_MAKE_PROGRAM": str(tools.ninja.path),
            **_known_compiler(tools.compiler),
        }
        if tools.python is not None:
            definitions |= _python_definitions(tools.python)
        if self._kind == "extension":
            shutil.copyfile(self._binding_object(), build / _BINDING_OBJECT)
            definitions["ANNCONV_BINDING_OBJECT"] = str(build / _BINDING_OBJECT)
        arguments = [f"-D{name}={value}" for name, value in definitions.items()]
        configure = ["-S", _SOURCES, "-B", "build", "-G", GENERATOR, *arguments]
        compile_all = ["--build", "build", "--verbose", "--parallel", str(available_cores())]
        for stage, rest in (("configuring", configure), ("building", compile_all)):
            command: list[str | Path] = [tools.cmake.path, *rest]
            run(command, stage=stage, cwd=work, environment=environment, log=log)
        product = self._collect(build)
        if not product.is_file():
            raise BuildError(
                "building",
                why=f"the tools reported no error, but left no {product.name}",
                log=log,
                instead="set CXX to another compiler",
            )
        product.replace(work / self._product)
        shutil.rmtree(build)
        shutil.rmtree(temporary)

    def _collect(self, build: Path) -> Path:
        """Where the build left its product."""
        if self._kind == "binding":
            return build / os.fsdecode((build / "binding-object.txt").read_bytes())
        return build / self._product

    def _binding_object(self) -> Path:
        """The object file of the binding, compiled once for each toolchain and set of flags."""
        quiet = Environment(
            cache=self._environment.cache, keep=None, compiler=self._environment.compiler
        )
        job = _Job(
            "binding",
            {},
            self._options,
            environment=quiet,
            support=self._support,
            label="binding",
            toolchain=self._toolchain,
        )
        return job.obtain().path


@contextmanager
def _housekeeping() -> Iterator[None]:
    """What makes the cache small or quick once a build is there: if it fails, that is told only."""
    try:
        yield
    except CacheError as error:
        _LOGGER.warning("the build is there, but the cache could not be tidied: %s", error)


def _used(flags: Flags, kind: ProjectKind) -> tuple[str, ...]:
    """The flags that a kind of project uses."""
    if kind == "binding":
        return flags.binding
    return flags.network + flags.link + (flags.binding if kind == "extension" else ())


def _make_key(
    files: Mapping[str, str], support: Support, toolchain: Toolchain, flags: tuple[str, ...]
) -> BuildKey:
    compiler = toolchain.compiler
    return BuildKey(
        sources=source_digests(files),
        support=folder_digest(support.folder),
        compiler=(str(compiler.real), compiler.version, compiler.target),
        cmake=(toolchain.cmake.version, GENERATOR),
        flags=expanded(flags, compiler),
        binding=toolchain.binding(),
        environment=toolchain.keyed_environment(),
    )


def _index_name(
    identity: str, options: CompileOptions, environment: Environment, support: Support
) -> str | None:
    """Name in the index, or None where there is no compiler."""
    variables = tool_environment()
    compiler = locate_compiler(environment.compiler, variables)
    if compiler is None:
        return None
    package = Path(__file__).resolve().parents[1]
    code = code_state(package, resource_folder("templates"), support.folder, support.binding.parent)
    return index_name(identity, options, compiler=compiler, environment=variables, code=code)


def _known_compiler(compiler: Compiler) -> dict[str, str]:
    """Spares CMake the projects by which it finds out what a compiler is: .2 s of every build."""
    if compiler.family is None:
        return {}
    return {
        "CMAKE_CXX_COMPILER_ID": compiler.family,
        "CMAKE_CXX_COMPILER_ID_RUN": "1",
        "CMAKE_CXX_COMPILER_FORCED": "1",
    }


def _python_definitions(python: PythonTarget) -> dict[str, str]:
    return {
        "ANNCONV_PYTHON_INCLUDE": str(python.include),
        "ANNCONV_PYBIND11_INCLUDE": str(python.pybind11_include),
        "ANNCONV_MODULE_SUFFIX": python.suffix,
    }


def _copy_files(source: Path, target: Path) -> None:
    """Copy all files below a folder; unlike `shutil.copytree`, the first failure is raised."""
    for path in sorted(source.rglob("*")):
        copy = target / path.relative_to(source)
        if path.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)


def _artifact(entry: Entry, product: str, *, cached: bool) -> Artifact:
    return Artifact(entry.folder / product, entry.folder, entry.digest, cached, entry.log)


def _keep(
    folder: Path, keep: Path | None, *, log: Path | None = None, key: BuildKey | None = None
) -> None:
    """Copy sources, log and key to the folder in which every stage is kept.

    Args:
        folder: A cache entry, or the temporary folder of one.
        keep: Where to copy; None copies nothing.
        log: The log; None: the entry's.
        key: The key; None: the entry's.
    """
    if keep is None:
        return
    with explained(keep, "set ANNCONV_KEEP to a folder that can be written to"):
        keep.mkdir(parents=True, exist_ok=True)
        _copy_files(folder / _SOURCES, keep / _SOURCES)
        shutil.copyfile(folder / LOG if log is None else log, keep / LOG)
        text = (folder / KEY).read_text("utf-8") if key is None else key.to_json()
        (keep / KEY).write_text(text, "utf-8")
