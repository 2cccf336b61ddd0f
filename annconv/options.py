"""Options of the three stages a user steers, checked when they are made, all faults at once."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from annconv.errors import CacheError, OptionError, nearest
from annconv.machine import vector_bits

PRECISIONS = ("single", "double", "int16")
NORMALISATIONS = ("model",)
UNSUPPORTED_POLICIES = ("refuse", "ignore")

CACHE_VARIABLE, KEEP_VARIABLE = "ANNCONV_CACHE_DIR", "ANNCONV_KEEP"
VECTOR_BITS = (128, 256, 512)

MAX_STEPS = 2**31 - 1
ROUNDING = 1e-12
"""Relative error that the quotient of a duration and dt may have: 1.1 ms at 0.1 ms are 11 steps."""

Check = Callable[[Any], str | None]


def check(options: object, *checks: Check) -> None:
    """Run all checks on an options object and raise one OptionError that lists every fault."""
    faults = [fault for run in checks if (fault := run(options)) is not None]
    if faults:
        raise OptionError(faults)


def one_of(field: str, allowed: Iterable[str], *, optional: bool = False) -> Check:
    """The field is one of the allowed names, or None where `optional`."""
    names = tuple(allowed)

    def run(options: object) -> str | None:
        value = getattr(options, field)
        if (optional and value is None) or (isinstance(value, str) and value in names):
            return None
        return f"{field}: unknown value {value!r}. {nearest(value, names)}."

    return run


def whole(field: str, low: int, high: int = MAX_STEPS, *, optional: bool = False) -> Check:
    """The field is a whole number in [low, high], or None where `optional`."""

    def run(options: object) -> str | None:
        value = getattr(options, field)
        if optional and value is None:
            return None
        counts = isinstance(value, Integral) and not isinstance(value, bool)
        if counts and low <= int(value) <= high:
            return None
        return f"{field}: expected a whole number from {low} to {high}, received {value!r}."

    return run


def finite_number(value: object) -> float | None:
    """A value as a float, None if it is no finite real number (a truth value is none)."""
    if not isinstance(value, Real) or isinstance(value, bool):
        return None
    try:
        converted = float(value)
    except OverflowError:  # a whole number that no float can hold
        return None
    return converted if math.isfinite(converted) else None


def number(field: str, *, positive: bool = False) -> Check:
    """The field is a finite number, above zero where `positive`."""

    def run(options: object) -> str | None:
        value = getattr(options, field)
        converted = finite_number(value)
        if converted is not None and (converted > 0 or not positive):
            return None
        kind = "a finite number above 0" if positive else "a finite number"
        return f"{field}: expected {kind}, received {value!r}."

    return run


def duration_steps(duration: object, dt: float, field: str) -> int:
    """Steps that a duration takes.

    Args:
        duration: In ms.
        dt: Length of a step in ms.
        field: What the duration is called in messages.
    Returns:
        The smallest number of steps that lasts at least `duration`.
    Raises:
        OptionError: The duration is not a number above 0, or takes more steps than a run can.
    """
    real = isinstance(duration, Real) and not isinstance(duration, bool)
    if not real or not duration > 0:  # type: ignore[operator]
        raise OptionError(f"{field}: expected a number of ms above 0, received {duration!r}.")
    milliseconds = finite_number(duration)
    if milliseconds is None or milliseconds > MAX_STEPS * dt:
        longest = f"{MAX_STEPS * dt:g} ms, {MAX_STEPS} steps of {dt:g} ms"
        raise OptionError(f"{field}: expected at most {longest}, received {duration!r}.")
    steps = milliseconds / dt
    return max(1, math.ceil(steps - ROUNDING * steps))


def whole_steps(duration: float, dt: float) -> int | None:
    """Steps that a duration takes exactly, but for rounding errors.

    Args:
        duration: In ms.
        dt: Length of a step in ms.
    Returns:
        Their number, None if the duration is no multiple of a step.
    """
    steps = duration / dt
    if not math.isfinite(steps):
        return None
    nearest = round(steps)
    return nearest if abs(steps - nearest) <= ROUNDING * abs(steps) else None


def time_steps(time: object, dt: float, field: str) -> int:
    """Whole steps that are over at a time.

    Args:
        time: In ms since the start.
        dt: Length of a step in ms.
        field: What the time is called in messages.
    Returns:
        Their number; a step counts that ends at `time` but for rounding errors.
    Raises:
        OptionError: The time is not a number, below 0, or after more steps than a run can have.
    """
    milliseconds = finite_number(time)
    if milliseconds is None:
        raise OptionError(f"{field}: expected a number, received {time!r}.")
    steps = milliseconds / dt
    if not 0 <= steps <= MAX_STEPS:
        raise OptionError(f"{field}: expected 0 to {MAX_STEPS} steps, received {steps:g}.")
    exact = whole_steps(milliseconds, dt)
    return math.floor(steps) if exact is None else exact


def flag(field: str) -> Check:
    """The field is True or False."""

    def run(options: object) -> str | None:
        value = getattr(options, field)
        fault = f"{field}: expected True or False, received {value!r}."
        return None if isinstance(value, bool) else fault

    return run


def available_cores() -> int:
    """Cores that this process may use; all of the machine's where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def among(field: str, allowed: Iterable[int], *, optional: bool = False) -> Check:
    """The field is one of the allowed numbers, or None where `optional`."""
    numbers = tuple(allowed)

    def run(options: object) -> str | None:
        value = getattr(options, field)
        whole_number = isinstance(value, Integral) and not isinstance(value, bool)
        if (optional and value is None) or (whole_number and value in numbers):
            return None
        return f"{field}: expected one of {', '.join(map(str, numbers))}, received {value!r}."

    return run


