"""Signals: what kind of values flows between the operators of a Network, proved from the Network.

A link is what enters the first operator of a projection, or what comes out of one of them. Its
signal holds in every step of every sample. Passes and plans ask the signal of a link: what a
projection reads may have come through junctions, paddings and poolings and still be spikes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from annconv.ir.arrays import Geometry
from annconv.ir.network import Network
from annconv.ir.operators import (
    Gather,
    Increase,
    MaxPool,
    Operator,
    Pad,
    Reshape,
    Slice,
    Upsample,
    chain_geometry,
)
from annconv.ir.population import Population
from annconv.ir.projection import SPIKES, Projection
from annconv.neurons.expressions import (
    Binary,
    Cast,
    Draw,
    Expression,
    Name,
    Number,
    names,
    nodes,
)
from annconv.neurons.linear import affine_form
from annconv.neurons.model import Assign, NeuronModel, Ode, OdeSystem, Statement

Kind = Literal["spike", "signed", "count", "real"]
"""What a value is: "spike" 0 or 1, "signed" -1, 0 or 1, "count" whole and not below 0."""

CARRIED = (Gather, Pad, Reshape, Slice, Upsample)
"""Operators that move values, and put zeros around and between them."""


@dataclass(frozen=True, slots=True)
class Signal:
    """What is known of the values of a link.

    Attributes:
        kind: What each value is.
        change: What its difference from the value a step before is; before a sample's first step
            it was 0.
        steady: Whether a sample whose input does not change has the same values in all its steps.
    """

    kind: Kind
    change: Kind
    steady: bool = False

    @property
    def is_spikes(self) -> bool:
        """Whether every value is a spike, with a sign or without one."""
        return self.kind in ("spike", "signed")


SPIKE = Signal("spike", "signed")
SIGNED = Signal("signed", "real")
REAL = Signal("real", "real")


def signals_of(network: Network) -> dict[str, tuple[Signal, ...]]:
    """The signals of all links.

    Args:
        network: A verified network.
    Returns:
        Name of a projection -> what enters its first operator, then what comes out of each.
    """
    links: dict[str, tuple[Signal, ...]] = {}
    for population in network.populations:
        for entry in network.projections:
            if entry.pre == population.name:
                entering = _entering(network, population, entry, links)
                links[entry.name] = _along(entry.operators, entering, population.geometry)
    return links


def emitted(population: Population, transmits: str) -> str:
    """What a projection reads of a population with neurons: SPIKES or the name of a variable.

    Args:
        population: It may emit a variable in place of spikes.
        transmits: What the projection asks for.
    """
    model = population.model()
    return model.emit if transmits == SPIKES and model.emit is not None else transmits


def population_signal(population: Population, transmits: str) -> Signal:
    """The signal of what a population with neurons transmits.

    Args:
        population: Its neurons, and the values of their parameters.
        transmits: SPIKES or one of its variables.
    """
    model, read = population.model(), emitted(population, transmits)
    if read != SPIKES:
        return _variable_signal(population, model, read)
    return SPIKE if model.unspike is None else SIGNED


def _entering(
    network: Network,
    population: Population,
    projection: Projection,
    links: dict[str, tuple[Signal, ...]],
) -> Signal:
    """What a projection reads of a population; with a delay the first step reads something else."""
    if population.neuron is not None:
        signal = population_signal(population, projection.transmits)
        return replace(signal, steady=signal.steady and projection.delay == 0)
    arriving = network.arriving(population.name)
    if any(entry.trace_decay is not None for entry in arriving):
        return REAL
    signals = [links[entry.name][-1] for entry in arriving]
    return _merged(signals) if _lie_apart(network, arriving) else _added(signals)


def _lie_apart(network: Network, arriving: tuple[Projection, ...]) -> bool:
    """Whether no two projections deliver to the same channel."""
    if len(arriving) == 1:
        return True
    places: list[range] = []
    for entry in arriving:
        if not entry.operators or not isinstance(entry.operators[-1], Slice):
            return False
        received = chain_geometry(entry.operators[:-1], network[entry.pre].geometry)
        if received is None:
            return False
        start = entry.operators[-1].start
        places.append(range(start, start + received[-1]))
    places.sort(key=lambda place: place.start)
    return all(first.stop <= second.start for first, second in pairwise(places))


def _merged(signals: list[Signal]) -> Signal:
    """Of values each of which is a value of one of the signals, or 0."""
    steady = all(signal.steady for signal in signals)
    return Signal(_widest(s.kind for s in signals), _widest(s.change for s in signals), steady)


def _added(signals: list[Signal]) -> Signal:
    """Of sums of a value of each signal."""
    whole = all(signal.kind in ("spike", "count") for signal in signals)
    steady = all(signal.steady for signal in signals)
    return Signal("count" if whole else "real", "real", steady)


def _widest(kinds: Iterable[Kind]) -> Kind:
    """A kind that holds of values of all these kinds, and of 0."""
    found = set(kinds)
    if found <= {"spike"}:
        return "spike"
    if found <= {"spike", "signed"}:
        return "signed"
    return "count" if found <= {"spike", "count"} else "real"


def _along(
    operators: tuple[Operator, ...], entering: Signal, geometry: Geometry
) -> tuple[Signal, ...]:
    """The signals along a chain."""
    signals, received = [entering], geometry
    for operator in operators:
        signals.append(_behind(operator, signals[-1], received))
        received = operator.output_geometry(received) or ()
    return tuple(signals)


def _behind(operator: Operator, signal: Signal, geometry: Geometry) -> Signal:
    """What an operator makes of a signal."""
    if isinstance(operator, Increase):
        return SPIKE if signal.change == "spike" else Signal(signal.change, "real")
    if isinstance(operator, MaxPool):
        seen = _largest(signal) if _sees_cells(operator, geometry) else REAL
        return replace(seen, steady=signal.steady)
    return signal if isinstance(operator, CARRIED) else replace(REAL, steady=signal.steady)


def _largest(signal: Signal) -> Signal:
    """Of the largest of several values: it changes by no more than the values, up to 1 each way."""
    return signal if signal.change in ("spike", "signed") else Signal(signal.kind, "real")


def _sees_cells(operator: MaxPool, geometry: Geometry) -> bool:
    """Whether every window covers a cell: the maximum of none is no number."""
    result = operator.output_geometry(geometry) or ()
    axes = zip(
        geometry[:-1], result[:-1], operator.size, operator.strides, operator.padding, strict=True
    )
    return all(
        before < size and (count - 1) * stride - before < extent
        for extent, count, size, stride, (before, _) in axes
    )


def _variable_signal(population: Population, model: NeuronModel, variable: str) -> Signal:
    """The signal of a variable: steady, or a count, where it is proved to be that."""
    if _is_steady(model, variable):
        return replace(REAL, steady=True)
    if not _starts_at_zero(model, variable) or _moves_between_spikes(model, variable):
        return REAL
    values = population.uniform_parameters()
    if not _moves_by(model.reset, variable, 1.0, values):
        return REAL
    if not any(entry.variable == variable for entry in model.unreset):
        return Signal("count", "spike")
    if not _moves_by(model.unreset, variable, -1.0, values):
        return REAL
    kept = any(_above_zero(part, variable) for part in _conditions(model.unspike))
    return Signal("count" if kept else "real", "signed")


def _is_steady(model: NeuronModel, variable: str) -> bool:
    """Whether a variable is made of parameters alone, `rates` among them, in every step anew."""
    state = model.variable(variable)
    if state is None or not state.local or not model.is_plain:
        return False
    if any(entry.variable == variable for entry in (*model.reset, *model.unreset)):
        return False
    given = {entry.name for entry in model.parameters}
    made = [
        entry
        for statement in model.update
        for entry in _assigned(statement)
        if entry.variable == variable
    ]
    if len(made) != 1 or not isinstance(made[0], Assign):
        return False
    entry = made[0]
    parts = [part for part in (entry.value, entry.minimum, entry.maximum) if part is not None]
    return all(names(part) <= given and not _draws(part) for part in parts)


def _assigned(statement: Statement) -> tuple[Assign | Ode, ...]:
    """The assignments and equations of a statement."""
    return statement.equations if isinstance(statement, OdeSystem) else (statement,)


def _draws(expression: Expression) -> bool:
    """Whether an expression reads random numbers."""
    return any(isinstance(node, Draw) for node in nodes(expression))


def _starts_at_zero(model: NeuronModel, variable: str) -> bool:
    """Whether a variable is a number of each neuron that is 0 at a sample's start."""
    state = model.variable(variable)
    if state is None or not state.local or state.type == "bool":
        return False
    return state.initial == Number(0.0)


