"""Rewriting expressions from the leaves up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from annconv.neurons.expressions import (
    Binary,
    Call,
    Cast,
    Choice,
    Draw,
    Expression,
    Name,
    Negate,
    Not,
    Number,
    Statistic,
    children,
)
from annconv.neurons.model import Assign, NeuronModel, OdeBlock, Statement

Rewrite = Callable[[Expression], Expression]


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


def mapped_model(model: NeuronModel, whole: Rewrite) -> NeuronModel:
    """A neuron each of whose expressions was replaced by what `whole` makes of it."""

    def entry(assignment: Assign) -> Assign:
        return replace(
            assignment,
            value=whole(assignment.value),
            minimum=optional(assignment.minimum),
            maximum=optional(assignment.maximum),
        )

    def optional(expression: Expression | None) -> Expression | None:
        return None if expression is None else whole(expression)

    def statement(before: Statement) -> Statement:
        if not isinstance(before, OdeBlock):
            return entry(before)
        return OdeBlock(
            tuple(
                replace(
                    ode,
                    gradient=whole(ode.gradient),
                    minimum=optional(ode.minimum),
                    maximum=optional(ode.maximum),
                )
                for ode in before.equations
            )
        )

    return replace(
        model,
        update=tuple(map(statement, model.update)),
        spike=optional(model.spike),
        reset=tuple(map(entry, model.reset)),
        unspike=optional(model.unspike),
        unreset=tuple(map(entry, model.unreset)),
    )
