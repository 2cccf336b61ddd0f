"""How many additions a network's spikes ask for, counted by hand from recorded spike trains.

A spike of a convolution's input lies under some windows of its output; for each of them one weight
per filter is added. A spike of a Dense layer's input adds one weight per output.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annconv.ir.arrays import Geometry
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Reshape
from annconv.ir.projection import Projection

REAL_BYTES = {"double": 8, "single": 4, "int16": 2}
"""Precision -> size of a weight."""

Train = NDArray[np.int32]
"""(S, 2) or (S, 3): step, rank and perhaps sign of every spike of a sample."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one projection has to add up.

    Attributes:
        projection: Its name.
        shape: What it is, in words.
        rate: Spikes of its pre-population per neuron and step.
        pairs: Pairs of a spike and a window over it.
        filters: Weights added for each of them.
    """

    projection: str
    shape: str
    rate: float
    pairs: int
    filters: int

    def vector_adds(self, vector_bytes: int, precision: str) -> int:
        """Additions of vectors; the last one of a row of weights may be partly filled."""
        return self.pairs * math.ceil(self.filters * REAL_BYTES[precision] / vector_bytes)


def windows_over(
    extent: int, windows: int, size: int, stride: int, before: int, dilation: int
) -> NDArray[np.int64]:
    """How many windows have each position of an axis under one of their taps.

    Args:
        extent: Positions of the axis.
        windows: Positions of the window, those of the output.
        size: Taps of the window.
        stride: Steps of the window.
        before: Zeros in front of the axis.
        dilation: Distance between taps.
    Returns:
        (extent,) int64.
    """
    starts = np.arange(windows)[:, None] * stride - before
    taps = (starts + np.arange(size)[None, :] * dilation).ravel()
    inside = taps[(taps >= 0) & (taps < extent)]
    return np.bincount(inside, minlength=extent).astype(np.int64)


def covered_windows(operator: Convolution, geometry: Geometry) -> NDArray[np.int64]:
    """How many windows cover each neuron of a convolution's pre-population.

    Args:
        operator: A convolution without groups.
        geometry: Of the pre-population.
    Returns:
        (neurons,) int64 in the order of ranks.
    """
    result = operator.output_geometry(geometry)
    if result is None or operator.groups != 1:
        raise ValueError(f"{operator} cannot be counted on {geometry}")
    counts = np.ones((), dtype=np.int64)
    axes = zip(
        geometry[:-1],
        result[:-1],
        operator.size,
        operator.strides,
        (before for before, _ in operator.padding),
        operator.dilation,
        strict=True,
    )
    for axis in axes:
        counts = np.multiply.outer(counts, windows_over(*axis))
    return np.repeat(counts.ravel(), geometry[-1])


def projection_work(
    projection: Projection, geometry: Geometry, trains: Iterable[Train], steps: int
) -> Work | None:
    """What a projection adds up for some samples; None if it has no weights.

    Args:
        projection: A convolution or a Dense layer, alone or behind a Reshape.
        geometry: Of its pre-population.
        trains: That population's spikes, sample by sample.
        steps: That each sample took.
    """
    spikes = list(trains)
    ranks = np.concatenate([train[:, 1] for train in spikes])
    size = int(np.prod(geometry))
    rate = len(ranks) / (size * steps * len(spikes))
    weighted = [entry for entry in projection.operators if not isinstance(entry, Reshape)]
    match weighted:
        case [Convolution() as operator]:
            pairs = int(covered_windows(operator, geometry)[ranks].sum())
            words = f"{'x'.join(map(str, geometry))}, {str(operator).split('  ')[0]}"
            return Work(projection.name, words, rate, pairs, operator.kernel.shape[-1])
        case [Dense() as operator]:
            return Work(
                projection.name, f"dense {size}", rate, len(ranks), operator.weights.shape[1]
            )
        case _:
            return None


def network_work(network: Network, compiled: Any, samples: Any, steps: int) -> list[Work]:
    """What every projection with weights adds up for some samples.

    Args:
        network: The network.
        compiled: The same network, compiled.
        samples: Presented to it once, with all spikes recorded.
        steps: That each sample takes.
    """
    names = tuple(dict.fromkeys(entry.pre for entry in network.projections))
    spikes = compiled.run(samples, steps=steps, record=names).spikes
    found = (
        projection_work(entry, network[entry.pre].geometry, spikes[entry.pre], steps)
        for entry in network.projections
    )
    return [work for work in found if work is not None]
