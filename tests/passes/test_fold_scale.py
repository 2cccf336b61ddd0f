"""Factors go into the weights in front of them, and nowhere else."""

from __future__ import annotations

import numpy as np

from annconv.ir.network import Network
from annconv.ir.operators import Dense, Operator, Scale
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.passes.fold_scale import fold_scale
from annconv.readouts import READOUTS


def folded(*operators: Operator) -> tuple[Operator, ...]:
    network = Network(
        "n",
        (
            Population("in", (2,), ENCODINGS["IB"], {}, "input"),
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


def test_a_factor_in_front_of_the_weights_stays() -> None:
    kinds = [type(entry) for entry in folded(Scale(np.array(2.0)), Dense(np.ones((2, 2))))]
    assert kinds == [Scale, Dense]


def test_neighbouring_factors_become_one() -> None:
    (scale,) = folded(Scale(np.array(2.0)), Scale(np.array([3.0, 4.0])), Scale(np.array(0.5)))
    assert isinstance(scale, Scale)
    np.testing.assert_array_equal(scale.factors, [3.0, 4.0])
