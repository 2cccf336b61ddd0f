"""Two linear layers become one where it takes fewer operations, counted by hand."""

import numpy as np
import pytest
from rewrite_checks import simpler

from annconv.conversion.graph.compose_linear import compose_linear
from annconv.conversion.graph.operations import count_operations
from annconv.ir.activations import Bias, Relu
from annconv.ir.maps import Resample
from annconv.ir.operators import Convolution, Dense, MaxPool, MeanPool, Reshape

SHAPE = (6, 7, 4)
ONE, NO_PAD = (1, 1), ((0, 0), (0, 0))
RANDOM = np.random.default_rng(0)


def numbers(*shape):
    return RANDOM.normal(size=shape).astype(np.float32)


def window(channels, filters, groups=1, **settings):
    values = {"strides": (2, 1), "padding": ((1, 1), (0, 2)), "dilation": (1, 2), **settings}
    return Convolution(numbers(3, 2, channels // groups, filters), **values, groups=groups)


def cells(channels, filters, groups=1, strides=ONE, padding=NO_PAD):
    return Convolution(numbers(1, 1, channels // groups, filters), strides, padding, ONE, groups)


@pytest.mark.parametrize(
    ("widths", "composes"),
    [
        ((6, 5, 3), True),  # 18 < 30 + 15
        ((6, 2, 3), False),  # 18 = 12 + 6
        ((6, 1, 3), False),  # 18 > 6 + 3
    ],
)
def test_full_matrices(chain, widths, composes):
    first, second = Dense(numbers(*widths[:2])), Dense(numbers(*widths[1:]))
    graph = chain(widths[:1], first, second)
    after = simpler(compose_linear, graph)
    assert (after is not graph) == composes
    if composes:
        assert str(after["l2"].layer).startswith("dense  float64[6,3]")
        assert [origin.name for origin in after["l2"].origin] == ["l1", "l2"]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        (window(4, 9), cells(9, 2), "conv 3x2 stride 2x1 pad 1,1 0,2 dilation 1x2"),
        (window(4, 9), cells(9, 2, strides=(2, 3)), "conv 3x2 stride 4x3 pad 1,1 0,2 dilation 1x2"),
        (cells(4, 9), window(9, 2), "conv 3x2 stride 2x1 pad 1,1 0,2 dilation 1x2"),
        (cells(4, 6, strides=(2, 1)), cells(6, 3, strides=(1, 2)), "conv 1x1 stride 2x2"),
        (
            window(4, 12, 2),
            cells(12, 4, 2),
            "conv 3x2 stride 2x1 pad 1,1 0,2 dilation 1x2 groups 2",
        ),
        (window(4, 12), cells(12, 2, 2), "conv 3x2 stride 2x1 pad 1,1 0,2 dilation 1x2"),
        (cells(4, 4, 4), cells(4, 1), "conv 1x1"),
        (cells(4, 8, 2), window(8, 2), "conv 3x2 stride 2x1 pad 1,1 0,2 dilation 1x2"),
    ],
    ids=str,
)
def test_convolutions_of_cells_and_others(chain, first, second, told):
    after = simpler(compose_linear, chain(SHAPE, first, second))
    assert len(after.nodes) == 2
    assert str(after["l2"].layer).split("  ")[0] == told


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (window(4, 4, 4), cells(4, 6)),  # depthwise, then all channels: cheaper apart
        (cells(4, 2), window(2, 4)),
        (window(4, 9), cells(9, 2, padding=((0, 1), (0, 0)))),  # zeros between the two
        (cells(4, 9, padding=((0, 1), (0, 0))), window(9, 2)),
        (cells(4, 9, strides=(2, 1)), window(9, 2)),
        (window(4, 9), window(9, 2)),
    ],
    ids=str,
)
def test_convolutions_that_stay_apart(chain, first, second):
    graph = chain(SHAPE, first, second)
    assert compose_linear(graph) is graph


def test_resizing_twice(chain):
    """6 rows to 3 to 2, and 7 columns to 5 to 1: fewer sums without the step between."""
    twice = Resample((numbers(6, 3), numbers(7, 5))), Resample((numbers(3, 2), numbers(5, 1)))
    graph = chain(SHAPE, *twice)
    after = simpler(compose_linear, graph)
    assert [tuple(matrix.shape) for matrix in after["l2"].layer.matrices] == [(6, 2), (7, 1)]
    back = chain(SHAPE, *(Resample((numbers(*rows), np.eye(7))) for rows in ((6, 1), (1, 9))))
    assert compose_linear(back) is back


@pytest.mark.parametrize("kind", [MaxPool, MeanPool])
def test_pooling_twice(chain, kind):
    first = kind((2, 3), (2, 3), NO_PAD)
    after = simpler(compose_linear, chain((13, 14, 2), first, kind((3, 2), (2, 2), NO_PAD)))
    assert str(after["l2"].layer).endswith("pool 6x6 stride 4x6")
    for other in (
        (kind((2, 3), (2, 2), NO_PAD), first),  # overlapping
        (kind((2, 3), (2, 3), ((0, 1), (0, 0))), first),  # windows of other sizes at the edge
        (first, kind((2, 2), (2, 2), ((0, 0), (1, 0)))),
        (first, kind((3, 3), (1, 1), NO_PAD)),  # 2 * 6 * 4 * 54 > 6 * 4 * 6 + 4 * 2 * 9
        (first, (MeanPool if kind is MaxPool else MaxPool)((2, 2), (2, 2), NO_PAD)),
    ):
        graph = chain((13, 14, 2), *other)
        assert compose_linear(graph) is graph


def test_what_lies_in_between_keeps_them_apart(chain):
    for between in (Relu(), Bias(numbers(5)), Reshape((5,))):
        graph = chain((6,), Dense(numbers(6, 5)), between, Dense(numbers(5, 2)))
        assert compose_linear(graph) is graph


def test_whole_weights_and_numbers_that_are_too_large_stay_apart(chain):
    whole, large = np.ones((6, 6), dtype=np.int16), np.full((6, 6), 1e200)
    for weights in (whole, large):
        dense = Dense(weights)
        kernel = Convolution(weights[None, None], ONE, NO_PAD, ONE)
        for graph in (chain((6,), dense, dense), chain((2, 2, 6), kernel, kernel)):
            assert compose_linear(graph) is graph


def test_only_neighbours_that_nobody_else_reads(graph):
    before = graph(
        (6,),
        ("a", "Dense", Dense(numbers(6, 5))),
        ("b", "Dense", Dense(numbers(5, 2))),
        ("c", "Dense", Dense(numbers(5, 2)), ("a",)),
        ("d", "Dense", Dense(numbers(2, 2)), ("c",)),
    )
    after = simpler(compose_linear, before)
    assert [node.name for node in after.nodes] == ["input", "a", "b", "d"]
    assert count_operations(after) == 30 + 10 + 10
