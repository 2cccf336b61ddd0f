"""Neighbours of which one only moves values become one node, where that is exact."""

import numpy as np
import pytest
from rewrite_checks import simpler

from annconv.conversion.graph.join_moves import join_moves
from annconv.ir.activations import Function, Relu, Softmax
from annconv.ir.joins import Add, Concatenate
from annconv.ir.maps import Crop, Permute, TransposedConvolution
from annconv.ir.operators import Convolution, MaxPool, MeanPool, Pad, Reshape, Upsample

SHAPE = (4, 5, 2)
ONE, NO_PAD = (1, 1), ((0, 0), (0, 0))


def kernel(*shape):
    return np.random.default_rng(0).normal(size=shape)


TRANSPOSED = TransposedConvolution(kernel(3, 2, 4, 2), (2, 1), ONE, (1, 0), (7, 6))
CONVOLUTION = Convolution(kernel(3, 2, 2, 3), (2, 1), ((0, 1), (1, 0)), ONE)


@pytest.mark.parametrize(
    ("first", "second", "joint"),
    [
        (Reshape((40,)), Reshape((8, 5)), "reshape 8x5"),
        (Permute((2, 0, 1)), Permute((0, 2, 1)), "permute 2,1,0"),
        (Permute((1, 2, 0)), Permute((1, 2, 0)), "permute 2,0,1"),
        (Pad(((1, 0), (0, 2))), Pad(((0, 3), (1, 0))), "pad 1,3 1,2"),
        (Crop(((1, 0), (0, 2))), Crop(((0, 1), (1, 0))), "crop 1,1 1,2"),
        (Pad(((1, 2), (0, 2))), Crop(((1, 0), (0, 1))), "pad 0,2 0,1"),
        (Pad(((1, 2), (0, 0))), Crop(((2, 2), (0, 1))), "crop 1,0 0,1"),
        (Upsample((1, 2)), Upsample((3, 2)), "upsample 3x4"),
        (Relu(), Relu(maximum=1.0, slope=0.3), "relu max 1.0"),
        (Relu(maximum=0.5), Relu(maximum=1.0), "relu max 0.5"),
        (Pad(((1, 2), (0, 2))), CONVOLUTION, "conv 3x2 stride 2x1 pad 1,3 1,2"),
        (TRANSPOSED, Crop(((1, 0), (0, 2))), "transposed conv 3x2 stride 2x1 cut 2x0 to 6x4"),
    ],
    ids=str,
)
def test_two_become_one(chain, first, second, joint):
    after = simpler(join_moves, chain(SHAPE, first, second))
    assert [node.name for node in after.nodes] == ["input", "l2"]
    assert str(after["l2"].layer).split("  ")[0] == joint
    assert [origin.name for origin in after["l2"].origin] == ["l1", "l2"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Pad(((1, 0), (0, 1))), Crop(((0, 1), (0, 0)))),  # cells and zeros at both ends
        (Relu(slope=0.1), Relu(maximum=1.0)),
        (Relu(threshold=1.0), Relu(maximum=2.0)),
        (Relu(), Relu(threshold=0.5)),
        (Relu(), Relu(maximum=-1.0)),
        (Pad(((1, 0), (0, 1))), MeanPool((2, 2), ONE, NO_PAD)),  # whose padding does not count
        (Pad(((1, 0), (0, 1))), MaxPool((2, 2), ONE, NO_PAD)),  # zeros may be the largest
        (Crop(((1, 0), (0, 1))), CONVOLUTION),
        (TRANSPOSED, Pad(((1, 0), (0, 1)))),
    ],
    ids=str,
)
def test_two_stay_two(chain, first, second):
    graph = chain(SHAPE, first, second)
    assert join_moves(graph) is graph


@pytest.mark.parametrize(
    ("before", "pad", "pool", "joins"),
    [
        (Relu(), ((1, 1), (1, 1)), MaxPool((3, 3), (2, 2), NO_PAD), True),
        (Function("sigmoid"), ((1, 1), (1, 1)), MaxPool((3, 3), (2, 2), NO_PAD), True),
        (Relu(slope=0.1), ((1, 1), (1, 1)), MaxPool((3, 3), (2, 2), NO_PAD), False),
        (Relu(), ((2, 0), (0, 0)), MaxPool((2, 2), (1, 1), NO_PAD), False),  # zeros alone in front
        (Relu(), ((0, 2), (0, 0)), MaxPool((2, 2), (1, 1), NO_PAD), False),  # and behind
        (Relu(), ((0, 2), (0, 0)), MaxPool((2, 2), (2, 2), NO_PAD), False),
        (Relu(), ((0, 1), (0, 0)), MaxPool((2, 2), (2, 2), NO_PAD), True),  # none reaches them
        (Relu(), ((1, 0), (0, 0)), MaxPool((2, 2), (1, 1), ((0, 1), (1, 1))), True),
    ],
)
def test_padding_in_front_of_max_pooling(chain, kinds, before, pad, pool, joins):
    graph = chain(SHAPE, before, Pad(pad), pool)
    after = simpler(join_moves, graph)
    assert (len(kinds(after)) == 2) == joins


def test_what_others_read_stays(graph):
    before = graph(
        (6,),
        ("a", "Reshape", Reshape((2, 3))),
        ("b", "Reshape", Reshape((6,))),
        ("c", "Softmax", Softmax(), ("a",)),
        ("d", "Reshape", Reshape((6,)), ("c",)),
        ("sum", "Add", Add(), ("b", "d")),
    )
    assert join_moves(before) is before


def concatenated(graph, inner_axis, outer_axis, reads):
    return graph(
        (2, 2),
        ("a", "ReLU", Relu()),
        ("b", "Softmax", Softmax(), ("input",)),
        ("inner", "Concatenate", Concatenate(inner_axis), ("b", "a")),
        ("wide", "Concatenate", Concatenate(inner_axis), ("a", "a")),
        ("outer", "Concatenate", Concatenate(outer_axis), reads),
    )


def test_concatenations_along_one_axis_are_one(graph):
    after = simpler(join_moves, concatenated(graph, -1, -1, ("a", "inner", "b")))
    assert after["outer"].inputs == ("a", "b", "a", "b")
    both = simpler(join_moves, concatenated(graph, -2, -2, ("wide", "inner")))
    assert both["outer"].inputs == ("a", "a", "b", "a")


@pytest.mark.parametrize(("axis", "reads"), [(-1, ("inner", "inner")), (-2, ("inner", "wide"))])
def test_a_concatenation_stays_that_is_read_twice_or_runs_along_another_axis(graph, axis, reads):
    before = concatenated(graph, -1, axis, reads)
    assert join_moves(before) is before
