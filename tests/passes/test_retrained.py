"""A model that was trained on compiles nothing again: values never decide what code is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from random_layers import draw_layers
from random_networks import draw_structure
from random_shapes import draw_shapes

import annconv
from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Operator
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower

PRECISIONS = ("single", "double", "int16")


def changed(network: Network, change: Callable[[FloatArray], FloatArray]) -> Network:
    """The network with other weights."""

    def learned(operator: Operator) -> Operator:
        if isinstance(operator, Convolution):
            return replace(operator, kernel=change(operator.kernel))
        if isinstance(operator, Dense):
            return replace(operator, weights=change(operator.weights))
        return operator

    return replace(
        network,
        projections=tuple(
            replace(entry, operators=tuple(map(learned, entry.operators)))
            for entry in network.projections
        ),
    )


def digests(networks: list[Network], options: CompileOptions) -> set[str]:
    return {lower(network, options)[1].digest() for network in networks}


@pytest.mark.keras
@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_cnn_with_other_weights(data_folder, precision: str) -> None:
    """Slightly other ones, other signs, channels that are alike, and channels that never spike."""
    network = annconv.convert(data_folder / "cnn.keras")
    rng = np.random.default_rng(12)
    networks = [
        network,
        *(
            changed(network, lambda values, size=size: values + rng.normal(0, size, values.shape))
            for size in (0.005, 0.02, 0.1)
        ),
        changed(network, np.negative),
        changed(network, lambda values: np.broadcast_to(values[..., :1], values.shape).copy()),
        changed(network, lambda values: np.where(np.arange(values.shape[-1]) % 2, values, 0.5)),
    ]
    assert len(digests(networks, CompileOptions(precision=precision))) == 1


@pytest.mark.parametrize("draw", [draw_layers, draw_shapes, draw_structure])
@pytest.mark.parametrize("precision", ["single", "double"])
def test_random_structures_with_other_data(draw: Callable, precision: str) -> None:
    for seed in range(12):
        structure = draw(seed)
        networks = [
            structure.with_data(np.random.default_rng([seed, number]), on_grid=False)
            for number in range(3)
        ]
        assert len(digests(networks, CompileOptions(precision=precision))) == 1, seed
