"""The flags that the options become."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from annconv.build.flags import expanded, make_flags
from annconv.build.toolchain import Compiler
from annconv.options import CompileOptions

COMPILER = Compiler(Path("/usr/bin/g++"), Path("/usr/bin/g++-12"), "g++ 12", "x86_64", ("-mavx2",))


@pytest.mark.parametrize(
    "changed",
    [
        {"precision": "double"},
        {"compiler_level": 1},
        {"strict_warnings": True},
        {"sanitize": True},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_each_option_reaches_the_compiler(changed: dict[str, Any]) -> None:
    """What each flag does, builds show: `test_builder.py`, and spikes that equal the oracle's."""
    usual, other = (make_flags(CompileOptions(**given), COMPILER) for given in ({}, changed))
    assert other.network != usual.network


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
