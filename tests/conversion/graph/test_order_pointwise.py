"""1x1 convolutions run on the smaller map."""

import numpy as np
import pytest
from rewrite_checks import simpler

from annconv.conversion.graph.operations import count_operations
from annconv.conversion.graph.order_pointwise import order_pointwise
from annconv.ir.activations import Relu
from annconv.ir.maps import Crop
from annconv.ir.operators import Convolution, MaxPool, MeanPool, Pad, Upsample

SHAPE = (4, 6, 3)
ONE, NO_PAD = (1, 1), ((0, 0), (0, 0))


def cells(filters, groups=1, strides=ONE, size=ONE):
    kernel = np.random.default_rng(0).normal(size=(*size, 3 // groups, filters))
    return Convolution(kernel, strides, NO_PAD, ONE, groups)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (cells(5), MeanPool((2, 2), (2, 2), NO_PAD)),
        (cells(6, groups=3), MeanPool((2, 3), (2, 3), ((0, 1), (0, 0)))),
        (cells(5), Crop(((1, 0), (0, 2)))),
        (Upsample((2, 1)), cells(5)),
    ],
    ids=str,
)
def test_they_are_swapped(chain, kinds, first, second):
    before = chain(SHAPE, first, second, Relu())
    after = simpler(order_pointwise, before)
    assert kinds(after)[:2] == kinds(before)[1::-1]
    assert [node.name for node in after.nodes] == ["input", "l2/simplified", "l2", "l3"]
    assert [origin.name for origin in after["l2"].origin] == ["l1", "l2"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (cells(1), MeanPool((2, 2), (1, 1), NO_PAD)),  # the mean of three maps takes more
        (MeanPool((2, 2), (2, 2), NO_PAD), cells(5)),
        (cells(5), MaxPool((2, 2), (2, 2), NO_PAD)),
        (cells(5), Crop(NO_PAD)),
        (cells(5, size=(2, 1)), Crop(((1, 0), (0, 0)))),
        (cells(5, strides=(2, 1)), Crop(((1, 0), (0, 0)))),
        (Upsample((2, 1)), cells(5, strides=(2, 1))),
        (Pad(((1, 0), (0, 0))), cells(5)),  # for join_moves
    ],
    ids=str,
)
def test_they_keep_their_order(chain, first, second):
    graph = chain(SHAPE, first, second)
    assert order_pointwise(graph) is graph


def test_operations_by_hand(chain):
    before = chain(SHAPE, cells(5), MeanPool((2, 2), (2, 2), NO_PAD))
    assert count_operations(before) == 24 * 15 + 6 * 5 * 4
    assert count_operations(order_pointwise(before)) == 6 * 3 * 4 + 6 * 15
