"""Numerical methods of ODEs: which equations each of them can integrate.

With F the gradient, s its slope in the variable and h = dt, a step adds

- `explicit`: h F
- `exponential`: h F (exp(h s) - 1)/(h s), exact where all else stands still; F must be linear
- `semiimplicit`: h F/(1 - h s); F must be linear
- `implicit`: the solution d of (1 - h S) d = h F, where S holds the slopes of all implicit ODEs of
  a system in each other's variables; they must be linear in them
- `midpoint`: h F at the variables half an explicit step on
- `rk4`: h (F1 + 2 F2 + 2 F3 + F4)/6, the classical method of Runge and Kutta

All else that an equation reads keeps its value over the step: inputs, `t`, and the variables that
neighbouring equations integrate by other methods.
"""

from __future__ import annotations

from collections.abc import Sequence

from annconv.neurons.expressions import Binary, Expression, Name, Negate, Number, names
from annconv.neurons.linear import linear_form
from annconv.neurons.model import Ode, OdeSystem

TOGETHER = ("implicit", "midpoint", "rk4")
"""Methods that take the equations of a system together; a neuron uses at most one of them."""

_STEP = Name("dt")


def slope_of(ode: Ode) -> Expression:
    """The slope of a gradient in its own variable.

    Raises:
        ValueError: It is not linear, which the parser would have refused.
    """
    form = linear_form(ode.gradient, ode.variable)
    if form is None:
        raise ValueError(f"the gradient of {ode.variable} is not linear in it")
    return form.slope


def times_step(slope: Expression) -> Expression:
    """`dt * slope`."""
    return Binary("*", _STEP, slope)


def left_over(slope: Expression) -> Expression:
    """`1 - dt * slope`."""
    return Binary("-", Number(1.0), times_step(slope))


def implicit_matrix(odes: Sequence[Ode]) -> list[list[Expression]] | None:
    """`1 - dt * slopes`, a row for each ODE and a column for each variable.

    Returns:
        Expressions that read none of the variables; None where a gradient is not linear in them.
    """
    variables = {ode.variable for ode in odes}
    rows: list[list[Expression]] = []
    for ode in odes:
        row: list[Expression] = []
        for other in odes:
            form = linear_form(ode.gradient, other.variable)
            if form is None or names(form.slope, previous=False) & variables:
                return None
            same = other is ode
            row.append(left_over(form.slope) if same else Negate(times_step(form.slope)))
        rows.append(row)
    return rows


def method_fault(system: OdeSystem, ode: Ode) -> str | None:
    """Why an ODE of a system cannot be integrated by its method, None where it can."""
    alone = ode.method in ("exponential", "semiimplicit")
    if alone and linear_form(ode.gradient, ode.variable) is None:
        return f"the method {ode.method!r} needs an equation that is linear in {ode.variable}"
    if ode.method == "implicit":
        group = system.of("implicit")
        if implicit_matrix(group) is None:
            listed = ", ".join(entry.variable for entry in group)
            return f"the method 'implicit' needs equations that are linear in {listed}"
    return None
