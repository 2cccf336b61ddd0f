"""Multiplying by what a step leaves instead of adding what it changes, where a variable decays."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace

from annconv.neurons.expressions import Binary, Draw, Expression, Name, Number, names, nodes
from annconv.neurons.linear import ZERO, linear_form
from annconv.neurons.model import Assign, NeuronModel, Ode, OdeSystem, Statement

_TIME_STEP = "dt"


def with_decays(model: NeuronModel, changing: Container[str] = ()) -> NeuronModel:
    """A neuron with `x = x * (1 + dt * s)` in place of an Euler step of `dx/dt = s * x`.

    The factor is computed once, so `s` may read nothing but parameters. The new statement stands
    behind the system of its equation, whose other equations still read the old value.

    Args:
        model: The neuron.
        changing: Parameters that need not stay the same during a sample.
    """
    update = [part for statement in model.update for part in _parts(statement, model, changing)]
    return replace(model, update=tuple(update))


def _parts(
    statement: Statement, model: NeuronModel, changing: Container[str]
) -> Iterator[Statement]:
    """A statement, its decaying variables set apart."""
    if not isinstance(statement, OdeSystem):
        yield statement
        return
    decays = {ode.variable: _decay(ode, model, changing) for ode in statement.equations}
    others = tuple(ode for ode in statement.equations if decays[ode.variable] is None)
    if others:
        yield OdeSystem(others)
    yield from (decay for decay in decays.values() if decay is not None)


def _decay(ode: Ode, model: NeuronModel, changing: Container[str]) -> Assign | None:
    """The multiplication that an Euler step of an equation is, None if it is none."""
    linear = linear_form(ode.gradient, ode.variable)
    if ode.method != "explicit" or linear is None or linear.offset != ZERO:
        return None
    if not _lasts(linear.slope, model, changing):
        return None
    left = Binary("+", Number(1.0), Binary("*", Name(_TIME_STEP), linear.slope))
    value = Binary("*", Name(ode.variable), left)
    return Assign(ode.variable, value, ode.minimum, ode.maximum)


def _lasts(slope: Expression, model: NeuronModel, changing: Container[str]) -> bool:
    """Whether an expression has one value for as long as a sample is presented."""
    return not any(isinstance(node, Draw) for node in nodes(slope)) and all(
        name == _TIME_STEP or (name not in changing and model.parameter(name) is not None)
        for name in names(slope)
    )