def tuple_of_names(field: str) -> Check:
    """The field is a tuple of names."""

    def run(options: object) -> str | None:
        value = getattr(options, field)
        if isinstance(value, tuple) and all(isinstance(entry, str) for entry in value):
            return None
        return f"{field}: expected a tuple of names, received {value!r}."

    return run


@dataclass(frozen=True, kw_only=True)
class AnnarchyOptions:
    """How preset `annarchy` makes a spiking network; all of it is stored in the Network.

    Every preset has such a class of its own.
    """

    input_encoding: Any = "CPN"
    """Name of an encoding neuron, or a `Neuron` (ours or ANNarchy's) that reads its `rates`."""
    hidden_neuron: Any = "IaF"
    """Name of a hidden neuron, or a `Neuron` (ours or ANNarchy's) with `vt` that reads `g_exc`."""
    read_out: str = "spike_count"
    """Name of the read-out."""
    k: int | None = None
    """Spikes that end a sample; for the read-out "time_to_k_spikes"."""
    normalize: str | None = None
    """None: raw weights. "model": Diehl's model-based normalisation."""
    scale_factor: Any = None
    """Factors of the model-based normalisation: None (2, 3, …), one number, or one per layer."""
    threshold_step: float = 0.05
    """How much lower the threshold of each further layer in `model.layers` is."""
    max_f: float = 100.0
    """Factor from a sample's values to the input rates."""
    dt: float = 1.0
    """Length of a step in ms."""
    steps: int = 1000
    """Steps that `run` and `predict` take when not told otherwise."""
    on_unsupported: str = "refuse"
    """"refuse" what cannot be converted exactly, or "ignore" it as the reference does."""

    def __post_init__(self) -> None:
        check(
            self,
            whole("k", 1, optional=True),
            one_of("normalize", NORMALISATIONS, optional=True),
            number("threshold_step"),
            number("max_f", positive=True),
            number("dt", positive=True),
            whole("steps", 1),
            one_of("on_unsupported", UNSUPPORTED_POLICIES),
        )


