"""Nodes that pass on what they read go; those that change one value stay."""

from dataclasses import replace

import numpy as np
import pytest
from rewrite_checks import simpler

from annconv.conversion.graph.drop_identities import drop_identities, passes_on
from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.joins import Add, Maximum, Minimum
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample
from annconv.ir.operators import (
    Convolution,
    Dense,
    Increase,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
)

SHAPE = (3, 4, 2)
ONE, NO_PAD, PAD = (1, 1), ((0, 0), (0, 0)), ((0, 0), (0, 1))


def cells(kernel, strides=ONE, padding=NO_PAD, groups=1):
    return Convolution(
        np.array(kernel, dtype=np.float32)[None, None], strides, padding, ONE, groups
    )


PAIRS = [
    (Reshape(SHAPE), Reshape((4, 3, 2))),
    (Permute((0, 1, 2)), Permute((0, 2, 1))),
    (Scale(np.ones(2)), Scale(np.array([1.0, 1.5]))),
    (Scale(np.ones(())), Scale(np.float64(-1))),
    (Bias(np.zeros(2)), Bias(np.array([0.0, 1e-300]))),
    (Pad(NO_PAD), Pad(PAD)),
    (Crop(NO_PAD), Crop(PAD)),
    (MaxPool(ONE, ONE, NO_PAD), MaxPool(ONE, (1, 2), NO_PAD)),
    (MeanPool(ONE, ONE, NO_PAD), MeanPool((1, 2), ONE, NO_PAD)),
    (MaxPool(ONE, ONE, NO_PAD), MaxPool(ONE, ONE, PAD)),
    (AdaptiveMaxPool((3, 4)), AdaptiveMaxPool((3, 3))),
    (Upsample(ONE), Upsample((1, 2))),
    (Slice(0, 2), Slice(0, 3)),
    (Resample((np.eye(3), np.eye(4))), Resample((np.eye(3), np.eye(4)[::-1]))),
    (cells(np.eye(2)), cells(np.ones((2, 2)))),
    (cells(np.eye(2)), cells(np.eye(2), strides=(2, 1))),
    (cells(np.eye(2)), cells(np.eye(2), padding=PAD)),
    (cells(np.eye(2)), cells([[1, 1]], groups=2)),
    (Relu(slope=1.0), Relu(slope=0.5)),
    (Relu(slope=1.0), Relu(slope=1.0, threshold=0.5)),
    (Relu(slope=1.0), Relu(slope=1.0, maximum=1.0)),
    (PRelu(np.ones((1, 1, 2))), PRelu(np.array([[[1.0, 0.5]]]))),
]


@pytest.mark.parametrize(("idle", "busy"), PAIRS, ids=str)
def test_what_changes_nothing_goes_and_its_like_stays(chain, kinds, idle, busy):
    last = Function("tanh")
    assert kinds(simpler(drop_identities, chain(SHAPE, idle, last))) == ["Function"]
    graph = chain(SHAPE, busy, last)
    assert drop_identities(graph) is graph


def test_dense(chain, kinds):
    for matrix, left in ((np.eye(3), 1), (np.eye(3)[::-1], 2), (np.eye(3)[:, :2], 2)):
        graph = chain((3,), Dense(matrix.copy()), Softmax())
        assert len(kinds(simpler(drop_identities, graph))) == left


@pytest.mark.parametrize("layer", [Increase(), Softmax(), Dense(np.ones((2, 2)))])
def test_nothing_else_passes_on(layer):
    assert not passes_on(layer, (2,))


@pytest.mark.parametrize(
    ("before", "idle", "busy"),
    [
        (Relu(), Relu(), Relu(maximum=6.0)),
        (Relu(), Relu(slope=0.3), Relu(threshold=0.1)),
        (Relu(maximum=1.0), Relu(maximum=1.0), Relu(maximum=0.9)),
        (Relu(maximum=1.0), Function("hard_tanh"), Function("tanh")),
        (Relu(), PRelu(np.full((1, 1, 2), 0.5)), Function("hard_tanh")),
        (Softmax(), Relu(maximum=6.0), Relu(threshold=0.2)),
        (Function("sigmoid"), Relu(), Relu(maximum=0.5)),
        (Function("softplus"), Relu(), Relu(maximum=6.0)),
    ],
)
def test_an_activation_that_meets_straight_values_alone(chain, before, idle, busy):
    first = Scale(np.array([2.0, -3.0]))
    assert len(simpler(drop_identities, chain(SHAPE, first, before, idle)).nodes) == 3
    graph = chain(SHAPE, first, before, busy)
    assert drop_identities(graph) is graph


@pytest.mark.parametrize("before", [Relu(slope=0.1), Function("tanh"), Bias(np.float64(9))])
def test_a_relu_that_may_meet_negative_values_stays(chain, before):
    graph = chain(SHAPE, before, Relu())
    assert drop_identities(graph) is graph


def test_an_output_keeps_its_name(chain):
    after = simpler(drop_identities, chain(SHAPE, Relu(), Scale(np.ones(2))))
    assert [node.name for node in after.nodes] == ["input", "l2"]
    assert [origin.name for origin in after["l2"].origin] == ["l1", "l2"]


def test_an_output_stays_where_its_name_cannot_go(chain):
    for before in (chain(SHAPE, Pad(NO_PAD)), _two_outputs(chain), _read_twice(chain)):
        assert drop_identities(before) is before


def _two_outputs(chain):
    return replace(chain(SHAPE, Relu(), Pad(NO_PAD)), outputs=("l1", "l2"))


def _read_twice(chain):
    graph = chain(SHAPE, Relu(), Softmax(), Pad(NO_PAD))
    return replace(
        graph,
        nodes=(*graph.nodes[:-1], replace(graph["l3"], inputs=("l1",))),
        outputs=("l2", "l3"),
    )


def test_readers_of_an_idle_node_read_what_it_read(graph):
    before = graph(
        SHAPE,
        ("relu", "ReLU", Relu()),
        ("pad", "ZeroPadding2D", Pad(NO_PAD)),
        ("scale", "Rescaling", Scale(np.float64(2))),
        ("sum", "Add", Add(), ("pad", "scale", "pad")),
    )
    after = simpler(drop_identities, before)
    assert after["sum"].inputs == ("relu", "scale", "relu")


@pytest.mark.parametrize("join", [Maximum(), Minimum()])
def test_the_largest_of_equals(graph, join):
    layers = (("relu", "ReLU", Relu()), ("m", "Maximum", join, ("relu", "relu")))
    after = simpler(drop_identities, graph(SHAPE, *layers, ("s", "Softmax", Softmax())))
    assert after["s"].inputs == ("relu",)
    different = graph(SHAPE, *layers[:1], ("m", "Maximum", join, ("relu", "input")))
    assert drop_identities(different) is different
