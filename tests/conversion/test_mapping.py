"""Operators that stand for maps of a Graph compute what the maps do."""

import numpy as np
import pytest
from random_graphs import random_graph

from annconv.conversion.mapping import as_operators
from annconv.ir.maps import AdaptiveMaxPool, Crop, Map, Permute, Resample, TransposedConvolution
from annconv.ir.operators import MaxPool, chain_geometry
from annconv.reference.maps import apply_map
from annconv.reference.operators import apply_operator


def check(layer, geometry):
    operators = as_operators(layer, geometry)
    assert chain_geometry(operators, geometry) == layer.output_geometry(geometry)
    values = np.random.default_rng(0).normal(size=(3, *geometry))
    received = values
    for operator in operators:
        received = apply_operator(operator, received)
    np.testing.assert_allclose(received, apply_map(layer, values), rtol=1e-12, atol=1e-12)


def numbers(*shape):
    return np.random.default_rng(1).normal(size=shape)


LAYERS = {
    "crop": (Crop(((1, 2), (0, 1))), (5, 4, 2)),
    "permute": (Permute((2, 0, 3, 1)), (2, 3, 4, 5)),
    "channels alone": (Permute((0,)), (3,)),
    "strides and dilation": (
        TransposedConvolution(numbers(3, 2, 4, 2), (2, 3), (1, 2), (1, 0), (7, 9)), (4, 3, 2),
    ),
    "result beyond what is reached": (
        TransposedConvolution(numbers(2, 3, 1), (3,), (1,), (0,), (12,)), (3, 1),
    ),
    "all is cut but a cell": (
        TransposedConvolution(numbers(5, 1, 2), (1,), (1,), (4,), (1,)), (4, 2),
    ),
    "resample": (Resample((numbers(4, 7), numbers(3, 2))), (4, 3, 2)),
    "adaptive": (AdaptiveMaxPool((3, 2)), (7, 5, 2)),
    "more windows than cells": (AdaptiveMaxPool((5,)), (3, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYERS)
def test_by_name(name):
    check(*LAYERS[name])


def test_maps_of_random_graphs():
    drawn = 0
    for seed in range(80):
        graph = random_graph(seed)
        for node in graph.nodes:
            if isinstance(node.layer, Map):
                check(node.layer, graph[node.inputs[0]].shape)
                drawn += 1
    assert drawn > 80


def test_operators_stay_as_they_are():
    pool = MaxPool((2,), (2,), ((0, 0),))
    assert as_operators(pool, (4, 3)) == (pool,)
