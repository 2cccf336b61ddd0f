"""Expressions and conditions that stand alone, outside a neuron's equations: those of read-outs."""

from __future__ import annotations

from collections.abc import Iterable

from annconv.neurons.expressions import Expression
from annconv.neurons.parser import ExpressionParser, Scope, as_condition, as_real
from annconv.neurons.tokens import Source, joined


def parse_expression(
    text: str,
    known: Iterable[str],
    *,
    owner: str,
    part: str,
    kind_of_owner: str = "read-out",
    across: Iterable[str] = (),
) -> Expression:
    """A real expression over known names, as read-outs have it: no conductances, no random numbers.

    Args:
        text: The expression.
        known: Names it may read.
        owner: Name of what it belongs to, for messages.
        part: Which text of that it is, for messages.
        kind_of_owner: What that is, for messages.
        across: Those of the names that differ between neurons: functions of all neurons may be
            taken of them, `second` among them.
    Raises:
        EquationError: It cannot be understood.
    """
    return as_real(_parse_text(known, across, Source(owner, part, text, kind_of_owner)))


def parse_condition(
    text: str,
    known: Iterable[str],
    *,
    owner: str,
    part: str,
    kind_of_owner: str = "read-out",
    across: Iterable[str] = (),
) -> Expression:
    """A condition over known names; otherwise as `parse_expression`."""
    return as_condition(_parse_text(known, across, Source(owner, part, text, kind_of_owner)))


def _parse_text(known: Iterable[str], across: Iterable[str], source: Source) -> Expression:
    scope = Scope(frozenset(known), variables=frozenset(across), spiking=False)
    parser = ExpressionParser(source, joined(source), scope)
    expression = parser.value()
    parser.finish()
    return expression
