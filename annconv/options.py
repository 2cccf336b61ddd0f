"""Options of converting, compiling and running, checked when they are made, all faults at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from annconv.checks import among, check, flag, number, one_of, tuple_of_names, whole
from annconv.machine import available_cores, vector_bits

PRECISIONS = ("single", "double", "int16")
NORMALISATIONS = ("model",)
THRESHOLDS = ("least_squares", "maximum", "percentile")
UNSUPPORTED_POLICIES = ("refuse", "ignore")
VECTOR_BITS = (128, 256, 512)


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
class RateOptions:
    """How preset `rate` makes a spiking network; the Network stores all but the samples."""

    calibration: Any = None
    """(N, ...) samples as the model takes them: some hundred of those that it was trained on."""
    steps: int = 32
    """Steps that thresholds are chosen for, and that `run` takes when not told otherwise."""
    thresholds: str = "least_squares"
    """How the value of a spike is chosen: "least_squares", "maximum" or "percentile"."""
    potential_correction: bool = True
    """Whether membrane potentials at the start make up for each channel's mean error."""
    progress: bool = False
    """Whether to show a progress bar on stderr."""
    on_unsupported: ClassVar[str] = "refuse"
    """What cannot be converted is refused."""

    def __post_init__(self) -> None:
        check(
            self,
            whole("steps", 1),
            one_of("thresholds", THRESHOLDS),
            flag("potential_correction"),
            flag("progress"),
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


RUN_CHECKS = (
    whole("steps", 1),
    whole("seed", 0, 2**64 - 1),
    whole("first_sample", 0, 2**32 - 1),
    flag("frames"),
    flag("progress"),
)
"""Made once: a call with one sample takes little longer than they do."""


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
        check(self, *RUN_CHECKS)
