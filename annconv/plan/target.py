"""What a plan is laid out for."""

from __future__ import annotations

from dataclasses import dataclass

WEIGHT_BYTES = {"single": 4, "double": 8, "int16": 2}
"""Size of a weight that a layer adds up, by precision."""
REAL_BYTES = {"single": 4, "double": 8, "int16": 4}
"""Size of a number of a neuron's state, by precision."""


@dataclass(frozen=True, slots=True)
class Target:
    """The processor, and what runs will ask for.

    Attributes:
        vector_bytes: Size of a vector: 16, 32 or 64.
        cache_bytes: Size of the first-level data cache.
        tile: Steps that a layer runs before the next layer starts, None where the network decides.
        whole: Whether every population is kept whole, so that any of them can be recorded.
        tables: Whether convolutions may add up one sum for the spikes of several inputs.
    """

    vector_bytes: int = 16
    cache_bytes: int = 32 * 1024
    tile: int | None = None
    whole: bool = False
    tables: bool = True

    @property
    def sum_registers(self) -> int:
        """Vector registers that may hold sums; the others hold weights and constants."""
        return {64: 28, 32: 14, 16: 14}[self.vector_bytes]


PORTABLE = Target()
"""Vectors that every processor has."""
