"""The estimate of how busy channels are, against networks counted by hand and simulated ones."""

from __future__ import annotations

import numpy as np
from zoo import branches

from annconv.analysis.mean_activity import mean_activity
from annconv.ir.network import Network
from annconv.ir.operators import (
    Convolution,
    Dense,
    MaxPool,
    Operator,
    Reshape,
    Scale,
    Slice,
    chain_geometry,
)
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.readouts import READOUTS
from annconv.reference.network import run_network


def estimate(geometry: tuple[int, ...], *operators: Operator) -> list[float]:
    """Of a population behind one chain of operators."""
    behind = chain_geometry(operators, geometry)
    assert behind is not None
    network = Network(
        "n",
        (
            Population("in", geometry, ENCODINGS["IB"], {}, "input"),
            Population("out", behind, HIDDEN["IaF"], {}, "output"),
        ),
        (Projection("a", "in", "out", operators),),
        READOUTS["spike_count"],
    )
    network.verify()
    return mean_activity(network)["out"].tolist()


def conv(kernel: np.ndarray, groups: int = 1) -> Convolution:
    return Convolution(kernel, (1, 1), ((0, 0), (0, 0)), (1, 1), groups)


def test_a_convolution_sums_its_window() -> None:
    kernel = np.zeros((2, 2, 1, 3))
    kernel[..., 0], kernel[..., 1], kernel[0, 0, 0, 2] = 0.5, -1.0, 1.0
    assert estimate((4, 4, 1), conv(kernel)) == [1.0, 0.0, 0.5]


def test_groups_stay_apart() -> None:
    kernel = np.ones((1, 1, 1, 4)) * [1.0, 2.0, 3.0, 4.0]
    factors = Scale(np.array([4.0, 1.0]))
    assert estimate((2, 2, 2), factors, conv(kernel, groups=2)) == [0.5, 1.0, 0.375, 0.5]


def test_a_matrix_reads_every_cell() -> None:
    weights = np.arange(8.0).reshape(4, 2)
    assert estimate((2, 1, 2), Reshape((4,)), Dense(weights)) == [12 / 16, 1.0]


def test_a_part_of_the_channels() -> None:
    assert estimate((2, 2, 1), Slice(2, 3)) == [0.0, 0.0, 1.0]


def test_pooling_changes_nothing() -> None:
    pool = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    assert estimate((4, 4, 2), Scale(np.array([1.0, 0.25])), pool) == [1.0, 0.25]


def test_branches_add_up() -> None:
    activity = mean_activity(branches())
    assert set(activity) == {"image", "peaks", "sum", "classes"}
    assert all(np.isfinite(values).all() for values in activity.values())


def test_busy_channels_are_found() -> None:
    """Against the oracle: the order of channels is that of their spikes."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(size=(3, 3, 1, 6)) + np.linspace(-1.0, 1.0, 6)
    network = Network(
        "n",
        (
            Population("in", (6, 6, 1), ENCODINGS["IB"], {}, "input"),
            Population("hidden", (4, 4, 6), HIDDEN["IaF"]),
            Population("out", (2,), HIDDEN["IaF"], {}, "output"),
        ),
        (
            Projection("a", "in", "hidden", (conv(kernel * 0.2),)),
            Projection("b", "hidden", "out", (Reshape((96,)), Dense(np.ones((96, 2))))),
        ),
        READOUTS["spike_count"],
        input_scale=100.0,
    )
    result = run_network(network, rng.random((4, 6, 6, 1)), steps=60, record=["hidden"])
    spikes = np.concatenate([train[:, 1] for train in result.spikes["hidden"]])
    counts = np.bincount(spikes % 6, minlength=6)
    assert np.corrcoef(counts, mean_activity(network)["hidden"])[0, 1] > 0.9
