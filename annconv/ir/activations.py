"""What a Graph does to values one by one, or across an axis: biases and activation functions.

Shapes are without the batch axis, and channels come last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from annconv.ir.arrays import FloatArray, Geometry, describe_array, freeze
from annconv.ir.records import (
    ARRAY,
    REAL,
    SHAPE,
    TEXT,
    Coder,
    named_value,
    optional,
    record,
    several,
)


@dataclass(frozen=True, slots=True, eq=False)
class Bias:
    """A constant added to every channel.

    Attributes:
        values: () or (channels,).
    """

    values: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", freeze(self.values))

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the layer cannot read `geometry`."""
        return geometry if self.values.shape in ((), geometry[-1:]) else None

    def __str__(self) -> str:
        return f"bias  {describe_array(self.values)}"


@dataclass(frozen=True, slots=True)
class Relu:
    """x above `threshold`, at most `maximum`; `slope` times (x - threshold) up to it."""

    maximum: float | None = None
    slope: float = 0.0
    threshold: float = 0.0

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result: the same."""
        return geometry

    def __str__(self) -> str:
        ceiling = "" if self.maximum is None else f" max {self.maximum}"
        start = f" threshold {self.threshold}" if self.threshold else ""
        return f"relu{ceiling}" + (f" slope {self.slope}" if self.slope else "") + start


@dataclass(frozen=True, slots=True, eq=False)
class PRelu:
    """x where it is positive, else x times a slope of its own.

    Attributes:
        slopes: Of as many axes as the input, each of its extent, or of 1 where all along an axis
            share a slope.
    """

    slopes: FloatArray

    def __post_init__(self) -> None:
        object.__setattr__(self, "slopes", freeze(self.slopes))

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the layer cannot read `geometry`."""
        shape = self.slopes.shape
        fits = len(shape) == len(geometry) and all(
            own in (1, extent) for own, extent in zip(shape, geometry, strict=True)
        )
        return geometry if fits else None

    def __str__(self) -> str:
        return f"prelu  {describe_array(self.slopes)}"


FUNCTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "celu": ("alpha",),
        "elu": ("alpha",),
        "exponential": (),
        "gelu": (),
        "hard_shrink": ("threshold",),
        "hard_sigmoid": (),
        "hard_silu": (),
        "hard_tanh": (),
        "log_sigmoid": (),
        "mish": (),
        "selu": (),
        "sigmoid": (),
        "silu": (),
        "soft_shrink": ("threshold",),
        "softplus": (),
        "softsign": (),
        "sparse_plus": (),
        "sparse_sigmoid": (),
        "squareplus": ("b",),
        "tanh": (),
        "tanh_shrink": (),
    }
)
"""Every function of one number that a `Function` may name, and its parameters in order.

Names and formulas are those of `keras.activations`.
"""


@dataclass(frozen=True, slots=True)
class Function:
    """A function of one number, applied to every value.

    Attributes:
        name: One of `FUNCTIONS`.
        parameters: Name and value of each of its parameters, in the order given there.
    """

    name: str
    parameters: tuple[tuple[str, float], ...] = ()

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result: the same."""
        return geometry

    @property
    def is_known(self) -> bool:
        """Whether there is such a function, with these parameters."""
        return FUNCTIONS.get(self.name) == tuple(name for name, _ in self.parameters)

    def __str__(self) -> str:
        return " ".join([self.name, *(f"{name} {value}" for name, value in self.parameters)])


@dataclass(frozen=True, slots=True)
class Softmax:
    """Exponentials divided by their sum.

    Attributes:
        axes: Over which the sum runs, counted from the end, in ascending order.
    """

    axes: tuple[int, ...] = (-1,)

    def output_geometry(self, geometry: Geometry) -> Geometry | None:
        """Geometry of the result, None if the layer cannot read `geometry`."""
        ordered = tuple(sorted(set(self.axes))) == self.axes and bool(self.axes)
        fits = ordered and -len(geometry) <= self.axes[0] and self.axes[-1] < 0
        return geometry if fits else None

    def __str__(self) -> str:
        axes = "" if self.axes == (-1,) else " axes " + ",".join(map(str, self.axes))
        return f"softmax{axes}"


Activation = Bias | Relu | PRelu | Function | Softmax

ACTIVATIONS: Mapping[type, Coder] = MappingProxyType(
    {
        Bias: record(Bias, values=ARRAY),
        Relu: record(Relu, maximum=optional(REAL), slope=REAL, threshold=REAL),
        PRelu: record(PRelu, slopes=ARRAY),
        Function: record(Function, name=TEXT, parameters=several(named_value(REAL))),
        Softmax: record(Softmax, axes=SHAPE),
    }
)
"""Every one of them, and how it is written."""
