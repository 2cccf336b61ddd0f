"""What expressions of numbers alone are worth."""

from __future__ import annotations

import math
import operator as op
from collections.abc import Callable, Mapping
from types import MappingProxyType

from annconv.neurons.expressions import Binary, Call, Expression, Negate, Number

_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {"+": op.add, "-": op.sub, "*": op.mul, "/": op.truediv, "pow": math.pow}
)


def constant(expression: Expression) -> float | None:
    """Value of an expression of numbers; None if it reads a name or is not finite."""
    match expression:
        case Number(value):
            return value
        case Negate(operand):
            inner = constant(operand)
            return None if inner is None else -inner
        case Call("pow" as operator, (left, right)) | Binary(operator, left, right):
            return _arithmetic(operator, constant(left), constant(right))
        case _:
            return None


def _arithmetic(operator: str, a: float | None, b: float | None) -> float | None:
    """`a operator b` of two numbers, None where there is no finite one."""
    if a is None or b is None or operator not in _ARITHMETIC:
        return None
    try:
        value = _ARITHMETIC[operator](a, b)
    except (ArithmeticError, ValueError):
        return None
    return value if math.isfinite(value) else None
