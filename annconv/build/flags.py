"""The compiler's flags, made of the options."""

from __future__ import annotations

from dataclasses import dataclass

from annconv.build.toolchain import Compiler
from annconv.machine import vector_bits
from annconv.options import CompileOptions

_NATIVE = "-march=native"
_WARNINGS = ("-Wall", "-Wextra")
_SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all")


@dataclass(frozen=True, slots=True)
class Flags:
    """Flags as passed.

    Attributes:
        network: For the files of a network.
        binding: For the binding, whose object all networks share, whatever their precision and the
            width of their vectors: nothing in it is worth the processor's own instructions. Its
            warnings stand in its log.
        link: For the linker.
    """

    network: tuple[str, ...]
    binding: tuple[str, ...]
    link: tuple[str, ...]


def make_flags(options: CompileOptions, compiler: Compiler) -> Flags:
    """The flags of a build.

    -ffast-math is never among them; sums may be contracted to fused multiply-adds in single
    precision only.
    """
    native = (_NATIVE, *_narrower(options)) if compiler.native else ()
    strict = (*_WARNINGS, "-Werror") if options.strict_warnings else ()
    sanitizers = _SANITIZERS if options.sanitize else ()
    debug = ("-g", "-fno-omit-frame-pointer") if options.sanitize else ()
    contraction = "fast" if options.precision == "single" else "off"
    shared = ("-pthread", "-fvisibility=hidden", "-fPIC", *sanitizers, *debug)
    return Flags(
        network=(
            "-std=c++17",
            f"-O{options.compiler_level}",
            f"-ffp-contract={contraction}",
            *native,
            *strict,
            *shared,
        ),
        binding=("-std=c++17", "-O2", "-ffp-contract=off", *_WARNINGS, *shared),
        link=("-pthread", *sanitizers),
    )


def expanded(flags: tuple[str, ...], compiler: Compiler) -> tuple[str, ...]:
    """Flags with -march=native replaced by what it means on this machine."""
    return tuple(
        entry for flag in flags for entry in (compiler.native if flag == _NATIVE else (flag,))
    )


def _narrower(options: CompileOptions) -> tuple[str, ...]:
    """Flags that keep the compiler from vectors wider than those asked for."""
    if options.vector_bits is None or options.vector_bits >= vector_bits():
        return ()
    return ("-mno-avx512f",) if options.vector_bits == 256 else ("-mno-avx",)
