"""What a neuron does in every step before its spikes, as lines of C++."""

from __future__ import annotations

from collections.abc import Callable

from annconv.codegen.integration import system_lines
from annconv.codegen.names import cpp_name
from annconv.codegen.statements import expression_text
from annconv.neurons.model import Assign, NeuronModel, Ode, OdeSystem

BoundLine = Callable[[str, str, str], str]
"""Makes the line that keeps a value (name) on one side (sign) of a limit."""


def branching_bound(name: str, sign: str, limit: str) -> str:
    """A bound on one neuron, written so that NaN passes through it as in the interpreter."""
    return f"if ({name} {sign} {limit}) {name} = {limit};"


def update_lines(model: NeuronModel, bound_line: BoundLine = branching_bound) -> list[str]:
    """What a neuron does in every step, before its spike condition is looked at."""

    def bound_lines(statement: Assign | Ode) -> list[str]:
        return _bound_lines(statement, bound_line)

    taken = {cpp_name(name) for name in _all_names(model)}
    lines: list[str] = []
    for statement in model.update:
        if isinstance(statement, OdeSystem):
            lines += system_lines(statement, taken, bound_lines)
        else:
            value = expression_text(statement.value)
            lines += [f"{cpp_name(statement.variable)} = {value};", *bound_lines(statement)]
    return lines


def _bound_lines(statement: Assign | Ode, bound_line: BoundLine) -> list[str]:
    """The bounds of a variable."""
    name = cpp_name(statement.variable)
    lines: list[str] = []
    for sign, bound in (("<", statement.minimum), (">", statement.maximum)):
        if bound is not None:
            limit = expression_text(bound)
            lines.append(bound_line(name, sign, limit))
    return lines


def _all_names(model: NeuronModel) -> frozenset[str]:
    """Every name that stands somewhere in a neuron."""
    declared = [entry.name for entry in model.parameters]
    declared += [entry.name for entry in model.variables]
    conductances = (f"g_{target}" for target in model.conductances)
    return model.reads().union(declared, conductances)
