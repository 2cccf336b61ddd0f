"""A parsed neuron as the text of an `ANNarchy.Neuron`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from annconv.interop.annarchy.expressions import written
from annconv.neurons.equations import parse_neuron
from annconv.neurons.expressions import Cast, Expression, Name, Number
from annconv.neurons.grammar import LAST_SPIKE, REFRACTORY
from annconv.neurons.linear import ZERO
from annconv.neurons.methods import slope_of
from annconv.neurons.model import Assign, NeuronModel, Ode, OdeSystem, Parameter, StateVariable
from annconv.neurons.neuron import Neuron

NEVER_SPIKES = "t < -1.0"
"""ANNarchy takes a neuron without a spike condition for one that has a rate."""


@dataclass(frozen=True, slots=True)
class NeuronText:
    """The arguments of `ANNarchy.Neuron`.

    Attributes:
        name: Its name.
        parameters: A line for each.
        equations: A line for each, in running order.
        spike: The condition.
        reset: A line for each assignment.
        refractory: A number of ms, the name of a parameter or variable, or None.
    """

    name: str
    parameters: str
    equations: str
    spike: str
    reset: str
    refractory: float | str | None = None


def bare_model(neuron: Neuron) -> NeuronModel:
    """A neuron's statements without those for a refractory period and `t_last`.

    ANNarchy keeps both by itself.
    """
    model = parse_neuron(replace(neuron, refractory=None))
    return replace(
        model,
        variables=tuple(entry for entry in model.variables if not entry.internal),
        reset=tuple(entry for entry in model.reset if entry.variable != LAST_SPIKE),
    )


def neuron_text(neuron: Neuron, own: Collection[str] = ()) -> NeuronText:
    """The text that says to ANNarchy what a neuron is.

    Args:
        neuron: One in which `neuron_faults` finds nothing.
        own: Parameters of the population that have other values in other neurons.
    """
    model = bare_model(neuron)
    with_equation = {entry.variable for entry in equations_of(model)}
    constants = [_parameter_line(entry, entry.name in own) for entry in model.parameters]
    only_reset = [
        _line(entry.name, _start(entry), _flags(entry))
        for entry in model.variables
        if entry.name not in with_equation
    ]
    return NeuronText(
        name=model.name,
        parameters="\n".join([*constants, *only_reset]),
        equations="\n".join(_equation_line(model, entry) for entry in equations_of(model)),
        spike=NEVER_SPIKES if model.spike is None else written(model.spike),
        reset="\n".join(f"{entry.variable} = {_value(entry)}" for entry in model.reset),
        refractory=_refractory(neuron),
    )


def _refractory(neuron: Neuron) -> float | str | None:
    text = neuron.refractory
    if text is None:
        return None
    period = parse_neuron(neuron).parameter(REFRACTORY)
    return text.strip() if period is None else period.value


def equations_of(model: NeuronModel) -> Iterator[Assign | Ode]:
    """All equations one by one, in running order."""
    for statement in model.update:
        yield from statement.equations if isinstance(statement, OdeSystem) else (statement,)


def _parameter_line(parameter: Parameter, own: bool) -> str:
    flags = [] if parameter.local or own else ["population"]
    flags += [] if parameter.type == "float" else [parameter.type]
    return _line(parameter.name, _constant(parameter.value, parameter.type), flags)


def _line(name: str, value: str, flags: list[str]) -> str:
    return f"{name} = {value}" + (f" : {', '.join(flags)}" if flags else "")


def _constant(value: float, type_: str) -> str:
    """A number as a flag or a parameter holds it."""
    if type_ == "bool":
        return str(bool(value))
    return str(int(value)) if type_ == "int" else repr(value)


def _start(variable: StateVariable) -> str:
    start = variable.initial
    return start.name if isinstance(start, Name) else _setting(start, variable.type)


def _setting(expression: Expression, type_: str) -> str:
    """The value of `init`, `min` or `max`."""
    if isinstance(expression, Number):
        return _constant(expression.value, type_)
    return written(expression)


def _flags(variable: StateVariable) -> list[str]:
    flags = [] if variable.local else ["population"]
    return flags if variable.type == "float" else [*flags, variable.type]


def _equation_line(model: NeuronModel, entry: Assign | Ode) -> str:
    variable = model.variable(entry.variable)
    if variable is None:
        raise ValueError(f"{model.name} has no variable {entry.variable!r}")
    flags = [f"init = {_start(variable)}", *_flags(variable)]
    for name, bound in (("min", entry.minimum), ("max", entry.maximum)):
        flags += [] if bound is None else [f"{name} = {_setting(bound, variable.type)}"]
    if isinstance(entry, Ode):
        flags += [] if _is_explicit(entry) else [entry.method]
        return _line(f"d{entry.variable}/dt", written(entry.gradient), flags)
    return _line(entry.variable, _value(entry), flags)


def _is_explicit(entry: Ode) -> bool:
    """Whether it is an explicit Euler step, or the same: ANNarchy wants a slope for others."""
    if entry.method in ("exponential", "semiimplicit"):
        return slope_of(entry) == ZERO
    return entry.method == "explicit"


def _value(entry: Assign) -> str:
    return written(assigned(entry))


def assigned(entry: Assign) -> Expression:
    """What is assigned; C cuts a number that a variable of type int takes up."""
    value = entry.value
    return value.operand if isinstance(value, Cast) and value.to == "int" else value
