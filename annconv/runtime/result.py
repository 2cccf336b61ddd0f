"""What a run gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.readouts.labels import winners


@dataclass(frozen=True, slots=True, eq=False)
class RunResult:
    """The activity of a network, sample by sample.

    Attributes:
        labels: (N,) int64, the class of each sample; ties are drawn with the seed.
        counts: (N, outputs) int64, spikes of each output neuron.
        outputs: (N, outputs) float64, the read-out's score of each output neuron.
        stopped_at: (N,) int64, steps executed; below the steps asked for where the read-out stops
            early.
        spikes: Recorded population -> for every sample an int32 array (S, 2) of step and rank,
            sorted by step, then rank; (S, 3) with the sign where a population also emits -1.
    """

    labels: NDArray[np.int64]
    counts: NDArray[np.int64]
    outputs: NDArray[np.float64]
    stopped_at: NDArray[np.int64]
    spikes: Mapping[str, list[NDArray[np.int32]]] = field(default_factory=dict)

    def tied_labels(self) -> list[list[np.int64]]:
        """For every sample all classes with the highest score, ascending."""
        if len(self.outputs) == 0:
            return []
        return [list(np.flatnonzero(row)) for row in winners(self.outputs)]

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        recorded: Any = ", ".join(self.spikes) or "none"
        return f"<RunResult: {len(self)} samples, recorded populations: {recorded}>"
