"""The flags that the options become."""

from __future__ import annotations

from pathlib import Path

import pytest

from annconv.build.flags import expanded, make_flags
from annconv.build.toolchain import Compiler
from annconv.options import CompileOptions

COMPILER = Compiler(Path("/usr/bin/g++"), Path("/usr/bin/g++-12"), "g++ 12", "x86_64", ("-mavx2",))


def test_the_usual_flags() -> None:
    flags = make_flags(CompileOptions(), COMPILER)
    assert flags.network == (
        "-std=c++17",
        "-O3",
        "-ffp-contract=fast",
        "-march=native",
        "-fopenmp",
        "-fvisibility=hidden",
        "-fPIC",
    )
    assert flags.link == ("-fopenmp",)


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        (CompileOptions(precision="double"), "-ffp-contract=off"),
        (CompileOptions(compiler_level=1), "-O1"),
        (CompileOptions(strict_warnings=True), "-Werror"),
        (CompileOptions(sanitize=True), "-fsanitize=address,undefined"),
    ],
)
def test_each_option_has_its_flag(options: CompileOptions, flag: str) -> None:
    assert flag in make_flags(options, COMPILER).network
    assert flag not in make_flags(CompileOptions(), COMPILER).network


@pytest.mark.parametrize("precision", ["single", "double"])
def test_mathematics_is_never_loosened(precision: str) -> None:
    flags = make_flags(CompileOptions(precision=precision), COMPILER)
    assert not {"-ffast-math", "-Ofast", "-funsafe-math-optimizations"} & set(flags.network)


def test_all_precisions_share_the_binding() -> None:
    single, double = (
        make_flags(CompileOptions(precision=name, compiler_level=level), COMPILER)
        for name, level in (("single", 3), ("double", 0))
    )
    assert single.binding == double.binding
    assert single.network != double.network


def test_sanitizers_reach_the_linker() -> None:
    assert (
        "-fsanitize=address,undefined" in make_flags(CompileOptions(sanitize=True), COMPILER).link
    )


def test_native_is_left_out_where_it_is_not_understood_and_expanded_elsewhere() -> None:
    plain = Compiler(COMPILER.path, COMPILER.real, "odd 1", "m", ())
    assert "-march=native" not in make_flags(CompileOptions(), plain).network
    assert expanded(("-O3", "-march=native", "-fPIC"), COMPILER) == ("-O3", "-mavx2", "-fPIC")
