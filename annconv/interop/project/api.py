"""export: a network as a C++ project that is built and run where there is no Python."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from annconv.codegen.render import render_network
from annconv.codegen.templates import template_environment
from annconv.errors import OptionError
from annconv.interop.project.context import project_context
from annconv.interop.project.folder import check_target, replace_export
from annconv.interop.project.naming import export_name
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.packing import pack
from annconv.resources import resource_folder
from annconv.runtime.given import network_and_options

_PROGRAM = ("main.cpp", "arguments.hpp", "output_file.hpp", "results.hpp", "samples.hpp")
_TEMPLATES = MappingProxyType(
    {
        "api.h": "include/{name}.h",
        "api.cpp": "src/api.cpp",
        "about.cpp": "src/about.cpp",
        "CMakeLists.txt": "CMakeLists.txt",
        "README.md": "README.md",
        "config.cmake": "cmake/{name}Config.cmake.in",
        "pkgconfig": "cmake/{name}.pc.in",
        "predict_batch.c": "examples/predict_batch.c",
        "step_by_hand.cpp": "examples/step_by_hand.cpp",
    }
)
"""Templates of `templates/export/`, and what each becomes."""
_INCLUDE = re.compile(r'^#include "(annconv/[^"]+)"', re.MULTILINE)


def export(
    network: Any,
    folder: str | Path,
    *,
    name: str | None = None,
    precision: str | None = None,
    optimize: int | None = None,
    disable: Iterable[str] | None = None,
    vector_bits: int | None = None,
    record: bool = False,
    embed: bool = False,
) -> Path:
    """Write a network as a C++17 project: a program, a library with a C API, weights, a README.

    It is built with CMake and a C++ compiler alone, on any POSIX system with a little-endian
    processor. Its results are those of `annconv.compile(network, ...)`, as its README says.

    Args:
        network: A Network, the path of a `.snn` file, or what `annconv.compile` returned, whose
            options are taken over.
        folder: Where to write; made if it is missing. If it is there, it must be empty or hold an
            earlier export, whose files are replaced; other files in it stay.
        name: Of program, library and C identifiers; None: made of the network's name.
        precision: As `annconv.compile`; None: "single".
        optimize: As `annconv.compile`; None: 2.
        disable: As `annconv.compile`; None: no passes.
        vector_bits: Width of the vectors that kernels are laid out for, 128, 256 or 512; None: this
            machine's. A processor with narrower ones runs the same code with more instructions.
        record: Whether the spikes of all populations can be read; otherwise fused code, which is
            faster, does without those of some (of neurons in front of pooling, for example).
        embed: Whether the weights are put into the binary unless CMake is told otherwise.
    Returns:
        The folder.
    Raises:
        InputError: `network` is something else.
        OptionError: An option has a value that is not allowed.
        ModelFileError: The folder holds something else, or cannot be written to.
        VerifyError: The network breaks a rule.
    """
    for key, value in (("record", record), ("embed", embed)):
        if not isinstance(value, bool):
            raise OptionError(f"{key}: expected True or False, received {value!r}.")
    given = {
        "precision": precision, "optimize": optimize, "disable": disable,
        "vector_bits": vector_bits,
    }  # fmt: skip
    found, options = network_and_options(network, given)
    if not isinstance(folder, str | Path):
        raise OptionError(f"folder: expected a path, received {folder!r}.")
    target = Path(folder)
    check_target(target)
    chosen = export_name(name, found.name)
    lowered_as = replace(options, whole=record)
    replace_export(target, project_files(found, lowered_as, chosen, embed=embed))
    return target


def project_files(
    network: Network, options: CompileOptions, name: str, *, embed: bool
) -> dict[str, bytes]:
    """All files of an exported project.

    Args:
        network: The network.
        options: How it is lowered.
        name: As `export`, checked.
        embed: As `export`.
    Returns:
        Relative path -> content.
    """
    lowered, plan = lower(network, options)
    sources = render_network(plan)
    context = project_context(network, plan, name, embed=embed, files=list(sources))
    environment = template_environment()
    files = {f"src/{path}": text for path, text in sources.items()}
    for template, path in _TEMPLATES.items():
        text = environment.get_template(f"export/{template}.j2").render(context)
        files[path.format(name=name)] = re.sub(r"\n{3,}", "\n\n", text).lstrip("\n")
    program = resource_folder("cpp") / "program"
    for file in _PROGRAM:
        files[f"src/program/{file}"] = (program / file).read_text(encoding="utf-8")
    files |= _support(files)
    content = {path: text.encode() for path, text in files.items()}
    return {**content, f"{name}.weights": pack(plan, lowered)}


def _support(files: dict[str, str]) -> dict[str, str]:
    """The headers of the support library that files include, and those that these include."""
    include = resource_folder("cpp") / "include"
    wanted = [header for text in files.values() for header in _INCLUDE.findall(text)]
    found: dict[str, str] = {}
    while wanted:
        header = wanted.pop()
        if f"src/{header}" not in found:
            text = (include / header).read_text(encoding="utf-8")
            found[f"src/{header}"] = text
            wanted += _INCLUDE.findall(text)
    return found
