"""Expressions of a neuron's equations: a small tree that keeps the order they were written in.

The oracle evaluates this tree and the code generator prints it, so that in double precision both
compute the same numbers. Values are real numbers or truth values; `Cast` stands wherever one kind
is used as the other, so no consumer has to guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["real", "bool"]

ARITHMETIC = ("+", "-", "*", "/")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LOGIC = ("and", "or")

FUNCTIONS: dict[str, int] = {
    "exp": 1, "log": 1, "sqrt": 1, "sin": 1, "cos": 1, "tan": 1, "asin": 1, "acos": 1, "atan": 1,
    "sinh": 1, "cosh": 1, "tanh": 1, "erf": 1, "abs": 1, "floor": 1, "ceil": 1, "round": 1,
    "pow": 2, "modulo": 2, "positive": 1, "negative": 1, "clip": 3, "fma": 3,
}  # fmt: skip
"""Functions of a tree and their number of arguments; the parser maps all spellings onto these.

`round` takes halves away from zero; `modulo` cuts both arguments to integers and has the sign of
the first (C's remainder); `positive(x)` is max(x, 0), `negative(x)` is min(x, 0); `clip(x, low,
high)`; `log` is natural; `fma(a, b, c)` is a*b + c, rounded once.
"""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Name:
    """A parameter, a variable, a conductance (`g_exc`), or one of `t`, `dt`, `pi`."""

    name: str


@dataclass(frozen=True, slots=True)
class Negate:
    """Minus a real."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite of a truth value."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands: reals for ARITHMETIC and COMPARISONS, truth values for LOGIC."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A function of FUNCTIONS."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """`ite(condition, then, otherwise)`: two reals, one of which is the value."""

    condition: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class Draw:
    """A fresh random number for every neuron and step (`annconv/distributions.py`).

    Attributes:
        distribution: "Uniform" or another of DISTRIBUTIONS.
        arguments: Numbers or parameters.
        index: The first of the neuron's draws that it takes, from 0 in the order written.
    """

    distribution: str
    arguments: tuple[Expression, ...]
    index: int


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number made of a variable of all neurons.

    In a neuron it is that of the previous step, 0 in the first; a read-out reads the present one.

    Attributes:
        function: "mean", "max", "min", "norm1" (sum of absolute values), "norm2" (root of the sum
            of squares) or, in a read-out, "second" (the largest but one) and "logsumexp" (the
            logarithm of the sum of exponentials).
        variable: The variable.
    """

    function: str
    variable: str


@dataclass(frozen=True, slots=True)
class Cast:
    """A value used as another kind.

    bool -> "real" is 0 or 1, real -> "bool" is `!= 0`, real -> "int" cuts the fraction off and
    stays a real.
    """

    to: Literal["real", "bool", "int"]
    operand: Expression


Expression = Number | Name | Negate | Not | Binary | Call | Choice | Draw | Statistic | Cast

Rewrite = Callable[[Expression], Expression]
"""What takes the place of an expression."""


@dataclass(frozen=True, slots=True)
class Function:
    """A helper function of a neuron.

    Attributes:
        arguments: Names of its arguments.
        body: Its value, an expression of them.
    """

    arguments: tuple[str, ...]
    body: Expression

    def called(self, values: Sequence[Expression]) -> Expression:
        """Its value where the arguments have these values."""
        return substituted(self.body, dict(zip(self.arguments, values, strict=True)))


def kind(expression: Expression) -> Kind:
    """Whether an expression is a real number or a truth value."""
    match expression:
        case Not():
            return "bool"
        case Binary(operator=operator):
            return "real" if operator in ARITHMETIC else "bool"
        case Cast(to=to):
            return "bool" if to == "bool" else "real"
        case _:
            return "real"


def children(expression: Expression) -> tuple[Expression, ...]:
    """The direct parts of an expression, in the order written."""
    match expression:
        case Negate(operand) | Not(operand) | Cast(_, operand):
            return (operand,)
        case Binary(_, left, right):
            return (left, right)
        case Call(_, arguments) | Draw(_, arguments, _):
            return arguments
        case Choice(condition, then, otherwise):
            return (condition, then, otherwise)
        case _:
            return ()


def nodes(expression: Expression) -> Iterator[Expression]:
    """An expression and all its parts, those that stand twice twice."""
    pending = [expression]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(children(current))


def names(expression: Expression, *, previous: bool = True) -> frozenset[str]:
    """All names an expression reads.

    Args:
        expression: Any expression.
        previous: Whether a variable counts of which it reads nothing but a statistic of the
            previous step.
    """
    found: set[str] = set()
    for node in nodes(expression):
        if isinstance(node, Name):
            found.add(node.name)
        elif isinstance(node, Statistic) and previous:
            found.add(node.variable)
    return frozenset(found)


def mapped(expression: Expression, rewrite: Rewrite) -> Expression:
    """An expression whose parts, then the whole, were replaced by what `rewrite` makes of them."""
    parts = tuple(mapped(part, rewrite) for part in children(expression))
    return rewrite(with_children(expression, parts))


def with_children(expression: Expression, parts: tuple[Expression, ...]) -> Expression:
    """The same kind of expression with other direct parts, in the order of `children`."""
    match expression:
        case Number() | Name() | Statistic():
            return expression
        case Negate() | Not() | Cast():
            return replace(expression, operand=parts[0])
        case Binary():
            return replace(expression, left=parts[0], right=parts[1])
        case Call() | Draw():
            return replace(expression, arguments=parts)
        case Choice():
            return Choice(*parts)


def renamed(expression: Expression, names_after: Mapping[str, str]) -> Expression:
    """The same expression with other names, where the mapping has one.

    Args:
        expression: Any expression.
        names_after: Name before -> name after.
    """
    return substituted(expression, {name: Name(after) for name, after in names_after.items()})


def substituted(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """The same expression with other expressions for names, where the mapping has one.

    A statistic stays as it is: it belongs to the previous step.

    Args:
        expression: Any expression.
        values: Name -> the real expression that takes its place.
    """

    def value(part: Expression) -> Expression:
        return values.get(part.name, part) if isinstance(part, Name) else part

    return mapped(expression, value)
