"""Linear maps and poolings that only a Graph has so far: one small class each.

They are data as `ir/operators.py` has it: `reference/maps.py` says what they compute. Shapes are
without the batch axis, and channels come last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from annconv.ir.arrays import FloatArray, Geometry, describe_array, freeze
from annconv.ir.operators import Extents, Padding
from annconv.ir.records import ARRAY, PADDING, SHAPE, Coder, record, several


@dataclass(frozen=True, slots=True, eq=False)
class TransposedConvolution:
    """The transpose of a convolution: every input adds its multiple of the kernel to the result.

    Tap k of input i lands at `i * stride + k * dilation - cut`; what lands outside is lost.

    Attributes:
        kernel: (*size, channels_out, channels_in), as Keras keeps it, float32 or float64.
        strides: Cells of the result between neighbouring inputs, one per spatial axis.
        dilation: Distance between the taps of the kernel, one per spatial axis.
        cut: Cells left out in front of each spatial axis.
        extents: Extents of the result, one per spatial axis.
    """

    kernel: FloatArray
    strides: Extents
    dilation: Extents
    cut: Extents
    extents: Extents
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "kernel", freeze(self.kernel))

    @property
    def size(self) -> Extents:
        """Extents of the kernel, one per spatial axis."""
        return tuple(self.kernel.shape[:-2])

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the map cannot read `geometry`."""
        rank = self.kernel.ndim - 2
        if rank < 1 or len(geometry) != rank + 1 or geometry[-1] != self.kernel.shape[-1]:
            return None
        numbers = (self.strides, self.dilation, self.cut, self.extents)
        if any(len(given) != rank for given in numbers) or min(self.cut) < 0:
            return None
        if min(*self.strides, *self.dilation, *self.extents, *self.size) < 1:
            return None
        return (*self.extents, self.kernel.shape[-2])

    def __str__(self) -> str:
        words = ["transposed conv", _times(self.size)]
        if any(stride != 1 for stride in self.strides):
            words.append(f"stride {_times(self.strides)}")
        if any(self.cut):
            words.append(f"cut {_times(self.cut)}")
        words.append(f"to {_times(self.extents)}")
        if any(extent != 1 for extent in self.dilation):
            words.append(f"dilation {_times(self.dilation)}")
        return f"{' '.join(words)}  {describe_array(self.kernel)}"


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """Leaves out cells at the edges of the spatial axes.

    Attributes:
        cut: Cells left out before and after, one pair per spatial axis.
    """

    cut: Padding
    linear: ClassVar[bool] = True

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the map cannot read `geometry`."""
        if len(geometry) != len(self.cut) + 1 or any(min(pair) < 0 for pair in self.cut):
            return None
        spatial = tuple(
            extent - before - after
            for extent, (before, after) in zip(geometry[:-1], self.cut, strict=True)
        )
        return (*spatial, geometry[-1]) if min(spatial, default=1) > 0 else None

    def __str__(self) -> str:
        return "crop " + " ".join(f"{before},{after}" for before, after in self.cut)


@dataclass(frozen=True, slots=True, eq=False)
class Permute:
    """The axes in another order.

    Attributes:
        axes: For each axis of the result the axis of the input, from 0, the batch axis left out.
    """

    axes: tuple[int, ...]
    linear: ClassVar[bool] = True

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the map cannot read `geometry`."""
        if sorted(self.axes) != list(range(len(geometry))):
            return None
        return tuple(geometry[axis] for axis in self.axes)

    def __str__(self) -> str:
        return "permute " + ",".join(map(str, self.axes))


@dataclass(frozen=True, slots=True, eq=False)
class Resample:
    """Weighted sums along each spatial axis: resizing, or means over windows of unequal sizes.

    Attributes:
        matrices: (extent, extent of the result), one per spatial axis, float32 or float64.
    """

    matrices: tuple[FloatArray, ...]
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrices", tuple(freeze(matrix) for matrix in self.matrices))

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the map cannot read `geometry`."""
        if len(geometry) != len(self.matrices) + 1:
            return None
        for extent, matrix in zip(geometry[:-1], self.matrices, strict=True):
            if matrix.ndim != 2 or matrix.shape[0] != extent or not matrix.shape[1]:
                return None
        return (*(int(matrix.shape[1]) for matrix in self.matrices), geometry[-1])

    def __str__(self) -> str:
        return "  ".join(["resample", *(describe_array(matrix) for matrix in self.matrices)])


@dataclass(frozen=True, slots=True, eq=False)
class AdaptiveMaxPool:
    """Maximum over windows that divide each spatial axis as evenly as possible.

    Window i of n along an axis of extent e runs from floor(i e / n) up to ceil((i + 1) e / n).

    Attributes:
        extents: Number of windows, one per spatial axis.
    """

    extents: Extents
    linear: ClassVar[bool] = False

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the map cannot read `geometry`."""
        if len(geometry) != len(self.extents) + 1 or min(self.extents, default=1) < 1:
            return None
        return (*self.extents, geometry[-1])

    def __str__(self) -> str:
        return f"adaptive max pool {_times(self.extents)}"


def _times(extents: Extents) -> str:
    return "x".join(map(str, extents))


Map = TransposedConvolution | Crop | Permute | Resample | AdaptiveMaxPool

MAPS: Mapping[type, Coder] = MappingProxyType(
    {
        TransposedConvolution: record(
            TransposedConvolution,
            kernel=ARRAY,
            strides=SHAPE,
            dilation=SHAPE,
            cut=SHAPE,
            extents=SHAPE,
        ),
        Crop: record(Crop, cut=PADDING),
        Permute: record(Permute, axes=SHAPE),
        Resample: record(Resample, matrices=several(ARRAY)),
        AdaptiveMaxPool: record(AdaptiveMaxPool, extents=SHAPE),
    }
)
"""Every map, and how it is written."""
