"""Multiply constant factors into the weights, or the factors, in front of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Operator, Scale
from annconv.ir.projection import Projection


def fold_scale(network: Network) -> Network:
    """Let no Scale follow a Convolution, a Dense or a Scale: their last axis takes its factors."""
    return replace(network, projections=tuple(_folded(entry) for entry in network.projections))


def _folded(projection: Projection) -> Projection:
    operators: list[Operator] = []
    for operator in projection.operators:
        last = operators[-1] if operators else None
        if isinstance(operator, Scale) and isinstance(last, Convolution):
            kernel = last.kernel.astype(np.float64) * operator.factors
            operators[-1] = replace(last, kernel=kernel)
        elif isinstance(operator, Scale) and isinstance(last, Dense):
            weights = last.weights.astype(np.float64) * operator.factors
            operators[-1] = replace(last, weights=weights)
        elif isinstance(operator, Scale) and isinstance(last, Scale):
            operators[-1] = Scale(last.factors.astype(np.float64) * operator.factors)
        else:
            operators.append(operator)
    changed = len(operators) != len(projection.operators)
    return replace(projection, operators=tuple(operators)) if changed else projection
