"""Connections, run as the C++ runs that ANNarchy writes of them, give what our operators give."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest

from annconv.interop.annarchy.connections import (
    MAX_WEIGHTS,
    Filters,
    Matrix,
    Pooling,
    connection,
)
from annconv.interop.annarchy.expressions import NotSaid
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
    chain_geometry,
)
from annconv.ir.projection import Projection
from annconv.reference.operators import apply_operator

RNG = np.random.default_rng(8)


def connected(pre, operators, transmits="mask"):
    post = chain_geometry(tuple(operators), pre)
    entry = Projection("p", "a", "b", tuple(operators), transmits)
    return connection(entry, pre, post), post


def expected(operators, values):
    batch = values[None]
    for operator in operators:
        batch = apply_operator(operator, batch)
    return batch[0]


def filtered(filters: Filters, values, post):
    """Convolve.py of ANNarchy, _generate_bank_code: sum over taps of what lies inside."""
    sums = []
    taps = filters.weights.shape[1:]
    centre = [extent // 2 if extent % 2 else extent // 2 - 1 for extent in taps]
    for cell in filters.centres:
        for bank in filters.weights:
            total = 0.0
            for tap in product(*map(range, taps)):
                at = tuple(c + i - m for c, i, m in zip(cell, tap, centre, strict=True))
                inside = all(0 <= i < n for i, n in zip(at, values.shape, strict=True))
                total += values[at] * bank[tap] if inside else 0.0
            sums.append(total)
    return np.reshape(sums, post)


def pooled(pooling: Pooling, values, post):
    """Pooling.py of ANNarchy: windows begin at multiples of their extent and may be cut."""
    result = np.empty(post)
    for cell in np.ndindex(*post):
        corner = [i * n for i, n in zip(cell, pooling.extent, strict=True)]
        window = values[tuple(slice(i, i + n) for i, n in zip(corner, pooling.extent, strict=True))]
        mean = window.sum() / math.prod(pooling.extent)
        result[cell] = window.max() if pooling.operation == "max" else mean
    return result


CONVOLUTIONS = [
    # geometry, kernel, strides, padding, dilation, groups
    ((7, 3), (3, 3, 4), (1,), ((1, 1),), (1,), 1),
    ((7, 3), (4, 3, 2), (2,), ((3, 0),), (1,), 1),
    ((6, 5, 2), (3, 3, 2, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1),
    ((6, 5, 2), (2, 4, 2, 3), (2, 1), ((0, 1), (2, 1)), (1, 1), 1),
    ((6, 5, 3), (3, 1, 3, 2), (3, 2), ((0, 0), (0, 0)), (1, 1), 1),
    ((6, 7, 2), (2, 3, 2, 2), (1, 2), ((1, 0), (2, 2)), (3, 2), 1),
    ((5, 5, 4), (3, 3, 2, 6), (1, 1), ((1, 1), (1, 1)), (1, 1), 2),
    ((5, 5, 4), (2, 2, 1, 4), (2, 2), ((0, 0), (0, 0)), (2, 1), 4),
    ((3, 4, 2, 1), (2, 3, 1, 1, 2), (1, 1, 2), ((1, 0), (1, 1), (0, 1)), (1, 1, 1), 1),
]


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolutions(case):
    geometry, kernel, *others = case
    operators = [Convolution(RNG.normal(size=kernel), *others)]
    made, post = connected(geometry, operators)
    assert isinstance(made, Filters)
    values = RNG.normal(size=geometry)
    np.testing.assert_allclose(
        filtered(made, values, post), expected(operators, values), atol=1e-12
    )


def test_zeros_around_the_map_go_into_the_convolution():
    kernel = RNG.normal(size=(3, 2, 2, 3))
    operators = [
        Reshape((4, 5, 2)),
        Pad(((1, 0), (0, 2))),
        Convolution(kernel, (2, 1), ((0, 2), (1, 0)), (1, 1)),
    ]
    made, post = connected((4, 5, 2), operators)
    values = RNG.normal(size=(4, 5, 2))
    assert isinstance(made, Filters)
    np.testing.assert_allclose(filtered(made, values, post), expected(operators, values))


@pytest.mark.parametrize("kind", [MaxPool, MeanPool])
@pytest.mark.parametrize("geometry", [(6, 3), (6, 4, 2), (4, 6, 2, 2)])
def test_pooling(kind, geometry):
    size = (2,) * (len(geometry) - 1)
    operators = [kind(size, size, ((0, 0),) * len(size))]
    made, post = connected(geometry, operators)
    assert made == Pooling("max" if kind is MaxPool else "mean", (*size, 1))
    values = RNG.normal(size=geometry)
    np.testing.assert_allclose(pooled(made, values, post), expected(operators, values))


def test_a_maximum_over_cut_windows():
    operators = [MaxPool((4, 3), (4, 3), ((0, 2), (0, 1)))]
    made, post = connected((6, 5, 2), operators)
    values = RNG.normal(size=(6, 5, 2)) - 5.0
    np.testing.assert_allclose(pooled(made, values, post), expected(operators, values))


NO_PAD = ((0, 0), (0, 0))
GRID = "windows of ANNarchy stand side by side, the first one at the edge"
SIDE_BY_SIDE = "strides of the window's size, without padding in front"
MANY = MAX_WEIGHTS // 2 + 1
TOO_MANY = f"it needs a matrix of {MANY} times {MANY + 1} weights, and {MAX_WEIGHTS} are allowed"
MATRICES = {
    "mean of cut windows": ((6, 5, 2), [MeanPool((4, 3), (4, 3), ((0, 2), (0, 1)))]),
    "mean with strides": ((6, 5, 2), [MeanPool((3, 3), (2, 1), NO_PAD)]),
    "mean of all": ((6, 5, 2), [MeanPool((6, 5), (6, 5), NO_PAD), Reshape((2,))]),
    "dense": ((6,), [Dense(RNG.normal(size=(6, 4)))]),
    "dense of a map": ((3, 2, 2), [Reshape((12,)), Dense(RNG.normal(size=(12, 300)))]),
    "many inputs": ((700,), [Dense(RNG.normal(size=(700, 3)))]),
    "changes of shape": ((3, 2), [Scale(np.array([2.0, 3.0])), Upsample((2,)), Slice(1, 4)]),
    "two layers": ((3, 2), [Reshape((6,)), Dense(RNG.normal(size=(6, 4))), Reshape((2, 2))]),
    "nothing": ((3, 2), []),
}


@pytest.mark.parametrize("transmits", ["spikes", "mask"])
@pytest.mark.parametrize("name", MATRICES)
def test_all_that_is_linear_is_a_matrix_at_least(name, transmits):
    geometry, operators = MATRICES[name]
    made, post = connected(geometry, operators, transmits)
    assert isinstance(made, Matrix)
    values = RNG.normal(size=geometry)
    sums = (made.weights @ values.ravel()).reshape(post)
    np.testing.assert_allclose(sums, expected(operators, values), atol=1e-12)


def test_a_convolution_of_spikes_is_a_matrix():
    operators = [Convolution(RNG.normal(size=(3, 3, 2, 2)), (1, 1), NO_PAD, (1, 1))]
    made, post = connected((5, 4, 2), operators, "spikes")
    values = RNG.normal(size=(5, 4, 2))
    sums = (made.weights @ values.ravel()).reshape(post)
    np.testing.assert_allclose(sums, expected(operators, values), atol=1e-12)


REFUSED = {
    "max pool of spikes": (
        (4, 4, 1), [MaxPool((2, 2), (2, 2), NO_PAD)], "spikes",
        "max pool 2x2 stride 2x2", "ANNarchy pools a variable",
        "a trace of the spikes (transmits='mask')",
    ),
    "max pool with strides": (
        (5, 5, 1), [MaxPool((3, 3), (2, 2), NO_PAD)], "mask",
        "max pool 3x3 stride 2x2", GRID, SIDE_BY_SIDE,
    ),
    "max pool padded in front": (
        (5, 5, 1), [MaxPool((3, 3), (3, 3), ((1, 0), (0, 1)))], "mask",
        "max pool 3x3 stride 3x3 pad 1,0 0,1", GRID, SIDE_BY_SIDE,
    ),
    "global maximum": (
        (4, 4, 2), [MaxPool((4, 4), (4, 4), NO_PAD), Reshape((2,))], "mask",
        "max pool 4x4 stride 4x4", "ANNarchy pools from one population right onto another",
        "a population behind the pooling, or keepdims=True for a global one",
    ),
    "five axes": (
        (2, 2, 2, 2, 1), [MaxPool((2,) * 4, (2,) * 4, ((0, 0),) * 4)], "mask",
        "max pool 2x2x2x2 stride 2x2x2x2",
        "ANNarchy pools maps of at most 4 axes, channels included", "fewer axes",
    ),
    "increase": (
        (4,), [Increase()], "v", "increase",
        "ANNarchy has no operator that keeps what it passed on before", "a population in its place",
    ),
    "a matrix that is too large": (
        (MANY,), [Reshape((1, MANY)), Slice(0, MANY + 1)], "spikes",
        f"reshape 1x{MANY} | slice at 0 of {MANY + 1}", TOO_MANY,
        "a smaller layer, or a convolution that reads a trace of the spikes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    geometry, operators, transmits, *said = REFUSED[name]
    with pytest.raises(NotSaid) as error:
        connected(geometry, operators, transmits)
    assert [error.value.what, error.value.why, error.value.instead] == said
