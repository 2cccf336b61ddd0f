"""What a projection's chain of operators becomes in ANNarchy: a matrix, filters or pooling."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from annconv.interop.annarchy.expressions import NotSaid
from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.operators import Convolution, MaxPool, MeanPool, Operator, Pad, Reshape
from annconv.ir.projection import SPIKES, Projection
from annconv.reference.operators import Values, apply_operator

MAX_AXES = 4
"""Axes of a population that ANNarchy's filters and pooling can read."""
MAX_WEIGHTS = 2**26
"""Of a matrix, zeros included: 512 MB in ANNarchy, and as much while it is made."""
_ROWS = 256
"""Neurons whose weights are computed at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """`connect_from_matrix`.

    Attributes:
        weights: (post, pre) float64, zeros where nothing is connected.
    """

    weights: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """ANNarchy's `Convolution` with a bank of filters.

    Attributes:
        weights: (filters, *size, channels) float64.
        centres: For each cell of post, in C order: the cell of pre below the filters' centre, and
            the channel that ANNarchy counts from.
    """

    weights: FloatArray
    centres: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Pooling:
    """ANNarchy's `Pooling`.

    Attributes:
        operation: "max" or "mean".
        extent: Of the window, channels included.
    """

    operation: str
    extent: tuple[int, ...]


Connection = Matrix | Filters | Pooling


def connection(entry: Projection, pre: Geometry, post: Geometry) -> Connection:
    """How ANNarchy connects what a projection connects.

    Args:
        entry: A projection that keeps the rules of a Network.
        pre: Geometry of the population it reads.
        post: Geometry of the population it adds to.
    Raises:
        NotSaid: ANNarchy has no such connection.
    """
    operators = _shaping(entry.operators, pre)
    last = operators[-1] if operators else None
    native = entry.transmits != SPIKES and len(pre) <= MAX_AXES and len(operators) == 1
    if native and isinstance(last, Convolution) and len(pre) > 1:
        return Filters(_filters(last), _centres(last, pre, post))
    if native and isinstance(last, MaxPool | MeanPool) and _stands_in_a_grid(last):
        return Pooling("max" if isinstance(last, MaxPool) else "mean", (*last.size, 1))
    for operator in operators:
        if not operator.linear:
            raise _not_linear(operator, entry, pre)
    return Matrix(_matrix(operators, pre, post))


def _shaping(operators: tuple[Operator, ...], geometry: Geometry) -> tuple[Operator, ...]:
    """The chain without reshapes that change nothing; zeros around a map go into a convolution."""
    found: list[Operator] = []
    for operator in operators:
        received = operator.output_geometry(geometry)
        before = found[-1] if found else None
        if isinstance(before, Pad) and isinstance(operator, Convolution):
            found[-1] = _padded(before, operator)
        elif not (isinstance(operator, Reshape) and received == geometry):
            found.append(operator)
        if received is None:
            raise ValueError(f"{operator} cannot read {geometry}")
        geometry = received
    return tuple(found)


def _padded(pad: Pad, convolution: Convolution) -> Convolution:
    pairs = zip(pad.padding, convolution.padding, strict=True)
    padding = tuple((a + c, b + d) for (a, b), (c, d) in pairs)
    return Convolution(
        convolution.kernel, convolution.strides, padding, convolution.dilation, convolution.groups
    )


def _stands_in_a_grid(pool: MaxPool | MeanPool) -> bool:
    """Whether windows stand side by side from the first cell on, as ANNarchy's do."""
    if pool.strides != pool.size or any(before for before, _ in pool.padding):
        return False
    # ANNarchy divides by the whole window, also where a part of it lies outside.
    return isinstance(pool, MaxPool) or not any(after for _, after in pool.padding)


def _not_linear(operator: Operator, entry: Projection, pre: Geometry) -> NotSaid:
    if not isinstance(operator, MaxPool):
        why = "ANNarchy has no operator that keeps what it passed on before"
        return NotSaid("increase", why, "a population in its place")
    if entry.transmits == SPIKES:
        why, instead = "ANNarchy pools a variable", "a trace of the spikes (transmits='mask')"
    elif len(pre) > MAX_AXES:
        why = f"ANNarchy pools maps of at most {MAX_AXES} axes, channels included"
        instead = "fewer axes"
    elif not _stands_in_a_grid(operator):
        why = "windows of ANNarchy stand side by side, the first one at the edge"
        instead = "strides of the window's size, without padding in front"
    else:
        why = "ANNarchy pools from one population right onto another"
        instead = "a population behind the pooling, or keepdims=True for a global one"
    return NotSaid(str(operator), why, instead)


def _filters(convolution: Convolution) -> FloatArray:
    """(filters, *size, channels): zeros between dilated taps and for channels of other groups."""
    kernel, groups = convolution.kernel.astype(np.float64), convolution.groups
    size, (inside, outputs) = convolution.size, kernel.shape[-2:]
    spans = [(n - 1) * step + 1 for n, step in zip(size, convolution.dilation, strict=True)]
    filters = np.zeros((outputs, *spans, inside * groups))
    taps = tuple(slice(None, None, step) for step in convolution.dilation)
    for output in range(outputs):
        first = output // (outputs // groups) * inside
        place = filters[output, ..., first : first + inside]
        place[taps] = kernel[..., output]
    return filters


def _centres(
    convolution: Convolution, pre: Geometry, post: Geometry
) -> tuple[tuple[int, ...], ...]:
    spans = [
        (n - 1) * step + 1 for n, step in zip(convolution.size, convolution.dilation, strict=True)
    ]
    axes = [
        [cell * stride - before + _centre(span) for cell in range(cells)]
        for cells, stride, (before, _), span in zip(
            post[:-1], convolution.strides, convolution.padding, spans, strict=True
        )
    ]
    return tuple(product(*axes, (_centre(pre[-1]),)))


def _centre(extent: int) -> int:
    """The tap of a filter that ANNarchy puts onto the cell it names."""
    return (extent - 1) // 2


def _matrix(operators: tuple[Operator, ...], pre: Geometry, post: Geometry) -> FloatArray:
    """What each pre neuron adds to each post neuron, (post, pre)."""
    inputs, outputs = math.prod(pre), math.prod(post)
    if inputs * outputs > MAX_WEIGHTS:
        raise NotSaid(
            f"{' | '.join(map(str, operators))}",
            f"it needs a matrix of {inputs} times {outputs} weights, and {MAX_WEIGHTS} are allowed",
            "a smaller layer, or a convolution that reads a trace of the spikes",
        )
    weights = np.empty((outputs, inputs))
    for first in range(0, inputs, _ROWS):
        rows: Values = np.eye(min(_ROWS, inputs - first), inputs, first).reshape(-1, *pre)
        for operator in operators:
            rows = apply_operator(operator, rows)
        weights[:, first : first + len(rows)] = rows.reshape(len(rows), outputs).T
    return weights
