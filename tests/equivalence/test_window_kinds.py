"""The list of windows that random networks must hold has no gap."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from random_shapes import draw_shapes
from test_shapes_equal_oracle import LONG, QUICK
from window_kinds import FURTHER, KINDS, Kind, axis_kind, drawn

from annconv.ir.network import Network
from annconv.ir.operators import Convolution, MaxPool
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.kernels import LayerKernel, extents_of

LEAST = 10


def gaps(networks: Iterable[Network]) -> dict[tuple[str, ...], int]:
    """What some networks hold fewer times than `LEAST`, and how many times."""
    counts = drawn(networks)
    return {kind: counts[kind] for kind in (*KINDS, *FURTHER) if counts[kind] < LEAST}


def test_every_kind_is_drawn_in_the_long_list() -> None:
    assert gaps(draw_shapes(number).network for number in LONG) == {}


def test_a_gap_shows() -> None:
    """Without the windows that hang over the edge behind a convolution the list has a gap."""
    kind = Kind("max pool", "side by side", "starts at the edge", "ends behind",
                "all channels", "convolution")  # fmt: skip
    networks = [draw_shapes(number).network for number in LONG[:100]]
    with_kind = [network for network in networks if drawn([network])[kind] > 0]
    assert kind not in gaps(with_kind * LEAST)
    assert gaps(network for network in networks if network not in with_kind)[kind] == 0


def test_every_window_is_of_a_kind_in_the_list() -> None:
    counts = drawn(draw_shapes(number).network for number in LONG[:50])
    assert {kind for kind in counts if isinstance(kind, Kind)} <= set(KINDS)


@pytest.mark.parametrize(
    ("extent", "size", "stride", "padding", "expected"),
    [
        (7, 2, 2, (0, 0), ("side by side", "starts at the edge", "ends before the edge")),
        (7, 2, 2, (0, 1), ("side by side", "starts at the edge", "ends behind")),
        (8, 2, 2, (0, 0), ("side by side", "starts at the edge", "ends at the edge")),
        (8, 2, 2, (0, 1), ("side by side", "starts at the edge", "ends at the edge")),
        (7, 3, 3, (1, 1), ("side by side", "starts in front", "ends behind")),
        (7, 3, 2, (0, 0), ("overlap", "starts at the edge", "ends at the edge")),
        (7, 2, 3, (0, 0), ("gaps", "starts at the edge", "ends before the edge")),
    ],
)
def test_kinds_of_known_windows(
    extent: int, size: int, stride: int, padding: tuple[int, int], expected: tuple[str, ...]
) -> None:
    pool = MaxPool((size,), (stride,), (padding,))
    found = axis_kind(pool, (extent, 3), "convolution", 0)
    assert found == Kind("max pool", *expected, "all channels", "convolution")
    conv = Convolution(np.zeros((size, 1, 3)), (stride,), (padding,), (1,), 3)
    assert axis_kind(conv, (extent, 3), "input", 0) == Kind(
        "convolution", *expected, "groups", "input"
    )


def test_the_quick_list_fuses_windows_of_every_kind() -> None:
    found = {"whole": 0, "some left": 0, "hanging": 0, "plain pooling": 0, "plain convolution": 0}
    for number in QUICK:
        options = CompileOptions(precision="double", vector_bits=256)
        plan = lower(draw_shapes(number).network, options)[1]
        functions = [getattr(kernel, "function", "") for kernel in plan.kernels]
        found["plain pooling"] += sum("pool" in function for function in functions)
        found["plain convolution"] += sum("convolve" in function for function in functions)
        for layer in plan.kernels:
            if isinstance(layer, LayerKernel) and layer.pooling is not None:
                constants = dict(layer.constants)
                _, rows, columns = extents_of(constants, "kOut")
                high, wide = extents_of(constants, "kPool")
                hangs = rows % high or columns % wide
                left = layer.update.neurons > rows * columns * layer.update.channels
                found["hanging" if hangs else "some left" if left else "whole"] += 1
    assert min(found.values()) >= 1, found
    assert found["hanging"] >= 3, found
