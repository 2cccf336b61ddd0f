"""How each operator becomes a kernel: the C++ template that it instantiates, and its shape."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from annconv.errors import SimulationError
from annconv.ir.arrays import Geometry
from annconv.ir.operators import (
    Convolution,
    Dense,
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
from annconv.plan.kernels import Constant

SPATIAL_AXES = 3
SCALE = "scale"
TRANSFER = "transfer"
CONVOLVE_EVENTS = "convolve_events"
FUSED_SCALE = "scale_fused"
"""A Scale whose products are added to what there is, with one rounding for both."""


@dataclass(frozen=True, slots=True)
class KernelShape:
    """What an operator needs to run.

    Attributes:
        function: Template in `cpp/include/annconv/kernels/`.
        constants: Names and values of its shape.
        array: Name of the operator's array of weights or places, None if it has none.
        stateful: Whether it keeps a value per input element from step to step.
    """

    function: str
    constants: tuple[tuple[str, Constant], ...]
    array: str | None = None
    stateful: bool = False


def _extents(values: tuple[int, ...], fill: int) -> tuple[int, ...]:
    """One number for depth, rows and columns; missing leading axes get `fill`."""
    if len(values) > SPATIAL_AXES:
        raise SimulationError(
            f"expected at most {SPATIAL_AXES} spatial axes, received {len(values)}: {values}"
        )
    return (fill,) * (SPATIAL_AXES - len(values)) + tuple(values)


def _window(
    geometry: Geometry,
    result: Geometry,
    size: tuple[int, ...],
    strides: tuple[int, ...],
    padding: Padding,
    dilation: tuple[int, ...],
) -> tuple[tuple[str, Constant], ...]:
    """Constants that every sliding window has."""
    return (
        ("kIn", _extents(geometry[:-1], 1)),
        ("kOut", _extents(result[:-1], 1)),
        ("kSize", _extents(size, 1)),
        ("kStride", _extents(strides, 1)),
        ("kPad", _extents(tuple(before for before, _ in padding), 0)),
        ("kDilation", _extents(dilation, 1)),
    )


def _convolution(operator: Convolution, geometry: Geometry, result: Geometry) -> KernelShape:
    window = _window(
        geometry, result, operator.size, operator.strides, operator.padding, operator.dilation
    )
    channels: tuple[tuple[str, Constant], ...] = (
        ("kChannelsIn", geometry[-1]),
        ("kChannelsOut", result[-1]),
        ("kGroups", operator.groups),
    )
    return KernelShape("convolve", window + channels, array="kernel")


def _dense(operator: Dense, geometry: Geometry, result: Geometry) -> KernelShape:
    constants = (("kInputs", geometry[0]), ("kOutputs", result[0]))
    return KernelShape("multiply", constants, array="weights")


def _pool(operator: MaxPool | MeanPool, geometry: Geometry, result: Geometry) -> KernelShape:
    ones = (1,) * len(operator.size)
    window = _window(geometry, result, operator.size, operator.strides, operator.padding, ones)
    function = "max_pool" if isinstance(operator, MaxPool) else "mean_pool"
    return KernelShape(function, (*window, ("kChannels", geometry[-1])))


def _transfer(operator: Reshape, geometry: Geometry, result: Geometry) -> KernelShape:
    return KernelShape(TRANSFER, (("kSize", math.prod(geometry)),))


def _scale(operator: Scale, geometry: Geometry, result: Geometry) -> KernelShape:
    constants = (("kSize", math.prod(geometry)), ("kFactors", operator.factors.size))
    return KernelShape(SCALE, constants, array="factors")


def _pad(operator: Pad, geometry: Geometry, result: Geometry) -> KernelShape:
    constants: tuple[tuple[str, Constant], ...] = (
        ("kIn", _extents(geometry[:-1], 1)),
        ("kOut", _extents(result[:-1], 1)),
        ("kPad", _extents(tuple(before for before, _ in operator.padding), 0)),
        ("kChannels", geometry[-1]),
    )
    return KernelShape("pad", constants)


def _slice(operator: Slice, geometry: Geometry, result: Geometry) -> KernelShape:
    constants = (
        ("kCells", math.prod(geometry[:-1])),
        ("kChannelsIn", geometry[-1]),
        ("kChannelsOut", result[-1]),
        ("kStart", operator.start),
    )
    return KernelShape("place_channels", constants)


def _upsample(operator: Upsample, geometry: Geometry, result: Geometry) -> KernelShape:
    constants: tuple[tuple[str, Constant], ...] = (
        ("kIn", _extents(geometry[:-1], 1)),
        ("kOut", _extents(result[:-1], 1)),
        ("kFactors", _extents(operator.repeats, 1)),
        ("kChannels", geometry[-1]),
    )
    return KernelShape("upsample", constants)


def _gather(operator: Gather, geometry: Geometry, result: Geometry) -> KernelShape:
    return KernelShape("gather", (("kSize", math.prod(result)),), array="places")


def _increase(operator: Increase, geometry: Geometry, result: Geometry) -> KernelShape:
    return KernelShape("increase", (("kSize", math.prod(geometry)),), stateful=True)


AnyOperator = TypeVar("AnyOperator", bound=Operator)


def kernel_shape(operator: Operator, geometry: Geometry, result: Geometry) -> KernelShape:
    """What `operator` needs to run from `geometry` to `result`."""
    table: tuple[
        tuple[type[Operator] | tuple[type[Operator], ...], Callable[..., KernelShape]], ...
    ] = (
        (Convolution, _convolution),
        (Dense, _dense),
        ((MaxPool, MeanPool), _pool),
        (Reshape, _transfer),
        (Scale, _scale),
        (Pad, _pad),
        (Slice, _slice),
        (Upsample, _upsample),
        (Gather, _gather),
        (Increase, _increase),
    )
    make = next(make for kinds, make in table if isinstance(operator, kinds))
    return make(operator, geometry, result)
