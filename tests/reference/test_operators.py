"""Every operator against loops written straight from its definition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

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
from annconv.reference import operators
from annconv.reference.operators import apply_increase, apply_operator


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def cells_inside(position, operator, dilation, extents):
    """Taps of a window with the cell they read, cells outside left out."""
    for tap in itertools.product(*(range(extent) for extent in operator.size)):
        cell = tuple(
            where * stride + offset * step - before
            for where, stride, offset, step, (before, _) in zip(
                position, operator.strides, tap, dilation, operator.padding, strict=True
            )
        )
        if all(0 <= at < extent for at, extent in zip(cell, extents, strict=True)):
            yield tap, cell


def convolve_by_loops(operator, values):
    geometry = operator.output_geometry(values.shape[1:])
    result = np.zeros((len(values), *geometry))
    group_in = operator.kernel.shape[-2]
    group_out = geometry[-1] // operator.groups
    for position in itertools.product(*(range(extent) for extent in geometry[:-1])):
        for tap, cell in cells_inside(
            position, operator, operator.dilation, values.shape[1:-1]
        ):  # fmt: skip
            for filter_ in range(geometry[-1]):
                group = filter_ // group_out
                received = values[(slice(None), *cell)][
                    :, group * group_in : (group + 1) * group_in
                ]
                weights = operator.kernel[tap][:, filter_].astype(np.float64)
                result[(slice(None), *position, filter_)] += received @ weights
    return result


def pool_by_loops(operator, values, reduce):
    geometry = operator.output_geometry(values.shape[1:])
    result = np.zeros((len(values), *geometry))
    ones = (1,) * len(operator.size)
    for position in itertools.product(*(range(extent) for extent in geometry[:-1])):
        cells = [
            values[(slice(None), *cell)]
            for _, cell in cells_inside(position, operator, ones, values.shape[1:-1])
        ]  # fmt: skip
        result[(slice(None), *position)] = reduce(np.stack(cells), axis=0)
    return result


CONVOLUTIONS = {
    "1d": ((7,), (3,), (1,), ((1, 1),), (1,), 1, 2, 4),
    "1d strided dilated": ((11,), (3,), (2,), ((2, 1),), (2,), 1, 3, 2),
    "2d same": ((6, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 1, 2, 3),
    "2d even kernel": ((6, 5), (2, 4), (1, 1), ((0, 1), (1, 2)), (1, 1), 1, 1, 3),
    "2d strides dilation groups": ((9, 8), (3, 2), (2, 3), ((2, 2), (0, 1)), (2, 1), 2, 4, 6),
    "2d depthwise": ((5, 5), (3, 3), (1, 1), ((1, 1), (1, 1)), (1, 1), 3, 3, 6),
    "3d": ((4, 5, 3), (2, 3, 2), (1, 2, 1), ((0, 1), (1, 1), (0, 0)), (1, 1, 1), 1, 2, 2),
}


@pytest.mark.parametrize("case", CONVOLUTIONS)
def test_convolution_is_the_sum_over_its_taps(case):
    extents, size, strides, padding, dilation, groups, channels, filters = CONVOLUTIONS[case]
    kernel = random(*size, channels // groups, filters, seed=1).astype(np.float32)
    operator = Convolution(kernel, strides, padding, dilation, groups)
    values = random(3, *extents, channels)
    received = apply_operator(operator, values)
    assert received.dtype == np.float64
    np.testing.assert_allclose(
        received, convolve_by_loops(operator, values), rtol=1e-12, atol=1e-12
    )


def test_convolution_of_a_batch_cut_into_pieces_is_the_same(monkeypatch):
    operator = Convolution(random(3, 3, 2, 4), (1, 1), ((1, 1), (1, 1)), (1, 1))
    values = random(5, 6, 6, 2)
    whole = apply_operator(operator, values)
    monkeypatch.setattr(operators, "PATCH_VALUES", 2 * math.prod((6, 6, 9, 2)))
    np.testing.assert_allclose(apply_operator(operator, values), whole, rtol=1e-13, atol=1e-13)


POOLS = {
    "1d": ((7,), (3,), (2,), ((0, 0),)),
    "2d": ((6, 6), (2, 2), (2, 2), ((0, 0), (0, 0))),
    "2d same, odd": ((7, 5), (3, 2), (2, 2), ((1, 1), (0, 1))),
    "2d overlapping": ((6, 7), (3, 3), (1, 2), ((0, 0), (1, 1))),
    "3d": ((4, 4, 5), (2, 2, 2), (2, 2, 2), ((0, 0), (0, 0), (0, 1))),
}


@pytest.mark.parametrize("case", POOLS)
@pytest.mark.parametrize(("kind", "reduce"), [(MaxPool, np.max), (MeanPool, np.mean)])
def test_pooling_ignores_cells_outside(case, kind, reduce):
    extents, size, strides, padding = POOLS[case]
    operator = kind(size, strides, padding)
    values = random(2, *extents, 3) - 5.0  # below zero: padding with 0 would show
    expected = pool_by_loops(operator, values, reduce)
    np.testing.assert_allclose(apply_operator(operator, values), expected, rtol=1e-13)


def test_dense_is_a_matrix_product_of_the_float32_weights_in_double():
    weights = random(5, 3).astype(np.float32)
    values = random(4, 5)
    expected = [[math.fsum(v * float(w) for v, w in zip(row, column, strict=True))
                 for column in weights.T] for row in values]  # fmt: skip
    np.testing.assert_allclose(apply_operator(Dense(weights), values), expected, rtol=1e-14)


def test_reshape_keeps_the_order():
    received = apply_operator(Reshape((6,)), np.arange(12.0).reshape(2, 3, 2))
    np.testing.assert_array_equal(received, np.arange(12.0).reshape(2, 6))


@pytest.mark.parametrize("factors", [3.0, [2.0, -1.0]])
def test_scale_multiplies_channels(factors):
    received = apply_operator(Scale(factors), np.ones((2, 4, 2)))
    np.testing.assert_array_equal(received, np.ones((2, 4, 2)) * np.asarray(factors))


def test_pad_surrounds_with_zeros():
    received = apply_operator(Pad(((1, 0), (0, 2))), np.ones((1, 2, 2, 1)))
    expected = [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]]
    np.testing.assert_array_equal(received[0, ..., 0], expected)


def test_slice_places_channels_among_zeros():
    received = apply_operator(Slice(1, 4), np.array([[[7.0, 8.0]]]))
    np.testing.assert_array_equal(received, [[[0, 7, 8, 0]]])


def test_upsample_repeats_along_each_axis():
    received = apply_operator(Upsample((2, 3)), np.array([1.0, 2.0]).reshape(1, 2, 1, 1))
    np.testing.assert_array_equal(received[0, ..., 0], [[1, 1, 1]] * 2 + [[2, 2, 2]] * 2)


def test_increase_passes_on_how_much_its_input_grew():
    passed = np.zeros((1, 1))
    sent = []
    for value in (0.0, 1.0, 1.0, 3.0, 2.0, 4.0):
        increase, passed = apply_increase(np.array([[value]]), passed)
        sent.append(increase.item())
    assert sent == [0.0, 1.0, 0.0, 2.0, -1.0, 2.0]


def test_a_shape_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"dense .* cannot read values of shape \(4,\)"):
        apply_operator(Dense(np.ones((5, 3))), np.ones((1, 4)))


def test_increase_needs_its_state():
    with pytest.raises(ValueError, match="call apply_increase"):
        apply_operator(Increase(), np.ones((1, 4)))
