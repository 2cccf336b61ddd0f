"""Tiles of the event convolution: within registers and cache, and laid out as the kernel reads."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.plan.event_tiles import REGISTERS, WEIGHT_BYTES, choose_tiles, tiled_kernel
from annconv.plan.plan import Constant


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
@pytest.mark.parametrize("real_bytes", [4, 8])
def test_sums_fit_the_registers(vector_bytes: int, real_bytes: int) -> None:
    found = 0
    for entry in SHAPES:
        tiles = choose_tiles(entry, real_bytes, vector_bytes)
        if tiles is None:
            continue
        found += 1
        vectors = tiles.channels * real_bytes // vector_bytes
        assert tiles.channels * real_bytes % vector_bytes == 0
        assert tiles.columns * vectors <= REGISTERS[vector_bytes]
        assert 1 <= tiles.columns <= entry["kOut"][2]
    assert found > len(SHAPES) / 3


def test_kernel_rows_stay_together_where_their_weights_fit_the_cache() -> None:
    together = choose_tiles(shape(14, 5, 16, 64), 4, 64)
    assert together is not None
    assert together.rows_together
    assert 16 * 25 * together.channels * 4 <= WEIGHT_BYTES
    apart = choose_tiles(shape(7, 5, 64, 64), 4, 64)
    assert apart is not None
    assert not apart.rows_together


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
    assert choose_tiles(shape(8, 3, 4, 16, **others), 4, 64) is None


def test_every_weight_lies_where_the_kernel_reads_it() -> None:
    kernel = np.arange(2 * 3 * 4 * 5, dtype=float).reshape(2, 3, 4, 5)
    tiled = tiled_kernel(kernel, 4)
    assert tiled.shape == (2, 2, 4, 3, 4)
    for row, column, channel, out in np.ndindex(kernel.shape):
        assert tiled[out // 4, row, channel, column, out % 4] == kernel[row, column, channel, out]
    assert tiled[1, ..., 1:].max() == 0


def test_a_kernel_of_one_axis_has_one_row() -> None:
    assert tiled_kernel(np.ones((3, 4, 8)), 8).shape == (1, 1, 4, 3, 8)
