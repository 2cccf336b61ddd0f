"""Tiles of the event convolution: within registers and cache."""

from __future__ import annotations

from dataclasses import replace

import pytest

from annconv.plan.event_tiles import BLOCK_BYTES, WIDEST_TILE, choose_tiles, sum_bytes, tables_fit
from annconv.plan.kernels import Constant
from annconv.plan.target import Target

WIDE = Target(vector_bytes=64)
WITHOUT_TABLES = Target(vector_bytes=64, tables=False)


def shape(
    columns: int, kernel: int, channels: int, filters: int, **others: Constant
) -> dict[str, Constant]:
    """A square convolution with `same` padding."""
    return {
        "kIn": (1, columns, columns),
        "kOut": (1, columns, columns),
        "kSize": (1, kernel, kernel),
        "kStride": (1, 1, 1),
        "kPad": (0, kernel // 2, kernel // 2),
        "kDilation": (1, 1, 1),
        "kChannelsIn": channels,
        "kChannelsOut": filters,
        "kGroups": 1,
        **others,
    }


SHAPES = [
    shape(columns, kernel, channels, filters)
    for columns in (1, 7, 14, 28, 32, 37, 100)
    for kernel in (1, 3, 5)
    for channels in (1, 17, 64, 256)
    for filters in (8, 17, 64, 100)
]


@pytest.mark.parametrize("vector_bytes", [16, 32, 64])
@pytest.mark.parametrize("weight_bytes", [2, 4, 8])
def test_sums_fit_the_registers(vector_bytes: int, weight_bytes: int) -> None:
    target = Target(vector_bytes=vector_bytes)
    found = 0
    for entry in SHAPES:
        tiles = choose_tiles(entry, weight_bytes, target)
        if tiles is None:
            continue
        found += 1
        filters = entry["kChannelsOut"]
        assert isinstance(filters, int)
        lanes = sum_bytes(filters, weight_bytes, target) // weight_bytes
        assert tiles.channels % lanes == 0
        assert tiles.rows * tiles.columns * tiles.channels // lanes <= target.sum_registers
        assert 1 <= tiles.columns <= entry["kOut"][2]
        assert tiles.rows_together or tiles.rows == 1
    assert found > len(SHAPES) / 3


@pytest.mark.parametrize("filters", [48, 80, 96, 112])
def test_a_tile_may_hold_all_channels_without_padding(filters: int) -> None:
    tiles = choose_tiles(shape(16, 3, 17, filters), 4, WIDE)
    assert tiles is not None
    assert filters % tiles.channels == 0


def test_no_tile_holds_eight_vectors() -> None:
    for columns in (3, 16):
        tiles = choose_tiles(shape(columns, 3, 17, 128), 4, WIDE)
        assert tiles is not None
        assert tiles.channels <= WIDEST_TILE * 16


def test_kernel_rows_stay_together_where_their_weights_fit_the_cache() -> None:
    together = choose_tiles(shape(14, 5, 16, 64), 4, WIDE)
    assert together is not None
    assert together.rows_together
    assert together.weight_bytes == 16 * 25 * together.channels * 4 <= WIDE.cache_bytes
    apart = choose_tiles(shape(7, 5, 64, 64), 4, WIDE)
    assert apart is not None
    assert not apart.rows_together
    assert apart.weight_bytes == 64 * 5 * apart.channels * 4 <= 2 * WIDE.cache_bytes


def test_tiles_leave_room_for_tables_of_patterns() -> None:
    alone = choose_tiles(shape(7, 5, 64, 64), 4, WITHOUT_TABLES)
    tabulated = choose_tiles(shape(7, 5, 64, 64), 4, WIDE)
    assert alone is not None
    assert tabulated is not None
    assert tables_fit(64, tabulated.weight_bytes)
    assert not tables_fit(64, alone.weight_bytes)
    assert not tables_fit(7, 1)  # too few channels
    few = shape(7, 3, 7, 64)
    assert choose_tiles(few, 4, WIDE) == choose_tiles(few, 4, WITHOUT_TABLES)


def test_a_larger_cache_holds_larger_tiles() -> None:
    roomy = replace(WITHOUT_TABLES, cache_bytes=2**20)
    small = choose_tiles(shape(7, 5, 64, 64), 4, WITHOUT_TABLES)
    large = choose_tiles(shape(7, 5, 64, 64), 4, roomy)
    assert small is not None
    assert large is not None
    assert large.weight_bytes > small.weight_bytes


@pytest.mark.parametrize("entry", SHAPES)
@pytest.mark.parametrize("multiple", [1, 2, 3])
def test_blocks_hold_whole_windows_and_fit_the_cache(
    entry: dict[str, Constant], multiple: int
) -> None:
    tiles = choose_tiles(entry, 4, WIDE, row_multiple=multiple, steps=16)
    if tiles is None:
        return
    assert tiles.block_rows % multiple == 0
    if tiles.rows_together:
        assert tiles.block_rows % tiles.rows == 0
    elif tiles.block_rows > multiple:
        columns = entry["kOut"][2]
        rows = tiles.block_rows - multiple  # rounding up may add that many
        assert rows * columns * tiles.channels * 4 * 16 <= BLOCK_BYTES


@pytest.mark.parametrize(
    "others",
    [
        {"kGroups": 2},
        {"kSize": (3, 3, 3)},
        {"kIn": (2, 8, 8), "kOut": (2, 8, 8)},
        {"kChannelsOut": 1},
    ],
)
def test_what_does_not_suit_is_left_to_the_other_kernels(others: dict[str, Constant]) -> None:
    assert choose_tiles(shape(8, 3, 4, 16, **others), 4, WIDE) is None


def test_few_outputs_take_half_a_vector_of_integers() -> None:
    assert sum_bytes(16, 2, WIDE) == 32
    assert sum_bytes(17, 2, WIDE) == 64
    assert sum_bytes(1, 4, WIDE) == 64


def test_tiles_say_what_they_are() -> None:
    tiles = choose_tiles(shape(14, 5, 16, 64), 4, WIDE)
    assert tiles is not None
    assert tiles.why == (
        "2 x 14 outputs of 16 channels in registers, 25.0 KB of weights: all kernel rows"
    )
