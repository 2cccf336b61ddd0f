"""How an event convolution is cut into tiles whose sums stay in registers.

A tile is a number of output rows, columns and vectors of channels. Larger tiles scan the spikes
less often; the registers limit them, and weights that the first-level cache does not hold slow down
every addition.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from annconv.plan.kernels import Constant
from annconv.plan.layouts import GROUP
from annconv.plan.target import Target

WIDEST_TILE = 7
"""Vectors of channels that a tile may hold."""
LARGEST_CODE = 1200
"""Additions that may be unrolled in one function."""
LARGEST_BITS = 128 * 1024
"""Bytes of the bit-packed spikes of one step."""
BLOCK_BYTES = 96 * 1024
"""Sums of a block for all steps of a tile; they should stay in the second-level cache."""
TABLE_BYTES = 128 * 1024
"""Sums of patterns that the inner loops of a layer may read."""
FEWEST_CHANNELS = 2 * GROUP
"""Input channels from which on tables are made."""

# What the parts of a convolution cost, in cycles: a least-squares fit to the `profile` times of 13
# layers in their various tiles, on one processor. Only the ratios decide.
EMPTY_WORD, BUSY_WORD = 0.8, 5.0
"""Scanning a word of spikes; most of it is the mispredicted end of a loop."""
VISIT = 1.7
"""Finding the weights of a spike, or of a group of them."""
RELOAD = 2.2
"""Loading and storing a vector of sums."""
ADDITION, DOUBLING = 0.55, 0.2
"""Adding a vector, and more of it for every doubling of weights beyond the first-level cache."""
USUAL_RATE = 0.1
"""Spikes per neuron and step where nothing is known of them."""
USUAL_GROUP = 1.6
"""Spikes in a group of channels that spike together, where there are any."""


@dataclass(frozen=True, slots=True)
class EventTiles:
    """How a convolution is cut.

    Attributes:
        rows: Output rows of a tile.
        columns: Output columns of a tile.
        channels: Output channels of a tile, a multiple of the vector.
        rows_together: Whether all kernel rows are added before sums are stored; otherwise one
            kernel row serves all output rows of a block before the next.
        block_rows: Output rows whose sums are computed before neurons use them.
        weight_bytes: Weights that the inner loops read.
    """

    rows: int
    columns: int
    channels: int
    rows_together: bool
    block_rows: int
    weight_bytes: int

    def constants(self) -> tuple[tuple[str, int], ...]:
        """Names and values that the event convolution takes."""
        rows = (("kTileRows", self.rows),) if self.rows_together else ()
        return (
            *rows,
            ("kTileCols", self.columns),
            ("kTileChannels", self.channels),
            ("kRowsTogether", int(self.rows_together)),
            ("kBlockRows", self.block_rows),
        )

    @property
    def why(self) -> str:
        """What the tiles are, for people."""
        order = "all kernel rows" if self.rows_together else "one kernel row"
        return (
            f"{self.rows} x {self.columns} outputs of {self.channels} channels in registers, "
            f"{self.weight_bytes / 1024:.1f} KB of weights: {order}"
        )


def choose_tiles(
    shape: Mapping[str, Constant],
    weight_bytes: int,
    target: Target,
    *,
    row_multiple: int = 1,
    steps: int = 1,
    wide: bool = False,
    block: tuple[int, int] | None = None,
) -> EventTiles | None:
    """The cheapest tiles for a convolution; where tables of patterns fit, of those they fit.

    Args:
        shape: Constants of the kernel `convolve`.
        weight_bytes: Size of a weight.
        target: The processor.
        row_multiple: A block's rows are a multiple of this.
        steps: Steps whose sums a block holds.
        wide: Whether sums in memory are twice as wide as weights.
        block: Rows and channels of a block, where something else has chosen them.
    Returns:
        The tiles, or None where the event convolution does not suit the shape.
    """
    window = _Window(shape)
    lanes = sum_bytes(window.filters, weight_bytes, target) // weight_bytes
    if not window.scans_a_plane() or 2 * window.filters < lanes:
        return None
    sums = 2 * steps if wide else steps
    candidates = list(_candidates(window, lanes, weight_bytes, target, row_multiple, sums))
    if block is not None:
        candidates = [
            replace(entry, block_rows=block[0])
            for entry in candidates
            if entry.channels == block[1] and block[0] % entry.rows == 0
        ]
    tabulated = [entry for entry in candidates if tables_fit(window.channels, entry.weight_bytes)]
    with_tables = target.tables and bool(tabulated)
    needed = math.ceil(window.filters / lanes)

    def cost(tiles: EventTiles) -> float:
        return _cost(window, tiles, tiles.channels // lanes, needed, target, with_tables)

    return min(tabulated if with_tables else candidates, key=cost, default=None)


def tables_fit(channels: int, weight_bytes: int) -> bool:
    """Whether the weights of some input channels may be replaced by tables of patterns."""
    entries = math.ceil(channels / GROUP) * 2**GROUP
    return channels >= FEWEST_CHANNELS and entries * weight_bytes <= TABLE_BYTES * channels


def sum_bytes(outputs: int, weight_bytes: int, target: Target) -> int:
    """Size of a vector of sums: half a vector of 16-bit integers where that holds all outputs."""
    half = target.vector_bytes // 2
    return half if weight_bytes == 2 and outputs * weight_bytes <= half else target.vector_bytes


class _Window:
    """The numbers of a convolution that matter here."""

    def __init__(self, shape: Mapping[str, Constant]) -> None:
        def extents(name: str) -> tuple[int, ...]:
            value = shape[name]
            return value if isinstance(value, tuple) else (value,)

        self.depth, self.rows, self.columns = extents("kOut")
        self.size = extents("kSize")
        self.stride = extents("kStride")
        self.dilation = extents("kDilation")
        (self.channels,) = extents("kChannelsIn")
        (self.filters,) = extents("kChannelsOut")
        (self.groups,) = extents("kGroups")
        self.input_depth, _, self.input_columns = extents("kIn")
        self.words = -(-self.channels // 64)
        padded = self.span(1, self.rows) * self.span(2, self.columns)
        self.bits_bytes = 8 * padded * self.words

    def scans_a_plane(self) -> bool:
        """Whether it reads all channels of a plane, whose bits are few enough to be kept."""
        depths = (self.depth, self.size[0], self.input_depth)
        return self.groups == 1 and depths == (1, 1, 1) and self.bits_bytes <= LARGEST_BITS

    def span(self, axis: int, outputs: int) -> int:
        """Inputs along an axis under the windows of some outputs."""
        reach = (self.size[axis] - 1) * self.dilation[axis]
        return (outputs - 1) * self.stride[axis] + reach + 1


def _candidates(
    window: _Window,
    lanes: int,
    weight_bytes: int,
    target: Target,
    row_multiple: int,
    steps: int,
) -> Iterator[EventTiles]:
    """Tiles that fit."""
    needed = math.ceil(window.filters / lanes)
    sizes = {entry for entry in (1, 2, 4) if entry < 2 * needed}
    if needed <= WIDEST_TILE:
        sizes.add(needed)  # no lane is left over
    for vectors in sorted(sizes):
        for rows in (1, 2, 3, 4):
            registers = target.sum_registers // (vectors * rows)
            if registers < 1 or rows > window.rows:
                continue
            columns = math.ceil(window.columns / math.ceil(window.columns / registers))
            code = window.span(1, rows) * rows * window.size[2] * columns * vectors
            for together in (True, False):
                unrolled = code if together else window.size[2] * columns * vectors
                if unrolled > LARGEST_CODE or (rows > 1 and not together):
                    continue
                kernel_rows = window.size[1] if together else 1
                vector_bytes = vectors * lanes * weight_bytes
                row_bytes = window.channels * window.size[2] * vector_bytes
                column_bytes = window.columns * vector_bytes
                block = _block_rows(
                    window, rows if together else 0, row_multiple, column_bytes * steps
                )
                yield EventTiles(
                    rows, columns, vectors * lanes, together, block, row_bytes * kernel_rows
                )


def _block_rows(window: _Window, together: int, multiple: int, row_bytes: int) -> int:
    """Rows of a block: few where kernel rows stay together, as many as the cache holds if not."""
    if together:
        return math.lcm(together, multiple)
    fitting = max(1, BLOCK_BYTES // row_bytes)
    return math.ceil(min(window.rows, fitting) / multiple) * multiple


def _cost(
    window: _Window, tiles: EventTiles, vectors: int, needed: int, target: Target, with_tables: bool
) -> float:
    """Time for all outputs in one step, in cycles."""
    channel_tiles = math.ceil(needed / vectors)
    cells = _scanned_cells(window, tiles) * channel_tiles
    busy = 1 - (1 - USUAL_RATE) ** min(64, window.channels)
    scanning = cells * window.words * (busy * BUSY_WORD + (1 - busy) * EMPTY_WORD)
    passes = 1 if tiles.rows_together else window.size[1]
    reloading = window.rows * window.columns * channel_tiles * vectors * passes * RELOAD
    spikes = window.channels * USUAL_RATE / (USUAL_GROUP if with_tables else 1)  # of a cell
    inputs = window.rows * window.stride[1] * window.columns * window.stride[2]
    taps = window.size[1] * window.size[2] / (window.stride[1] * window.stride[2])
    additions = inputs * spikes * taps * channel_tiles * vectors
    crowding = math.log2(
        1.25 * tiles.weight_bytes * (1.5 if with_tables else 1) / target.cache_bytes
    )
    adding = additions * (ADDITION + DOUBLING * max(crowding, 0.0))
    return scanning + reloading + adding + cells * spikes * VISIT


def _scanned_cells(window: _Window, tiles: EventTiles) -> int:
    """Cells that are scanned for the outputs of one tile of channels."""
    if tiles.rows_together:
        rows = math.ceil(window.rows / tiles.rows) * window.span(1, tiles.rows)
    else:
        rows = window.rows * window.size[1]
    column_tiles = math.ceil(window.columns / tiles.columns)
    span = window.span(2, tiles.columns)
    if column_tiles == 1:
        span = min(span, window.input_columns)  # padding is known when the kernel is compiled
    return rows * span * column_tiles
