"""Factors go into the weights beside them, and nowhere else."""

from __future__ import annotations

import numpy as np

from annconv.ir.arrays import Geometry
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, Operator, Reshape, Scale
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.passes.fold_scale import fold_scale
from annconv.readouts import READOUTS


def folded(*operators: Operator, geometry: Geometry = (2,)) -> tuple[Operator, ...]:
    network = Network(
        "n",
        (
            Population("in", geometry, ENCODINGS["IB"], {}, "input"),
            Population("out", (2,), HIDDEN["IaF"], {}, "output"),
        ),
        (Projection("a", "in", "out", operators),),
        READOUTS["spike_count"],
    )
    return fold_scale(network).projections[0].operators


def test_a_factor_per_channel_goes_into_the_last_axis() -> None:
    weights = np.array([[1.0, 2.0], [3.0, 4.0]])
    (dense,) = folded(Dense(weights), Scale(np.array([10.0, 100.0])), Scale(np.array(0.5)))
    assert isinstance(dense, Dense)
    np.testing.assert_array_equal(dense.weights, weights * [5.0, 50.0])


def test_a_factor_in_front_of_the_weights_goes_into_their_rows() -> None:
    weights = np.array([[1.0, 2.0], [3.0, 4.0]])
    (dense,) = folded(Scale(np.array([10.0, 100.0])), Dense(weights))
    assert isinstance(dense, Dense)
    np.testing.assert_array_equal(dense.weights, [[10.0, 20.0], [300.0, 400.0]])


def test_factors_of_channels_go_into_the_rows_behind_a_reshape() -> None:
    factors, weights = np.array([2.0, 3.0]), np.arange(8.0).reshape(4, 2)
    reshape, dense = folded(Scale(factors), Reshape((4,)), Dense(weights), geometry=(2, 2))
    assert isinstance(reshape, Reshape)
    assert isinstance(dense, Dense)
    np.testing.assert_array_equal(dense.weights, weights * [[2.0], [3.0], [2.0], [3.0]])


def test_factors_all_along_a_chain_go_into_the_weights_behind_them() -> None:
    pool = MaxPool((1,), (1,), ((0, 0),))
    convolution = Convolution(np.ones((1, 2, 2)), (1,), ((0, 0),), (1,))
    scale, reshape = Scale(np.array(2.0)), Reshape((4,))
    parts = (pool, scale, convolution, pool, scale, reshape, scale, Dense(np.ones((4, 2))))
    chain = folded(*parts, geometry=(2, 2))
    assert list(map(type, chain)) == [MaxPool, Convolution, MaxPool, Reshape, Dense]
    assert isinstance(chain[-1], Dense)
    np.testing.assert_array_equal(chain[-1].weights, np.full((4, 2), 4.0))


def test_a_kernel_of_groups_keeps_the_factors_in_front_of_it() -> None:
    kernel = np.ones((1, 1, 1, 2))
    grouped = Convolution(kernel, (1, 1), ((0, 0), (0, 0)), (1, 1), groups=2)
    chain = folded(Scale(np.array([2.0, 3.0])), grouped, geometry=(1, 1, 2))
    assert list(map(type, chain)) == [Scale, Convolution]


def test_neighbouring_factors_become_one() -> None:
    (scale,) = folded(Scale(np.array(2.0)), Scale(np.array([3.0, 4.0])), Scale(np.array(0.5)))
    assert isinstance(scale, Scale)
    np.testing.assert_array_equal(scale.factors, [3.0, 4.0])
