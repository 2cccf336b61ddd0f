"""Names of a neuron's values in C++."""

from __future__ import annotations

import re
from collections.abc import Container

from annconv.neurons.expressions import Statistic
from annconv.plan.naming import CPP_KEYWORDS

_MACROS = """
I assert errno i386 linux major makedev math_errhandling minor offsetof setjmp signals stderr stdin
stdout unix va_arg va_copy va_end va_start
"""

_TYPES = """
int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t size_t ptrdiff_t intptr_t
uintptr_t main std
"""

_KERNELS = """
annconv Arena arena arrived buffer buffers cell channel channels column columns counts current
data decay draw draws emitted end factor first geometry index input kernel lane lanes mask_words
Network network neuron neurons number offset out output parameter parameters place plan pooled
population populations post potential pre projection random rank rates_in readout real reals row
rows sample samples save score scratch seed self signal simd size slot span spiked start state step
steps stop stopped stride sum tap taps target thread threads tile trace uniform unit values
variables vector
Weights weights width window word words
"""

KERNEL_NAMES = frozenset(_KERNELS.split())
"""Names that the kernels around a neuron's statements use."""

RESERVED = frozenset((*CPP_KEYWORDS, *_MACROS.split(), *_TYPES.split(), *KERNEL_NAMES))
"""Words that cannot be, or should not be, the name of a neuron's value in C++."""

_CONSTANT_LIKE = re.compile(r"[A-Z][A-Z0-9_]+|[A-Z][A-Z0-9]*_\w+|k[A-Z]\w*")
"""NULL, INT_MAX, M_PI, M_PIf, P_tmpdir, …; our kNeurons."""


def cpp_name(name: str) -> str:
    """The C++ identifier of a neuron's parameter, variable or conductance.

    A name that C++, its standard macros or our kernels use gets an underscore behind it, and so
    does such a name with underscores behind it already: no two names become one.

    Args:
        name: A name of a parsed neuron, so an ASCII identifier.
    """
    bare = name.rstrip("_")
    taken = bare in RESERVED or _CONSTANT_LIKE.fullmatch(bare) is not None
    return f"{name}_" if taken else name


def statistic_name(statistic: Statistic) -> str:
    """The C++ identifier of a population-wide number: no user's name begins with an underscore."""
    return f"_{statistic.function}_{statistic.variable}"


def fresh_name(wanted: str, taken: Container[str]) -> str:
    """Name of a temporary, unlike any name in `taken`."""
    name = wanted
    while name in taken:
        name += "_"
    return name
