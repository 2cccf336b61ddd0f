"""What all sections share: settings, the bundled networks and digits, ANNarchy, the ceiling."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import annconv
from annarchy_process import BUILD, AnnarchyProcess, make_environment
from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.machine import available_cores, vector_bits
from annconv.options import PRECISIONS, VECTOR_BITS, CompileOptions
from annconv.runtime.compiled import CompiledNetwork, compile_network
from peak import Peak, measure_peak

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
MODELS = {name: EXAMPLES / "data" / f"{name}.keras" for name in ("cnn", "mlp")}
MLP_FACTOR = 25
"""The MLP sees so many times more digits than the CNN."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How much is measured.

    Attributes:
        repeats: Of everything that takes turns.
        pairs: Batches that ANNarchy classifies.
        builds: Of every cold build.
        digits: That the CNN sees in a turn.
        steps: Per digit.
        quick: Whether to show only that everything runs.
        annarchy: Whether ANNarchy takes part.
    """

    repeats: int = 5
    pairs: int = 5
    builds: int = 2
    digits: int = 40
    steps: int = 200
    quick: bool = False
    annarchy: bool = True


@dataclass(slots=True)
class Bench:
    """Settings, and what is made once for all sections.

    Attributes:
        settings: How much is measured.
        folder: A temporary one.
    """

    settings: Settings
    folder: Path
    _images: FloatArray | None = field(default=None, init=False)
    _networks: dict[tuple[str, str], Network] = field(default_factory=dict, init=False)
    _peak: Peak | None = field(default=None, init=False)
    _python: Path | None = field(default=None, init=False)

    @property
    def precisions(self) -> tuple[str, ...]:
        """The precisions that this annconv has, from wide to narrow."""
        return tuple(name for name in ("double", "single", "int16") if name in PRECISIONS)

    @property
    def threads(self) -> tuple[int, ...]:
        """One thread, and two where there are two cores."""
        return (1, 2) if available_cores() > 1 else (1,)

    @property
    def widths(self) -> tuple[int, ...]:
        """Widths of vectors that this machine has, widest first."""
        return tuple(bits for bits in sorted(VECTOR_BITS, reverse=True) if bits <= vector_bits())

    def digits(self, count: int, first: int = 0) -> FloatArray:
        """Test digits from 0 to 1, (count, 784) float64, the ten thousand again and again."""
        if self._images is None:
            from digits import load_digits

            images = load_digits(split="test")[0]
            self._images = images.reshape(len(images), -1) / 255.0
        return np.take(self._images, range(first, first + count), axis=0, mode="wrap")

    def network(self, name: str, **options: Any) -> Network:
        """A bundled model, converted with encoding IB.

        Args:
            name: "cnn" or "mlp".
            **options: Of `annconv.convert`.
        """
        key = (name, repr(sorted(options.items())))
        if key not in self._networks:
            self._networks[key] = annconv.convert(
                MODELS[name], input_encoding="IB", steps=self.settings.steps, **options
            )
        return self._networks[key]

    def saved(self, name: str) -> Path:
        """A bundled network as a file, so that another process needs no Keras."""
        path = self.folder / f"{name}.snn"
        if not path.exists():
            self.network(name).save(path)
        return path

    def compiled(
        self, network: Network, precision: str, threads: int = 1, bits: int | None = None
    ) -> CompiledNetwork:
        """A network as machine code.

        Args:
            network: Any.
            precision: One of `precisions`.
            threads: That it runs on.
            bits: Width of the vectors; None: the machine's.
        """
        options = CompileOptions(precision=precision, threads=threads, vector_bits=bits)
        return compile_network(network, options)

    def annarchy(self, model: Path, threads: int) -> AnnarchyProcess:
        """A process of ANNarchy with a model; use it in a `with` statement."""
        if self._python is None:
            self._python = make_environment(BUILD / "annarchy-venv")
        return AnnarchyProcess(self._python, model, threads)

    @property
    def peak(self) -> Peak:
        """The machine's ceiling."""
        if self._peak is None:
            self._peak = measure_peak(self.folder)
        return self._peak


def find_examples() -> None:
    """Let the examples' reader of digits be imported."""
    if str(EXAMPLES) not in sys.path:
        sys.path.insert(0, str(EXAMPLES))
