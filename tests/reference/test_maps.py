"""The maps of a Graph, by hand and against the operators that they mirror."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution
from annconv.ir.operators import Convolution
from annconv.reference.maps import apply_map
from annconv.reference.operators import apply_operator


def test_a_transposed_convolution_by_hand():
    layer = TransposedConvolution(
        np.array([1.0, 10.0, 100.0]).reshape(3, 1, 1), (2,), (1,), (1,), (6,)
    )
    values = np.array([1.0, 2.0, 3.0]).reshape(1, 3, 1)
    # In full: 1, 10, 100 + 2, 20, 200 + 3, 30, 300; the first is cut, one more is empty.
    assert apply_map(layer, values).ravel().tolist() == [10, 102, 20, 203, 30, 300]
    longer = TransposedConvolution(layer.kernel, (2,), (1,), (1,), (8,))
    assert apply_map(longer, values).ravel().tolist() == [10, 102, 20, 203, 30, 300, 0, 0]


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_it_is_the_transpose_of_a_convolution(rank, dilation):
    """The product of Ax and y is that of x and A'y."""
    generator = np.random.default_rng(rank)
    size, strides = (3, 2, 1)[:rank], (2, 1, 3)[:rank]
    padding = tuple((cut, 1) for cut in (1, 0, 0)[:rank])
    kernel = generator.normal(size=(*size, 2, 4))
    whole = (9, 7, 5)[:rank]
    forward = Convolution(kernel, strides, padding, (dilation,) * rank)
    x = generator.normal(size=(1, *whole, 2))
    convolved = apply_operator(forward, x)
    y = generator.normal(size=convolved.shape)
    cut = tuple(before for before, _ in padding)
    back = TransposedConvolution(kernel, strides, (dilation,) * rank, cut, whole)
    assert back.output_geometry(y.shape[1:]) == x.shape[1:]
    np.testing.assert_allclose((convolved * y).sum(), (x * apply_map(back, y)).sum(), rtol=1e-12)


def test_crop_and_permute():
    values = np.arange(24.0).reshape(1, 3, 4, 2)
    cropped = apply_map(Crop(((1, 0), (0, 2))), values)
    np.testing.assert_array_equal(cropped, values[:, 1:, :2])
    turned = apply_map(Permute((2, 0, 1)), values)
    assert turned.shape == (1, 2, 3, 4)
    assert turned[0, 1, 2, 3] == values[0, 2, 3, 1]


def test_resampling_by_hand():
    layer = Resample((np.array([[1.0, 0.5], [0.0, 0.5]]), np.ones((3, 1)) / 3))
    values = np.arange(6.0).reshape(1, 2, 3, 1)
    assert apply_map(layer, values).ravel().tolist() == [1.0, 2.5]


def test_maxima_of_windows_of_unequal_sizes():
    values = np.array([5.0, 1.0, 4.0, 2.0, 3.0]).reshape(1, 5, 1)
    # [0, 2), [1, 4), [3, 5): they overlap
    assert apply_map(AdaptiveMaxPool((3,)), values).ravel().tolist() == [5, 4, 3]
    assert apply_map(AdaptiveMaxPool((7,)), values).ravel().tolist() == [5, 5, 4, 4, 4, 3, 3]
