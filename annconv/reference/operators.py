"""What each operator computes, in NumPy, for any number of spatial axes.

Values are float64, or float32 where a network of whole weights runs: sums of whole numbers are
exact in both, and others are then added up in the order in which the plain kernels do.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from annconv.ir.operators import (
    Convolution,
    Dense,
    Extents,
    Gather,
    Increase,
    MaxPool,
    MeanPool,
    Operator,
    Pad,
    Padding,
    Reshape,
    Scale,
    Slice,
    Upsample,
)

Values = NDArray[np.floating[Any]]
"""(N, *geometry), float64 or float32."""

PATCH_VALUES = 2**22
"""Values that a convolution gathers at a time (32 MB): a batch above it is cut into pieces."""


def apply_operator(operator: Operator, values: Values) -> Values:
    """The result of one operator for a batch.

    Args:
        operator: Any operator but `Increase`, which needs what it passed on before
            (`apply_increase`).
        values: (N, *geometry) float64 or float32.
    Returns:
        (N, *operator.output_geometry(geometry)) of the same type.
    Raises:
        ValueError: The operator cannot read this geometry, or is an `Increase`.
    """
    values = np.asarray(values)
    if values.dtype != np.float32:
        values = values.astype(np.float64, copy=False)
    geometry = operator.output_geometry(values.shape[1:])
    if geometry is None:
        raise ValueError(f"{operator} cannot read values of shape {values.shape[1:]}")
    match operator:
        case Convolution():
            return _convolve(operator, values)
        case Dense():
            return _multiply(operator, values)
        case MeanPool():
            return _mean_pool(operator, values)
        case MaxPool():
            padded = _pad(values, operator.padding, -np.inf)
            windows = _windows(padded, operator.size, operator.strides, (1,) * len(operator.size))
            return np.ascontiguousarray(windows.max(axis=_window_axes(operator.size)))
        case Reshape():
            return values.reshape(len(values), *geometry)
        case Scale():
            return np.asarray(values * operator.factors.astype(values.dtype))
        case Pad():
            return _pad(values, operator.padding, 0.0)
        case Slice():
            placed = np.zeros((len(values), *geometry), dtype=values.dtype)
            placed[..., operator.start : operator.start + values.shape[-1]] = values
            return placed
        case Upsample():
            for axis, factor in enumerate(operator.repeats, start=1):
                values = np.repeat(values, factor, axis=axis)
            return values
        case Gather():
            rows = values.reshape(len(values), -1)
            zero = np.zeros((len(values), 1), dtype=values.dtype)
            return np.concatenate([rows, zero], axis=1)[:, operator.places]
        case Increase():
            raise ValueError("Increase depends on earlier steps: call apply_increase")


def apply_increase(values: Values, passed: Values) -> tuple[Values, Values]:
    """One step of `Increase`.

    Args:
        values: (N, *geometry) what arrives.
        passed: (N, *geometry) what has been passed on so far, zeros at a sample's start.
    Returns:
        `values - passed`, negative where the values shrank, and the new `passed`.
    """
    return values - passed, values


def _pad(values: Values, padding: Padding, fill: float) -> Values:
    """`fill` around the spatial axes."""
    if not any(before or after for before, after in padding):
        return values
    widths = ((0, 0), *padding, (0, 0))
    return np.pad(values, widths, mode="constant", constant_values=fill)


def _window_axes(size: Extents) -> tuple[int, ...]:
    """The axes of `_windows` that run within a window."""
    return tuple(range(-len(size), 0))


def _windows(values: Values, size: Extents, strides: Extents, dilation: Extents) -> Values:
    """A view of all windows: (N, *positions, channels, *size)."""
    spans = tuple((extent - 1) * step + 1 for extent, step in zip(size, dilation, strict=True))
    axes = tuple(range(1, 1 + len(size)))
    windows = sliding_window_view(values, spans, axis=axes)
    positions = tuple(slice(None, None, stride) for stride in strides)
    taps = tuple(slice(None, None, step) for step in dilation)
    view: Values = windows[(slice(None), *positions, slice(None), *taps)]
    return view


def _mean_pool(operator: MeanPool, values: Values) -> Values:
    """Sum over the cells inside, one after another, divided by their number."""
    ones = (1,) * len(operator.size)

    def window_sums(cells: Values) -> Values:
        padded = _pad(cells, operator.padding, 0.0)
        windows = _windows(padded, operator.size, operator.strides, ones)
        total: Values = np.zeros(windows.shape[: -len(operator.size)], dtype=values.dtype)
        for tap in np.ndindex(*operator.size):
            total += windows[(..., *tap)]
        return total

    inside = window_sums(np.ones((1, *values.shape[1:-1], 1), dtype=values.dtype))
    return np.asarray(window_sums(values) / inside)


def _multiply(operator: Dense, values: Values) -> Values:
    """A product with a matrix."""
    if operator.whole or values.dtype == np.float64:
        products = np.matmul(values.astype(np.float64), operator.weights.astype(np.float64))
        return np.ascontiguousarray(products.astype(values.dtype))
    total: Values = np.zeros((len(values), operator.weights.shape[1]), dtype=values.dtype)
    for row, weights in enumerate(operator.weights.astype(values.dtype)):
        total += values[:, row, None] * weights
    return total


def _convolve(operator: Convolution, values: Values) -> Values:
    """Cross-correlation, as many samples at a time as fit into `PATCH_VALUES`."""
    geometry = operator.output_geometry(values.shape[1:])
    if geometry is None:
        raise ValueError(f"{operator} cannot read values of shape {values.shape[1:]}")
    if values.dtype == np.float32 and not operator.whole:
        return _convolve_in_order(operator, values)
    result = np.empty((len(values), *geometry), dtype=values.dtype)
    per_sample = math.prod(geometry[:-1]) * math.prod(operator.size) * values.shape[-1]
    piece = max(1, PATCH_VALUES // per_sample)
    kernel = operator.kernel.astype(np.float64)
    for start in range(0, len(values), piece):
        part = slice(start, start + piece)
        result[part] = _convolve_piece(operator, kernel, values[part].astype(np.float64))
    return result


def _convolve_in_order(operator: Convolution, values: Values) -> Values:
    """Cross-correlation, one tap and channel after another."""
    padded = _pad(values, operator.padding, 0.0)
    windows = _windows(padded, operator.size, operator.strides, operator.dilation)
    rank, kernel = len(operator.size), operator.kernel.astype(values.dtype)
    *_, channels, filters = kernel.shape
    shared = filters // operator.groups
    total = np.zeros((*windows.shape[: 1 + rank], filters), dtype=values.dtype)
    for tap in np.ndindex(*operator.size):
        for channel in range(channels * operator.groups):
            group, row = divmod(channel, channels)
            own = slice(group * shared, (group + 1) * shared)
            read = windows[(..., channel, *tap)][..., None]
            total[..., own] += read * kernel[(*tap, row)][own]
    return total


def _convolve_piece(operator: Convolution, kernel: Values, values: Values) -> Values:
    """One matrix product per group: gathered windows times the group's filters."""
    rank, groups = len(operator.size), operator.groups
    padded = _pad(values, operator.padding, 0.0)
    windows = _windows(padded, operator.size, operator.strides, operator.dilation)
    positions = windows.shape[: 1 + rank]
    taps, filters = kernel.shape[:-1], kernel.shape[-1]
    grouped = windows.reshape(*positions, groups, taps[-1], *operator.size)
    # (groups, N, *positions, *size, channels of the group)
    order = (1 + rank, *range(1 + rank), *range(3 + rank, 3 + 2 * rank), 2 + rank)
    patches = grouped.transpose(order).reshape(groups, math.prod(positions), math.prod(taps))
    matrices = kernel.reshape(math.prod(taps), groups, filters // groups).transpose(1, 0, 2)
    products: Values = np.matmul(patches, matrices).transpose(1, 0, 2)
    return products.reshape(*positions, filters)
