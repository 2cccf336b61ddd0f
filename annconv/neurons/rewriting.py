"""Rewriting the expressions of a neuron."""

from __future__ import annotations

from dataclasses import replace

from annconv.neurons.expressions import Expression, Rewrite
from annconv.neurons.model import Assign, NeuronModel, OdeSystem, Statement


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
        if not isinstance(before, OdeSystem):
            return entry(before)
        return OdeSystem(
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
