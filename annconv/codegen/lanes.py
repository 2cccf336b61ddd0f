"""A neuron's statements for a vector of neurons, over the type Lanes of annconv/lanes.hpp.

The lowering is that of `statements`; choices become selections, functions those of annconv, and
what depends on parameters alone is computed once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from annconv.codegen.names import cpp_name, fresh_name
from annconv.codegen.statements import condition_text, expression_text
from annconv.codegen.updates import update_lines
from annconv.ir.population import RATES
from annconv.neurons.expressions import (
    Call,
    Cast,
    Choice,
    Expression,
    Name,
    Number,
    children,
    kind,
    mapped,
    names,
    renamed,
    with_children,
)
from annconv.neurons.model import Assign, NeuronModel, Ode, OdeBlock, Statement
from annconv.neurons.rewriting import mapped_model

SPIKED, UNSPIKED = "spiked", "unspiked"

Bounded = TypeVar("Bounded", Assign, Ode)


@dataclass(frozen=True, slots=True)
class LanesNeuron:
    """A neuron's text; `Value` is a vector of numbers.

    Attributes:
        constants: Names and texts of values that are computed once.
        statements: What happens in every step.
        emission: Conditions and resets.
        emitted: Where neurons spiked, and where they took a spike back if they do.
    """

    constants: tuple[tuple[str, str], ...]
    statements: list[str]
    emission: list[str]
    emitted: str


def lanes_neuron(model: NeuronModel) -> LanesNeuron:
    """The text of a neuron that spikes.

    Args:
        model: A neuron without random draws.
    """
    hoisted = _Hoisted(model)
    lean = hoisted.with_limits(mapped_model(model, hoisted.without_constants))
    selected = mapped_model(lean, lambda expression: mapped(expression, _selection))
    return LanesNeuron(
        constants=tuple((name, _of_vectors(text)) for name, text in hoisted.found.items()),
        statements=list(map(_of_vectors, update_lines(selected, _bound_line))),
        emission=list(map(_of_vectors, _emission_lines(selected))),
        emitted=(
            SPIKED if model.unspike is None else f"annconv::SignedSpikes{{{SPIKED}, {UNSPIKED}}}"
        ),
    )


def _of_vectors(text: str) -> str:
    """Text in which every number is a vector's: no value of a neuron is called `real`."""
    return re.sub(r"\breal\b", "Value", text)


class _Hoisted:
    """Takes what depends on parameters alone out of expressions."""

    def __init__(self, model: NeuronModel) -> None:
        self.fixed = {entry.name for entry in model.parameters} - {RATES} | {"dt", "pi"}
        self.taken = {entry.name for entry in model.variables} | model.reads()
        self.found: dict[str, str] = {}

    def without_constants(self, expression: Expression) -> Expression:
        """The expression with names in place of its largest constant parts."""
        if isinstance(expression, Name | Number) or kind(expression) == "bool":
            return self._inside(expression)
        read = names(expression)
        if not read or not read <= self.fixed:
            return self._inside(expression)
        text = expression_text(mapped(expression, _selection))
        for name, known in self.found.items():
            if known == text:
                return Name(name)
        name = fresh_name(f"constant_{len(self.found) + 1}", self.taken)
        self.taken |= {name}
        self.found[name] = text
        return Name(name)

    def with_limits(self, model: NeuronModel) -> NeuronModel:
        """The neuron with names in place of bounds that are numbers."""

        def bounded(entry: Bounded) -> Bounded:
            return replace(
                entry,
                minimum=self._limit(entry.variable, "least", entry.minimum),
                maximum=self._limit(entry.variable, "most", entry.maximum),
            )

        def statement(before: Statement) -> Statement:
            if isinstance(before, OdeBlock):
                return OdeBlock(tuple(map(bounded, before.equations)))
            return bounded(before)

        return replace(model, update=tuple(map(statement, model.update)))

    def _limit(self, variable: str, side: str, limit: Expression | None) -> Expression | None:
        if limit is None or names(limit):
            return limit
        name = fresh_name(f"{variable}_{side}", self.taken)
        self.taken |= {name}
        self.found[name] = f"annconv::in_register({expression_text(limit)})"
        return Name(name)

    def _inside(self, expression: Expression) -> Expression:
        parts = children(expression)
        return with_children(expression, tuple(map(self.without_constants, parts)))


def _selection(node: Expression) -> Expression:
    """A node for vectors: selections for choices, our functions for the standard library's."""
    match node:
        case Choice(condition, then, otherwise):
            return Call("annconv::select", (condition, then, otherwise))
        case Call(function, arguments) if "::" not in function:
            return Call(f"annconv::{function}", arguments)
        case Cast("int", operand):
            return Call("annconv::trunc", (operand,))
    return node


def _bound_line(name: str, sign: str, limit: str) -> str:
    return f"{name} = annconv::select({name} {sign} {limit}, {limit}, {name});"


def _emission_lines(model: NeuronModel) -> list[str]:
    """Conditions, then resets, each assignment reading the new values before it."""
    if model.spike is None:
        raise ValueError(f"neuron {model.name!r} never spikes")
    lines = [f"const auto {SPIKED} = {condition_text(model.spike)};"]
    if model.unspike is not None:
        lines.append(f"const auto {UNSPIKED} = !{SPIKED} && ({condition_text(model.unspike)});")
    lines += _reset_lines(model, model.reset, SPIKED)
    return [*lines, *_reset_lines(model, model.unreset, UNSPIKED)]


def _reset_lines(model: NeuronModel, reset: Iterable[Assign], condition: str) -> Iterable[str]:
    taken = {entry.name for entry in model.variables} | model.reads()
    new_names: dict[str, str] = {}
    for assignment in reset:
        value = expression_text(renamed(assignment.value, new_names))
        name = fresh_name(f"{assignment.variable}_{condition}", taken)
        taken |= {name}
        new_names[assignment.variable] = name
        yield f"const real {cpp_name(name)} = {value};"
    for variable, name in new_names.items():
        old = cpp_name(variable)
        yield f"{old} = annconv::select({condition}, {cpp_name(name)}, {old});"
