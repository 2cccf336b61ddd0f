"""What a projection or a layer does to the values it receives: one small class per operator.

An operator is data: `reference/operators.py` says what it computes, `plan/` how it runs. All shapes
are without the batch axis and channels come last.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from annconv.ir.arrays import (
    FloatArray,
    Geometry,
    PlaceArray,
    WeightArray,
    describe_array,
    freeze,
    freeze_places,
    freeze_weights,
)
from annconv.ir.records import ARRAY, PADDING, PLACES, SHAPE, WEIGHTS, WHOLE, Coder, record

Extents = tuple[int, ...]
"""One number for every spatial axis."""

Padding = tuple[tuple[int, int], ...]
"""Rows added before and after, for every spatial axis."""


def _window_extent(size: int, kernel: int, stride: int, dilation: int, pad: tuple[int, int]) -> int:
    """Number of positions of a window along an axis; 0 where it does not fit."""
    span = (kernel - 1) * dilation + 1
    room = size + pad[0] + pad[1] - span
    return 0 if room < 0 else room // stride + 1


def _not_negative(padding: Padding) -> bool:
    return all(before >= 0 and after >= 0 for before, after in padding)


def _window_geometry(
    geometry: Geometry, size: Extents, strides: Extents, dilation: Extents, padding: Padding
) -> Geometry | None:
    """Spatial extents after a sliding window, None where the window does not fit."""
    rank = len(size)
    if not len(geometry) - 1 == rank == len(strides) == len(dilation) == len(padding):
        return None
    if min((*size, *strides, *dilation), default=1) < 1 or not _not_negative(padding):
        return None
    extents = tuple(
        _window_extent(*axis)
        for axis in zip(geometry[:-1], size, strides, dilation, padding, strict=True)
    )
    return extents if all(extent > 0 for extent in extents) else None


def _text(name: str, size: Extents, strides: Extents, padding: Padding) -> str:
    words = [name, "x".join(map(str, size))]
    if any(stride != 1 for stride in strides):
        words.append("stride " + "x".join(map(str, strides)))
    if any(before or after for before, after in padding):
        words.append("pad " + " ".join(f"{before},{after}" for before, after in padding))
    return " ".join(words)


@dataclass(frozen=True, slots=True, eq=False)
class Convolution:
    """Cross-correlation with zero padding, as Keras' Conv layers compute it.

    Attributes:
        kernel: (*size, channels_in // groups, channels_out), float32, float64, or int16 where
            weights are whole numbers.
        strides: Cells between neighbouring windows, one per spatial axis.
        padding: Zeros before and after, one pair per spatial axis.
        dilation: Distance between the taps of a window, one per spatial axis.
        groups: Number of groups into which channels are split.
    """

    kernel: WeightArray
    strides: Extents
    padding: Padding
    dilation: Extents
    groups: int = 1
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", freeze_weights(self.kernel))

    @property
    def size(self) -> Extents:
        """Extents of the kernel, one per spatial axis."""
        return tuple(self.kernel.shape[:-2])

    @property
    def whole(self) -> bool:
        """Whether weights are whole numbers."""
        return self.kernel.dtype.kind == "i"

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        if self.kernel.ndim < 2 or self.groups < 1:
            return None
        spatial = _window_geometry(geometry, self.size, self.strides, self.dilation, self.padding)
        channels_in, channels_out = self.kernel.shape[-2:]
        fits = geometry[-1:] == (channels_in * self.groups,) and channels_out % self.groups == 0
        return None if spatial is None or not fits else (*spatial, channels_out)

    def __str__(self) -> str:
        text = _text("conv", self.size, self.strides, self.padding)
        if any(extent != 1 for extent in self.dilation):
            text += " dilation " + "x".join(map(str, self.dilation))
        if self.groups != 1:
            text += f" groups {self.groups}"
        return f"{text}  {describe_array(self.kernel)}"


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """A full matrix.

    Attributes:
        weights: (inputs, outputs) as Keras keeps them, float32, float64, or int16 where they are
            whole numbers.
    """

    weights: WeightArray
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "weights", freeze_weights(self.weights))

    @property
    def whole(self) -> bool:
        """Whether weights are whole numbers."""
        return self.weights.dtype.kind == "i"

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        if self.weights.ndim != 2:
            return None
        inputs, outputs = self.weights.shape
        return (outputs,) if geometry == (inputs,) else None

    def __str__(self) -> str:
        return f"dense  {describe_array(self.weights)}"


@dataclass(frozen=True, slots=True, eq=False)
class MeanPool:
    """Mean over a window; cells outside the input do not count.

    Attributes:
        size: Extents of the window, one per spatial axis.
        strides: Cells between neighbouring windows, one per spatial axis.
        padding: Cells before and after, one pair per spatial axis.
    """

    size: Extents
    strides: Extents
    padding: Padding
    linear: ClassVar[bool] = True

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        ones = (1,) * len(self.size)
        spatial = _window_geometry(geometry, self.size, self.strides, ones, self.padding)
        return None if spatial is None else (*spatial, geometry[-1])

    def __str__(self) -> str:
        return _text("mean pool", self.size, self.strides, self.padding)


@dataclass(frozen=True, slots=True, eq=False)
class MaxPool:
    """Maximum over a window; cells outside the input do not count. Attributes as `MeanPool`."""

    size: Extents
    strides: Extents
    padding: Padding
    linear: ClassVar[bool] = False

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        ones = (1,) * len(self.size)
        spatial = _window_geometry(geometry, self.size, self.strides, ones, self.padding)
        return None if spatial is None else (*spatial, geometry[-1])

    def __str__(self) -> str:
        return _text("max pool", self.size, self.strides, self.padding)


@dataclass(frozen=True, slots=True, eq=False)
class Reshape:
    """The same values in another geometry, in C order."""

    geometry: Geometry
    linear: ClassVar[bool] = True

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        same = math.prod(geometry) == math.prod(self.geometry)
        return self.geometry if same and min(self.geometry, default=1) >= 1 else None

    def __str__(self) -> str:
        return "reshape " + "x".join(map(str, self.geometry))


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Multiplication by a constant per channel.

    Attributes:
        factors: () or (channels,).
    """

    factors: FloatArray
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "factors", freeze(self.factors))

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        return geometry if self.factors.shape in ((), geometry[-1:]) else None

    def __str__(self) -> str:
        return f"scale  {describe_array(self.factors)}"


