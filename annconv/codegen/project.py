"""The CMake project around the generated code of one network."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Literal

from annconv.codegen.templates import template_environment

ProjectKind = Literal["extension", "program", "binding"]

_COMPILED = (".cpp", ".cc", ".cxx")


def render_project(
    kind: ProjectKind,
    *,
    sources: Iterable[str],
    flags: Iterable[str],
    binding_flags: Iterable[str],
    link_flags: Iterable[str],
) -> str:
    """Render CMakeLists.txt.

    Args:
        kind: A network's "extension" module, its "program", or the "binding" object alone.
        sources: Paths of the network's files; those that are compiled are picked out of them.
        flags: Compiler flags of the network's files.
        binding_flags: Compiler flags of the binding.
        link_flags: Linker flags.
    """
    compiled = [path for path in sorted(sources) if PurePosixPath(path).suffix in _COMPILED]
    return (
        template_environment()
        .get_template("project/CMakeLists.txt.j2")
        .render(
            kind=kind,
            sources=compiled,
            flags=tuple(flags),
            binding_flags=tuple(binding_flags),
            link_flags=tuple(link_flags),
        )
    )
