"""What a neuron does in every step before its spikes, as lines of C++."""

from __future__ import annotations

from annconv.codegen.integration import block_lines
from annconv.codegen.names import cpp_name
from annconv.codegen.statements import expression_text
from annconv.neurons.model import Assign, NeuronModel, Ode, OdeBlock


def update_lines(model: NeuronModel) -> list[str]:
    """What a neuron does in every step, before its spike condition is looked at."""
    taken = {cpp_name(name) for name in _all_names(model)}
    lines: list[str] = []
    for statement in model.update:
        if isinstance(statement, OdeBlock):
            lines += block_lines(statement, taken, _bound_lines)
        else:
            lines += _assign_lines(statement)
    return lines


def _assign_lines(assignment: Assign) -> list[str]:
    """An assignment and its bounds."""
    line = f"{cpp_name(assignment.variable)} = {expression_text(assignment.value)};"
    return [line, *_bound_lines(assignment)]


def _bound_lines(statement: Assign | Ode) -> list[str]:
    """Bounds, written so that NaN passes through them as in the interpreter."""
    name = cpp_name(statement.variable)
    lines: list[str] = []
    for sign, bound in (("<", statement.minimum), (">", statement.maximum)):
        if bound is not None:
            limit = expression_text(bound)
            lines.append(f"if ({name} {sign} {limit}) {name} = {limit};")
    return lines


def _all_names(model: NeuronModel) -> frozenset[str]:
    """Every name that stands somewhere in a neuron."""
    declared = [entry.name for entry in model.parameters]
    declared += [entry.name for entry in model.variables]
    conductances = (f"g_{target}" for target in model.conductances)
    return model.reads().union(declared, conductances)
