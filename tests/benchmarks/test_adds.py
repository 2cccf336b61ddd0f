"""Additions counted by hand, and by a convolution with ones."""

import numpy as np
import pytest
from zoo import dense, samples

from adds import covered_windows, network_work, projection_work, windows_over
from annconv.ir.operators import Convolution, Dense, MaxPool, Reshape
from annconv.ir.projection import Projection
from annconv.reference.network import run_network
from annconv.reference.operators import apply_operator


def convolution(size, channels, filters, stride=1, pad=(0, 0), dilation=1):
    kernel = np.ones((size, size, channels, filters))
    return Convolution(kernel, (stride, stride), (pad, pad), (dilation, dilation))


def train(*ranks):
    """Spikes of these ranks, one a step."""
    return np.array(list(enumerate(ranks)), dtype=np.int32).reshape(-1, 2)


class Interpreted:
    """The interpreter, called as a compiled network."""

    def __init__(self, network):
        self.network = network

    def run(self, samples, *, steps, record):
        return run_network(self.network, samples, steps=steps, record=record)


@pytest.mark.parametrize(
    ("axis", "counts"),
    [
        ((5, 5, 3, 1, 1, 1), [2, 3, 3, 3, 2]),  # same padding: the border has two windows
        ((5, 3, 3, 1, 0, 1), [1, 2, 3, 2, 1]),  # valid
        ((6, 3, 3, 2, 0, 1), [1, 1, 2, 1, 2, 1]),  # stride 2, padded behind only
        ((5, 2, 2, 1, 0, 3), [1, 1, 0, 1, 1]),  # dilation leaves gaps
        ((7, 2, 2, 3, 0, 1), [1, 1, 0, 1, 1, 0, 0]),  # a stride beyond the window
    ],
)
def test_windows_over_an_axis(axis, counts):
    assert windows_over(*axis).tolist() == counts


@pytest.mark.parametrize(
    ("operator", "geometry"),
    [
        (convolution(3, 2, 1, pad=(1, 1)), (5, 6, 2)),
        (convolution(5, 1, 1), (8, 7, 1)),
        (convolution(3, 3, 1, stride=2, pad=(0, 1)), (6, 6, 3)),
        (convolution(2, 2, 1, dilation=2), (5, 5, 2)),
    ],
)
def test_windows_are_those_a_convolution_with_ones_adds_up(operator, geometry):
    spikes = np.random.default_rng(1).integers(0, 3, geometry)
    ranks = np.repeat(np.arange(spikes.size), spikes.ravel())
    projection = Projection("p", "pre", "post", (operator,))
    work = projection_work(projection, geometry, [train(*ranks)], steps=10)
    assert work.pairs == apply_operator(operator, spikes[None].astype(float)).sum()
    assert work.rate == pytest.approx(spikes.sum() / (spikes.size * 10))


def test_filters_are_counted_apart_from_windows():
    projection = Projection("p", "pre", "post", (convolution(3, 1, 16, pad=(1, 1)),))
    # On 3 x 3 the corner has four windows, the centre nine.
    work = projection_work(projection, (3, 3, 1), [train(0), train(4, 4)], steps=5)
    assert (work.pairs, work.filters) == (4 + 9 + 9, 16)
    assert work.rate == pytest.approx(3 / (9 * 5 * 2))
    # 22 pairs of 16 weights: 16 floats fill 64 bytes, 8 doubles do.
    assert work.vector_adds(64, "single") == 22
    assert work.vector_adds(64, "double") == 44
    assert work.vector_adds(32, "int16") == 22


def test_dense_adds_a_row_for_each_spike():
    projection = Projection("p", "pre", "post", (Reshape((4,)), Dense(np.ones((4, 10)))))
    work = projection_work(projection, (2, 2, 1), [train(0, 1, 3)], steps=1)
    assert (work.pairs, work.filters, work.shape) == (3, 10, "dense 4")


def test_silence_adds_nothing():
    projection = Projection("p", "pre", "post", (convolution(3, 1, 4),))
    assert projection_work(projection, (4, 4, 1), [train()], steps=3).pairs == 0


def test_pooling_has_no_weights():
    pool = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    projection = Projection("p", "pre", "post", (pool,))
    assert projection_work(projection, (4, 4, 1), [train(0)], steps=1) is None


def test_groups_are_not_counted():
    grouped = Convolution(np.ones((1, 1, 1, 2)), (1, 1), ((0, 0), (0, 0)), (1, 1), groups=2)
    with pytest.raises(ValueError, match="cannot be counted"):
        covered_windows(grouped, (3, 3, 2))


def test_a_network_is_counted_projection_by_projection():
    network = dense()
    spikes = run_network(network, samples(network, 2), steps=20, record=("image", "hidden")).spikes
    works = network_work(network, Interpreted(network), samples(network, 2), steps=20)
    assert [work.projection for work in works] == ["dense_proj_2", "dense_proj_3"]
    assert [work.pairs for work in works] == [
        sum(map(len, spikes[name])) for name in ("image", "hidden")
    ]
    assert works[0].pairs > 0
