"""Names of a neuron's values in C++."""

from __future__ import annotations

import re
from collections.abc import Container

from annconv.neurons.expressions import Statistic
from annconv.plan.naming import CPP_WORDS

_KERNELS = """
all_counts annconv Arena arena arrived buffer buffers cell channel channels column columns
counts current data decay draw draws emitted end equals factor first geometry index input
kernel lane lanes laps layer mask_words maybe_unused Network network Neuron neuron neuron_data
neurons number offset other out Output output outputs parameter parameters place plan pooled
Pooling pooling_data population populations post potential pre projection random rank rates_in
read_out readout Real real reals row rows sample samples save score scratch seed self Shape
signal simd size slot Source source span spiked start state Step step steps stop stopped
stride sum tap taps target thread threads Tile tile trace uniform unspiked Value values
variables vector Weights weights width window word words
"""

KERNEL_NAMES = frozenset(_KERNELS.split())
"""Names that the kernels around a neuron's statements use."""

RESERVED = CPP_WORDS | KERNEL_NAMES
"""Words that cannot be, or should not be, the name of a neuron's value in C++."""

_OURS = re.compile(
    r"[A-Z][A-Z0-9_]+|[A-Z][A-Z0-9]*_\w+|k[A-Z]\w*|[A-Z]\w*(?:Shape\d*|Neuron|Pooling|Data|Layer)|Source\d+"
)
"""NULL, INT_MAX, M_PI, M_PIf, P_tmpdir, …; our kNeurons; structures of a layer."""
_NUMBERED = re.compile(r"(?:decay|factor|trace|spikes)_\d+")
"""What the second and later arrivals of a layer have."""
_UNUSUAL = re.compile(r"__+|_(?=u\d+x)")
"""Underscores that C++ reserves, and what looks like such ones written out."""


def cpp_name(name: str) -> str:
    """The C++ identifier of a neuron's parameter, variable or conductance.

    A name that C++, its standard macros or our kernels use gets an underscore behind it, and
    several underscores in a row, which C++ reserves, are written out as `_u2x`: no two names become
    one.

    Args:
        name: A name of a parsed neuron, so an ASCII identifier.
    """
    bare = name.rstrip("_")
    trailing = len(name) - len(bare)
    taken = bare in RESERVED or any(entry.fullmatch(bare) for entry in (_OURS, _NUMBERED))
    if not taken:
        return _written_out(name)
    return _written_out(bare) + (f"_u{trailing}x" if trailing else "_")


def _written_out(name: str) -> str:
    return _UNUSUAL.sub(lambda found: f"_u{len(found[0])}x", name)


def statistic_name(statistic: Statistic) -> str:
    """The C++ identifier of a population-wide number: no user's name begins with an underscore."""
    return f"_{statistic.function}_{statistic.variable}"


def statistic_function(statistic: Statistic) -> str:
    """The function of the support library that computes a population-wide number."""
    renamed = {"max": "largest", "min": "smallest", "second": "second_largest"}
    return renamed.get(statistic.function, statistic.function)


def fresh_name(wanted: str, taken: Container[str]) -> str:
    """Name of a temporary, unlike any name in `taken`."""
    name = wanted
    while name in taken:
        name += "_"
    return name
