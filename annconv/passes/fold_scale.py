"""Multiply constant factors into the weights, or the factors, beside them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annconv.ir.arrays import Geometry
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Operator, Reshape, Scale
from annconv.ir.projection import Projection

Chain = tuple[Operator, ...]


def fold_scale(network: Network) -> Network:
    """Let no Scale stand behind or in front of a Convolution or a Dense, or beside another Scale.

    A Reshape may lie between factors and the Dense that reads them.
    """
    return replace(
        network,
        projections=tuple(
            _folded(entry, network[entry.pre].geometry) for entry in network.projections
        ),
    )


def _folded(projection: Projection, geometry: Geometry) -> Projection:
    operators = _into_what_reads(_into_what_stands_before(projection.operators), geometry)
    changed = len(operators) != len(projection.operators)
    return replace(projection, operators=operators) if changed else projection


def _into_what_stands_before(chain: Chain) -> Chain:
    """Factors on the last axis of the weights, or the factors, that deliver what they scale."""
    operators: list[Operator] = []
    for operator in chain:
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
    return tuple(operators)


def _into_what_reads(chain: Chain, geometry: Geometry) -> Chain:
    """Factors on the rows of the weights that read what they scale, the last ones first."""
    received = [geometry]
    for operator in chain:
        received.append(operator.output_geometry(received[-1]) or ())
    for place in reversed(range(len(chain))):
        scale, behind = chain[place], chain[place + 1 :]
        if not isinstance(scale, Scale):
            continue
        between = behind[:1] if behind and isinstance(behind[0], Reshape) else ()
        reader = _scaled_rows(behind[len(between) :], scale, received[place], flat=bool(between))
        if reader is not None:
            chain = (*chain[:place], *between, reader, *behind[len(between) + 1 :])
    return chain


def _scaled_rows(
    behind: Chain, scale: Scale, geometry: Geometry, *, flat: bool
) -> Convolution | Dense | None:
    """What reads scaled values, made to read them without their factors; None where it cannot."""
    reader = behind[0] if behind else None
    if isinstance(reader, Dense):
        factors = np.broadcast_to(scale.factors, geometry).reshape(-1, 1)
        return Dense(reader.weights.astype(np.float64) * factors)
    if isinstance(reader, Convolution) and reader.groups == 1 and not flat:
        factors = np.broadcast_to(scale.factors, geometry[-1:]).reshape(-1, 1)
        return replace(reader, kernel=reader.kernel.astype(np.float64) * factors)
    return None
