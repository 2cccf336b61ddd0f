"""What a neuron keeps without being told to: when it spiked last, and how long it must still wait.

Both become ordinary variables, so that whatever runs, prunes or proves equations needs to know
nothing of them. Of a neuron with a refractory period every statement keeps the old value for as
long as the period lasts, and no spike is looked for. Three things go on: the equations of
`g_<target>`, the variables of the population, which wait for no single neuron, and the bounds,
which hold in every step.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from annconv.neurons.expressions import (
    Binary,
    Cast,
    Choice,
    Expression,
    Name,
    Number,
)
from annconv.neurons.grammar import CONDUCTANCE, LAST_SPIKE, NEVER, REFRACTORY_LEFT
from annconv.neurons.model import (
    Assign,
    NeuronModel,
    Ode,
    OdeSystem,
    Statement,
    StateVariable,
)

PART_OF_A_STEP = 0.001
"""A period that falls short of a whole step by less than this counts as whole: 0.3 / 0.1 is 3."""

_LEFT = Name(REFRACTORY_LEFT)
_WAITS = Binary(">", _LEFT, Number(0.0))
_READY = Binary("<", _LEFT, Number(-0.5))


def with_last_spike(model: NeuronModel) -> NeuronModel:
    """The neuron with `t_last`, set to `t` after everything else that a spike does."""
    written = Assign(LAST_SPIKE, Name("t"))
    return replace(
        model,
        variables=(*model.variables, StateVariable(LAST_SPIKE, Number(NEVER))),
        reset=(*model.reset, written) if model.spike is not None else (),
    )


def with_refractory_period(model: NeuronModel, period: Expression) -> NeuronModel:
    """The neuron with a refractory period.

    The count of steps is above 0 while the neuron waits. The last statement takes one step off, and
    leaves -1 where none was left: only then the spike condition is looked at.

    Args:
        model: A neuron that spikes, without `unspike`.
        period: A number of ms, or the name of the parameter or variable that holds it; cut to whole
            steps.
    """
    counted = Choice(_WAITS, Binary("-", _LEFT, Number(1.0)), Number(-1.0))
    in_steps = Binary("+", Binary("/", period, Name("dt")), Number(PART_OF_A_STEP))
    if model.spike is None:
        raise ValueError(f"{model.name} never spikes, so it never waits")
    return replace(
        model,
        variables=(*model.variables, StateVariable(REFRACTORY_LEFT, Number(0.0))),
        update=(*_waiting(model.update, _going_on(model)), Assign(REFRACTORY_LEFT, counted)),
        spike=Binary("and", _READY, model.spike),
        reset=(*model.reset, Assign(REFRACTORY_LEFT, Cast("int", in_steps))),
    )


def _going_on(model: NeuronModel) -> frozenset[str]:
    """The variables that no neuron's refractory period stops."""
    return frozenset(
        entry.name
        for entry in model.variables
        if not entry.local or entry.name.startswith(CONDUCTANCE)
    )


def _waiting(update: Iterable[Statement], going_on: frozenset[str]) -> Iterable[Statement]:
    """The statements, none of which but those of `going_on` changes anything in a waiting neuron.

    Bounds are part of a statement, not of what it assigns: they act all the same.
    """
    for statement in update:
        if isinstance(statement, OdeSystem):
            entries = (_waiting_ode(entry, going_on) for entry in statement.equations)
            yield OdeSystem(tuple(entries))
        elif statement.variable in going_on:
            yield statement
        else:
            kept = Name(statement.variable)
            yield replace(statement, value=Choice(_WAITS, kept, statement.value))


def _waiting_ode(entry: Ode, going_on: frozenset[str]) -> Ode:
    if entry.variable in going_on:
        return entry
    return replace(entry, gradient=Choice(_WAITS, Number(0.0), entry.gradient))
