"""How an event convolution is cut into tiles whose sums stay in registers.

A tile is a number of output columns times a number of channels. Larger tiles scan the spikes less
often; the limits are the registers, and the first-level cache, which has to hold the weights that
the inner loop reads.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from annconv.ir.arrays import FloatArray
from annconv.plan.plan import Constant

WEIGHT_BYTES = 40 * 1024
"""Weights that may stay in the first-level cache beside spikes and sums."""
REGISTERS = {64: 28, 32: 12, 16: 12}
"""Vector bytes -> registers that may hold sums; the others hold weights and addresses."""
RELOAD_COST = 2.2
"""How much dearer scanning is where sums are loaded and stored for every kernel row (measured);
half of the registers then do best."""
LARGEST_CODE = 600
"""Additions that may be unrolled for one row of spikes."""
LARGEST_BITS = 256 * 1024
"""Bytes of the bit-packed spikes of one step, which lie on the stack."""


@dataclass(frozen=True, slots=True)
class EventTiles:
    """How a convolution is cut.

    Attributes:
        columns: Output columns of a tile.
        channels: Output channels of a tile, a multiple of the vector.
        rows_together: Whether all kernel rows are added before sums are stored; otherwise one
            kernel row serves all output rows before the next.
    """

    columns: int
    channels: int
    rows_together: bool


def choose_tiles(
    shape: Mapping[str, Constant], real_bytes: int, vector_bytes: int
) -> EventTiles | None:
    """The cheapest tiles for a convolution.

    Args:
        shape: Constants of the kernel `convolve`.
        real_bytes: Size of a weight.
        vector_bytes: Size of a vector.
    Returns:
        The tiles, or None where the event convolution does not suit the shape.
    """
    window = _Window(shape)
    lanes = vector_bytes // real_bytes
    if not window.is_planar or window.bits_bytes > LARGEST_BITS or 2 * window.filters < lanes:
        return None
    candidates = list(_candidates(window, lanes, vector_bytes))
    return min(candidates, key=lambda entry: entry[0])[1] if candidates else None


class _Window:
    """The numbers of a convolution that matter here."""

    def __init__(self, shape: Mapping[str, Constant]) -> None:
        def extents(name: str) -> tuple[int, ...]:
            value = shape[name]
            return value if isinstance(value, tuple) else (value,)

        self.depth, self.rows, self.columns = extents("kOut")
        self.size = extents("kSize")
        self.stride = extents("kStride")[2]
        self.dilation = extents("kDilation")[2]
        (self.channels,) = extents("kChannelsIn")
        (self.filters,) = extents("kChannelsOut")
        (groups,) = extents("kGroups")
        input_depth, self.input_rows, _ = extents("kIn")
        self.is_planar = groups == 1 and (self.depth, self.size[0], input_depth) == (1, 1, 1)
        self.bits_bytes = 8 * self.input_rows * self.span(self.columns) * -(-self.channels // 64)

    def span(self, columns: int) -> int:
        """Input columns under the windows of some output columns."""
        return (columns - 1) * self.stride + (self.size[2] - 1) * self.dilation + 1


def _candidates(
    window: _Window, lanes: int, vector_bytes: int
) -> Iterator[tuple[float, EventTiles]]:
    """Tiles that fit, with what they cost: columns of spikes scanned."""
    vectors_needed = math.ceil(window.filters / lanes)
    for vectors in (1, 2, 4):
        row_bytes = window.channels * window.size[2] * vectors * vector_bytes
        if vectors >= 2 * vectors_needed or (row_bytes > WEIGHT_BYTES and vectors > 1):
            continue
        together = row_bytes * window.size[1] <= WEIGHT_BYTES
        registers = REGISTERS[vector_bytes] // (1 if together else 2)
        if vectors > registers:
            continue
        columns = math.ceil(window.columns / math.ceil(window.columns / (registers // vectors)))
        span = window.span(columns)
        if span * window.size[2] * vectors > LARGEST_CODE:
            continue
        tiles = math.ceil(vectors_needed / vectors) * math.ceil(window.columns / columns)
        cost = tiles * span * (1.0 if together else RELOAD_COST)
        yield cost, EventTiles(columns, vectors * lanes, together)


def tiled_kernel(kernel: FloatArray, tile_channels: int) -> FloatArray:
    """A kernel in the order in which the event convolution reads it.

    Args:
        kernel: (rows, columns, inputs, filters), or without rows for one spatial axis; leading axes
            of three spatial axes must be 1.
        tile_channels: Channels of a tile.
    Returns:
        (tiles, rows, inputs, columns, tile_channels); missing filters are zero.
    """
    *spatial, inputs, filters = kernel.shape
    rows, columns = (1, 1, *spatial)[-2:]
    tiles = math.ceil(filters / tile_channels)
    padded = np.zeros((rows, columns, inputs, tiles * tile_channels), kernel.dtype)
    padded[..., :filters] = kernel.reshape(rows, columns, inputs, filters)
    cut = padded.reshape(rows, columns, inputs, tiles, tile_channels)
    return np.ascontiguousarray(cut.transpose(3, 0, 2, 1, 4))
