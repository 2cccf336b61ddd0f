"""Arithmetic in a model's code: `x + y`, `x * 0.5`, `1 - x`, which Keras records as operations."""

from __future__ import annotations

from typing import Any

import numpy as np

from annconv.frontend.keras_model import LayerCall
from annconv.frontend.layer_view import Problems
from annconv.frontend.layers.scaling import affine_layers
from annconv.frontend.remedies import ARITHMETIC, OPERATION, OPERATION_MODULE
from annconv.ir.arrays import Geometry
from annconv.ir.graph import Layer
from annconv.ir.joins import Add, Multiply, Subtract
from annconv.ir.values import real_array

JOINS: dict[str, Layer] = {"Add": Add(), "Subtract": Subtract(), "Multiply": Multiply()}
"""What becomes of an operation on two values of the model."""
SMALLEST_DIVISOR = 1e-300
"""Quotients by numbers of this size and below are not finite."""


def is_arithmetic(operation: Any) -> bool:
    """Whether an operation is one of Keras' own that `read_operation` knows."""
    kind = type(operation)
    return kind.__module__ == OPERATION_MODULE and kind.__name__ in ARITHMETIC


def read_operation(
    call: LayerCall, shapes: tuple[Geometry, ...], problems: Problems
) -> tuple[Layer, ...]:
    """What an arithmetic operation computes.

    Args:
        call: Of the operation, with its operands.
        shapes: Shapes of the values of the model that it reads.
        problems: Where it is noted if it cannot be read.
    Returns:
        One entry per node.
    """
    kind, operands = call.origin.type, call.operands
    parts: tuple[Layer, ...] | None = None
    if kind in JOINS and len(shapes) == 2 == len(operands) and len({*map(len, shapes)}) == 1:
        return (JOINS[kind],)
    if len(shapes) == 1 and len(operands) == (1 if kind == "Negative" else 2):
        parts = _affine(kind, operands, shapes[0])
    if parts is None:
        problems.add(call.origin, why=OPERATION.why, instead=OPERATION.instead, ignorable=True)
    return parts or ()


def _affine(kind: str, operands: tuple[Any, ...], geometry: Geometry) -> tuple[Layer, ...] | None:
    """An operation of a value and constants as factors and offsets; None if it is none."""
    one, zero = np.ones(()), np.zeros(())
    if kind == "Negative":
        return affine_layers(geometry, -one, zero)
    constant = _repeated(operands[0] if operands[1] is None else operands[1], geometry)
    first = operands[0] is None
    if constant is None:
        return None
    match kind:
        case "Add":
            return affine_layers(geometry, one, constant)
        case "Subtract":
            return affine_layers(geometry, *((one, -constant) if first else (-one, constant)))
        case "Multiply":
            return affine_layers(geometry, constant, zero)
        case "TrueDivide" | "Divide" if first and np.all(np.abs(constant) > SMALLEST_DIVISOR):
            return affine_layers(geometry, 1 / constant, zero)
        case _:
            return None


def _repeated(constant: Any, geometry: Geometry) -> Any:
    """A constant that repeats to a shape, without the batch axis; None for any other."""
    values = np.asarray(real_array(constant, "a constant"), dtype=np.float64)
    if values.ndim > len(geometry) and values.shape[0] == 1:
        values = values[0]
    behind = geometry[len(geometry) - values.ndim :]
    fits = values.ndim <= len(geometry) and all(
        own in (1, extent) for own, extent in zip(values.shape, behind, strict=True)
    )
    return values if fits and np.isfinite(values).all() else None
