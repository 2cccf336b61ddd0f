"""What values the nodes of a Graph have over samples, channel by channel."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from annconv.errors import InputError
from annconv.ir.arrays import FloatArray
from annconv.ir.graph import Graph, Node
from annconv.reference.graph import run_graph
from annconv.reference.operators import Values

BINS = 2048
"""Bins of a histogram: twenty for each step in which thresholds are tried."""
BATCH_VALUES = 2**24
"""Values of all nodes that are kept at a time (128 MB)."""

Told = Callable[[int], None]
"""Receives how many samples have been taken in."""


@dataclass(frozen=True, slots=True, eq=False)
class Activations:
    """Values of one node over samples and positions.

    Attributes:
        low: (channels,) float64, the smallest value of each channel.
        high: (channels,) float64, the largest.
        counts: (channels, BINS) int64, how many values lie in each of equal bins from low to high.
        positions: Values of a channel in one sample.
    """

    low: FloatArray
    high: FloatArray
    counts: NDArray[np.int64]
    positions: int

    @property
    def reach(self) -> FloatArray:
        """(channels,) float64, the largest absolute value of each channel."""
        return np.maximum(np.abs(self.low), np.abs(self.high))

    def together(self) -> Activations:
        """The values of all channels as those of one."""
        low, high = self.low.min(keepdims=True), self.high.max(keepdims=True)
        centres = self.centres().reshape(-1, 1)
        weights = self.counts.reshape(-1)
        counts = _histogram(centres, low, high, weights)
        return Activations(low, high, counts, self.positions * len(self.low))

    def centres(self) -> FloatArray:
        """(channels, BINS) float64, the middle of each bin."""
        places = (np.arange(BINS) + 0.5) / BINS
        return self.low[:, None] + (self.high - self.low)[:, None] * places


def gather_activations(
    graph: Graph, nodes: Sequence[Node], samples: FloatArray, told: Told
) -> dict[str, Activations]:
    """Run a Graph twice over samples: for the ranges of its values, then for what lies in them.

    Args:
        graph: Of the model.
        nodes: Whose values are looked at.
        samples: (N, *shape of the input), at least one.
        told: Called after each batch, twice for every sample in the end.
    Returns:
        Name of each node -> its values.
    Raises:
        InputError: Some values are no finite numbers.
    """
    low = {node.name: np.full(node.shape[-1], np.inf) for node in nodes}
    high = {node.name: np.full(node.shape[-1], -np.inf) for node in nodes}
    for values in _batches(graph, samples, told):
        for name, rows in _rows(values, nodes):
            low[name] = np.minimum(low[name], rows.min(axis=0))
            high[name] = np.maximum(high[name], rows.max(axis=0))
    for node in nodes:
        if not (np.isfinite(low[node.name]) & np.isfinite(high[node.name])).all():
            raise InputError(
                "calibration",
                expected="samples for which the model's values are finite numbers",
                received=f"NaN or infinite ones behind layer {node.origin[-1].name!r}",
                instead="Rescale the samples as the model takes them.",
            )
    counts = {name: np.zeros((len(edge), BINS), dtype=np.int64) for name, edge in low.items()}
    for values in _batches(graph, samples, told):
        for name, rows in _rows(values, nodes):
            counts[name] += _histogram(rows, low[name], high[name])
    return {
        node.name: Activations(
            low[node.name], high[node.name], counts[node.name], math.prod(node.shape[:-1])
        )
        for node in nodes
    }


def _batches(graph: Graph, samples: FloatArray, told: Told) -> Iterator[dict[str, Values]]:
    """The values of all nodes, some samples at a time."""
    size = max(1, BATCH_VALUES // sum(math.prod(node.shape) for node in graph.nodes))
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        with np.errstate(all="ignore"):
            values = run_graph(graph, part)
        yield values
        told(len(part))


def _rows(values: Mapping[str, Values], nodes: Sequence[Node]) -> Iterator[tuple[str, Values]]:
    """Name and values of each node, one row for each sample and position."""
    for node in nodes:
        yield node.name, values[node.name].reshape(-1, node.shape[-1])


def _histogram(
    rows: Values, low: FloatArray, high: FloatArray, times: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """(channels, BINS): how many values of each column lie in each bin, each so many `times`."""
    width = high - low
    with np.errstate(all="ignore"):
        places = np.where(width > 0, (rows - low) / width, 0.0) * BINS
    bins = np.minimum(places.astype(np.int64), BINS - 1)
    flat = bins + np.arange(rows.shape[1]) * BINS
    counted = np.bincount(flat.reshape(-1), times, minlength=rows.shape[1] * BINS)
    return counted.astype(np.int64).reshape(rows.shape[1], BINS)