def _moves_between_spikes(model: NeuronModel, variable: str) -> bool:
    """Whether something but a spike changes a variable."""
    return any(
        entry.variable == variable for statement in model.update for entry in _assigned(statement)
    )


def _moves_by(
    reset: tuple[Assign, ...], variable: str, amount: float, values: dict[str, float]
) -> bool:
    """Whether a reset does nothing to a variable, whole so far, but add a whole number."""
    assignments = [entry for entry in reset if entry.variable == variable]
    if len(assignments) != 1:
        return False
    value, entry = assignments[0].value, assignments[0]
    if isinstance(value, Cast) and value.to == "int":  # cuts nothing off a whole number
        value = value.operand
    form = affine_form(value, variable, values)
    bounded = entry.minimum is not None or entry.maximum is not None
    return not bounded and form is not None and (form.slope, form.offset) == (1.0, amount)


def _conditions(condition: Expression | None) -> tuple[Expression, ...]:
    """Conditions that all hold where a condition does."""
    if isinstance(condition, Binary) and condition.operator == "and":
        return (*_conditions(condition.left), *_conditions(condition.right))
    return () if condition is None else (condition,)


def _above_zero(condition: Expression, variable: str) -> bool:
    """Whether a condition says that a whole variable is 1 or more."""
    match condition:
        case Binary(">", Name(name), Number(bound)):
            return name == variable and bound >= 0.0
        case Binary(">=", Name(name), Number(bound)):
            return name == variable and bound > 0.0
    return False