@dataclass(frozen=True, slots=True, eq=False)
class Pad:
    """Zeros around the spatial axes.

    Attributes:
        padding: Zeros before and after, one pair per spatial axis.
    """

    padding: Padding
    linear: ClassVar[bool] = True

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        if len(geometry) != len(self.padding) + 1 or not _not_negative(self.padding):
            return None
        spatial = tuple(
            before + extent + after
            for extent, (before, after) in zip(geometry[:-1], self.padding, strict=True)
        )
        return (*spatial, geometry[-1])

    def __str__(self) -> str:
        return "pad " + " ".join(f"{before},{after}" for before, after in self.padding)


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Places the received channels at `start` of `channels` channels; the others get zero.

    It is how one input of a Concatenate reaches its part of the joined layer.
    """

    start: int
    channels: int
    linear: ClassVar[bool] = True

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        if not geometry or self.start < 0 or self.start + geometry[-1] > self.channels:
            return None
        return (*geometry[:-1], self.channels)

    def __str__(self) -> str:
        return f"slice at {self.start} of {self.channels}"


@dataclass(frozen=True, slots=True, eq=False)
class Upsample:
    """Every value repeated along each spatial axis.

    Attributes:
        repeats: Repetitions, one per spatial axis.
    """

    repeats: Extents
    linear: ClassVar[bool] = True

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        if len(geometry) != len(self.repeats) + 1 or min(self.repeats, default=1) < 1:
            return None
        spatial = tuple(
            extent * factor for extent, factor in zip(geometry[:-1], self.repeats, strict=True)
        )
        return (*spatial, geometry[-1])

    def __str__(self) -> str:
        return "upsample " + "x".join(map(str, self.repeats))


@dataclass(frozen=True, slots=True, eq=False)
class Gather:
    """Every value of the result is one of those received, or zero.

    Attributes:
        places: Of the result's geometry, int32: the rank of the value that stands there, in C
            order; -1 for zero.
    """

    places: PlaceArray
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "places", freeze_places(self.places))

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        if not self.places.size:
            return None
        fits = self.places.min() >= -1 and self.places.max() < math.prod(geometry)
        return tuple(self.places.shape) if fits else None

    def __str__(self) -> str:
        return f"gather  {describe_array(self.places)}"


@dataclass(frozen=True, slots=True, eq=False)
class Increase:
    """By how much its input grew since the last step, from zero at a sample's start.

    Behind `MaxPool` of spike counts its values are spikes whose count is, at every step, the
    maximum of the counts; where counts can shrink some are negative.
    """

    linear: ClassVar[bool] = False

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the operator cannot read `geometry`."""
        return geometry

    def __str__(self) -> str:
        return "increase"


Operator = (
    Convolution | Dense | MeanPool | MaxPool | Reshape | Scale | Pad | Slice | Upsample | Gather
    | Increase
)  # fmt: skip

_WINDOW = MappingProxyType({"size": SHAPE, "strides": SHAPE, "padding": PADDING})
OPERATORS: Mapping[type, Coder] = MappingProxyType(
    {
        Convolution: record(
            Convolution,
            kernel=WEIGHTS,
            strides=SHAPE,
            padding=PADDING,
            dilation=SHAPE,
            groups=WHOLE,
        ),
        Dense: record(Dense, weights=WEIGHTS),
        MeanPool: record(MeanPool, **_WINDOW),
        MaxPool: record(MaxPool, **_WINDOW),
        Reshape: record(Reshape, geometry=SHAPE),
        Scale: record(Scale, factors=ARRAY),
        Pad: record(Pad, padding=PADDING),
        Slice: record(Slice, start=WHOLE, channels=WHOLE),
        Upsample: record(Upsample, repeats=SHAPE),
        Gather: record(Gather, places=PLACES),
        Increase: record(Increase),
    }
)
"""Every operator, and how it is written."""


def chain_geometry(operators: tuple[Operator, ...], geometry: Geometry) -> Geometry | None:
    """Geometry behind a chain of operators, None where one cannot read what it receives."""
    received: Geometry | None = geometry
    for operator in operators:
        if received is None:
            return None
        received = operator.output_geometry(received)
    return received