@dataclass(frozen=True, kw_only=True)
class CompileOptions:
    """How a network becomes machine code; only `precision` changes a spike by more than a tie."""

    precision: str = "single"
    """Type of state, weights and sums: "single" or "double"; "int16": single, but the weights that
    spikes meet are whole numbers, whose sums are exact."""
    threads: int | None = None
    """Threads over which samples are spread; None: all cores this process may use."""
    strict_warnings: bool = False
    """Compile with -Wall -Wextra -Werror; for annconv's own tests."""
    optimize: int = 2
    """How much annconv rewrites: 0 runs the plain network, 1 and 2 run more and more passes."""
    disable: tuple[str, ...] = ()
    """Passes that do not run whatever `optimize` says; see `annconv/passes/pipeline.py`."""
    tile: int | None = None
    """Steps that a layer runs before the next layer starts, 1 to 64; None: what suits the
    network."""
    whole: bool = False
    """Whether every population is kept whole, so that any of them can be recorded; `run` sees to it
    where it has to."""
    vector_bits: int | None = None
    """Width of the vectors that kernels are laid out for: 128, 256 or 512; None: the machine's."""
    cache_bytes: int | None = None
    """Size of the first-level data cache that tiles are made for; None: the machine's."""
    compiler_level: int = 3
    """The compiler's own -O level, 0 to 3."""
    sanitize: bool = False
    """Build with the address and undefined-behaviour sanitizers (programs only)."""

    def __post_init__(self) -> None:
        check(
            self,
            one_of("precision", PRECISIONS),
            whole("threads", 1, 4096, optional=True),
            flag("strict_warnings"),
            whole("optimize", 0, 2),
            tuple_of_names("disable"),
            whole("tile", 1, 64, optional=True),
            flag("whole"),
            among("vector_bits", VECTOR_BITS, optional=True),
            whole("cache_bytes", 1024, optional=True),
            whole("compiler_level", 0, 3),
            flag("sanitize"),
        )

    def vector_bytes(self) -> int:
        """Size of the vectors that kernels are laid out for."""
        return (vector_bits() if self.vector_bits is None else self.vector_bits) // 8

    def thread_count(self) -> int:
        """The number of threads to use on this machine."""
        return self.threads if self.threads is not None else available_cores()


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How samples are presented to a compiled network."""

    steps: int
    """Steps per sample."""
    seed: int = 0
    """Seed of random encodings and of the draw between tied classes."""
    first_sample: int = 0
    """Index of the first sample in the whole input, where this call is one batch of it."""
    record: tuple[str, ...] = ()
    """Populations whose spikes are kept."""
    frames: bool = False
    """Whether axis 1 of the samples is time: one frame of input for every step."""
    progress: bool = False
    """Whether to show a progress bar."""

    def __post_init__(self) -> None:
        check(
            self,
            whole("steps", 1),
            whole("seed", 0, 2**64 - 1),
            whole("first_sample", 0, 2**32 - 1),
            flag("frames"),
            flag("progress"),
        )


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What annconv takes from the environment: where files lie and which compiler is used."""

    cache: Path | None
    """ANNCONV_CACHE_DIR: folder of the build cache, which `read_environment` makes absolute; None:
    the platform's usual one."""
    keep: Path | None
    """ANNCONV_KEEP: folder in which every stage of a compilation is kept, made absolute, too."""
    compiler: str | None
    """CXX: the C++ compiler."""


def own_folder(folder: str | Path, variable: str) -> Path:
    """The absolute path of a folder that a user named: `~` is a home, `x` is below where one is.

    Args:
        folder: What was written.
        variable: The environment variable that names such a folder, for messages.
    Raises:
        CacheError: The current folder is gone, or the user of `~user` is not known.
    """
    path = Path(folder)
    instead = f"set {variable} to an absolute path"
    try:
        return path.expanduser().absolute()
    except FileNotFoundError as error:
        raise CacheError(
            path, "is relative to the current folder, which is gone", instead=instead
        ) from error
    except RuntimeError as error:  # as pathlib says it
        what = f"the home of {path.parts[0]!r} is not known"
        raise CacheError(path, what, instead=instead) from error


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read the environment; the only place that does.

    Args:
        variables: The environment, `os.environ` if None.
    Raises:
        CacheError: A folder is given relative to one that is gone, or below an unknown home.
    """
    found = os.environ if variables is None else variables
    cache, keep = found.get(CACHE_VARIABLE), found.get(KEEP_VARIABLE)
    return Environment(
        cache=own_folder(cache, CACHE_VARIABLE) if cache else None,
        keep=own_folder(keep, KEEP_VARIABLE) if keep else None,
        compiler=found.get("CXX") or None,
    )
