"""What a neuron emits and how it is reset, as lines of C++ without branches.

Every new value is computed for every neuron and taken where the condition holds, so that a compiler
can run several neurons at once.
"""

from __future__ import annotations

from collections.abc import Iterable

from annconv.codegen.names import cpp_name, fresh_name
from annconv.codegen.statements import condition_text, expression_text
from annconv.neurons.expressions import renamed
from annconv.neurons.model import Assign, NeuronModel

SPIKED, UNSPIKED = "spiked", "unspiked"


def emission_lines(model: NeuronModel) -> list[str]:
    """Conditions and resets of a neuron; `spiked` and `unspiked` say what it emitted."""
    if model.spike is None:
        return []
    lines = [f"const bool {SPIKED} = {condition_text(model.spike)};"]
    if model.unspike is not None:
        lines.append(f"const bool {UNSPIKED} = !{SPIKED} && ({condition_text(model.unspike)});")
    lines += _reset_lines(model, model.reset, SPIKED)
    return lines + _reset_lines(model, model.unreset, UNSPIKED)


def emitted_text(model: NeuronModel) -> str:
    """What a neuron emitted: 1, -1 or 0."""
    if model.unspike is None:
        return f"{SPIKED} ? 1 : 0"
    return f"{SPIKED} - {UNSPIKED}"


def _reset_lines(model: NeuronModel, reset: Iterable[Assign], condition: str) -> list[str]:
    """Assignments in order, each reading the new values of those before it."""
    taken = {entry.name for entry in model.variables} | model.reads()
    new_names: dict[str, str] = {}
    lines: list[str] = []
    for assignment in reset:
        value = expression_text(renamed(assignment.value, new_names))
        name = fresh_name(f"{assignment.variable}_{condition}", taken)
        taken |= {name}
        new_names[assignment.variable] = name
        lines.append(f"const real {cpp_name(name)} = {value};")
    for variable, name in new_names.items():
        lines.append(
            f"{cpp_name(variable)} = {condition} ? {cpp_name(name)} : {cpp_name(variable)};"
        )
    return lines
