"""CMakeLists.txt of the three kinds of project."""

from __future__ import annotations

import pytest

from annconv.codegen.project import ProjectKind, render_project


def render(kind: ProjectKind) -> str:
    return render_project(
        kind,
        sources=("network.hpp", "kernels_1.cpp", "kernels_0.cpp", "main.cc"),
        flags=("-O3", "-march=native"),
        binding_flags=("-O2",),
        link_flags=("-pthread",),
    )


KINDS: tuple[ProjectKind, ...] = ("extension", "program", "binding")


@pytest.mark.parametrize("kind", KINDS)
def test_rendering_is_the_same_twice_and_plain_text(kind: ProjectKind) -> None:
    text = render(kind)
    assert text == render(kind)
    assert text.endswith("\n")
    assert "{" not in text.replace("${", "")
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_sources_are_those_that_are_compiled_in_order() -> None:
    text = render("extension")
    assert "  kernels_0.cpp\n  kernels_1.cpp\n  main.cc\n)\n" in text
    assert text.index("  main.cc") < text.index("${ANNCONV_BINDING_OBJECT}")
    assert "network.hpp" not in text


def test_flags_are_written_out() -> None:
    assert "set(FLAGS\n  -O3\n  -march=native\n)\n" in render("program")
    assert "set(LINK_FLAGS\n  -pthread\n)\n" in render("program")
    assert "set(BINDING_FLAGS\n  -O2\n)\n" in render("binding")


def test_a_program_knows_nothing_of_python() -> None:
    text = render("program")
    assert "PYTHON" not in text
    assert "binding" not in text
    assert "add_executable(network" in text


def test_the_binding_depends_on_no_network() -> None:
    text = render("binding")
    assert "kernels" not in text
    assert "-O3" not in text
