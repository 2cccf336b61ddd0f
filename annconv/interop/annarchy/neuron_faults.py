"""What of a neuron ANNarchy 5.0.4.1 does not know, or computes differently."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from annconv.interop.annarchy.expressions import (
    NotSaid,
    check_comparisons,
    check_division,
    check_draws,
    check_modulo,
    written,
)
from annconv.interop.annarchy.neurons import assigned, bare_model, equations_of
from annconv.ir.arrays import FloatArray
from annconv.neurons.equations import parse_neuron
from annconv.neurons.expressions import Choice, Draw, Expression, Name, names, nodes
from annconv.neurons.grammar import CONDUCTANCE, LAST_SPIKE, REFRACTORY
from annconv.neurons.internal import PART_OF_A_STEP
from annconv.neurons.model import Assign, NeuronModel, Ode, OdeSystem
from annconv.neurons.neuron import Neuron
from annconv.plan.naming import CPP_WORDS

_ATTRIBUTES = """
attributes class_name clear compute_firing_rate coordinates_from_rank cyInstance depth dimension
disable enable enabled functions geometry get global_operations height id init initialized
load max_delay name net_id neuron neuron_type neurons normalized_coordinates_from_rank parameters
rank_from_coordinates ranks refractory reset save set size stop_condition sum targets variables
width
"""
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
"""What every population of ANNarchy is asked for by these names."""
_MEMBERS = """
get_max_delay get_size init_population is_active last_spike refractory_remaining rng set_active
set_max_delay set_size size_in_bytes spike_gather spiked update update_delay update_global_ops
update_max_delay update_rng
"""
_OWN = re.compile(r"(?:rand_|pop|proj|PopStruct|ProjStruct)\d+")


def neuron_faults(
    neuron: Neuron, values: Mapping[str, FloatArray], own: Collection[str], dt: float
) -> Iterator[NotSaid]:
    """Everything that keeps a neuron from being said to ANNarchy.

    Args:
        neuron: Any.
        values: All parameters with their values in the population.
        own: Those that have other values in other neurons.
        dt: Length of a step in ms.
    """
    model = bare_model(neuron)
    for check in (_extensions, _names, _equations, _at_a_spike, _order, _conductances):
        yield from check(model)
    yield from _shared(model, own)
    yield from _times_of_spikes(neuron, values, dt)


def _extensions(model: NeuronModel) -> Iterator[NotSaid]:
    if model.unspike is not None:
        why = "neurons of ANNarchy emit no negative spikes"
        yield NotSaid("unspike", why, "a second neuron for them, with a target of its own")
    if model.emit is not None:
        why = "neurons of ANNarchy with spikes emit nothing else"
        yield NotSaid("emit", why, f"projections that transmit {model.emit!r}")


def _names(model: NeuronModel) -> Iterator[NotSaid]:
    """Parameters and variables whose names ANNarchy, Python or C++ keep."""
    parameters = tuple(entry.name for entry in model.parameters)
    for name in (*parameters, *(entry.name for entry in model.variables)):
        why = ""
        if keyword.iskeyword(name) or name in CPP_WORDS:
            why = "ANNarchy keeps it as it is in Python and C++, where the word means something"
        elif name in ATTRIBUTES:
            why = "every population of ANNarchy has something else of that name"
        elif name.endswith("if"):
            why = "ANNarchy looks for 'if' before a space"
        elif name in _MEMBERS.split() or _OWN.fullmatch(name):
            why = "ANNarchy's C++ calls something else so"
        if why:
            yield NotSaid(f"the name {name!r}", why, "another name")


def _equations(model: NeuronModel) -> Iterator[NotSaid]:
    """Each equation by itself."""
    for entry in equations_of(model):
        ode = isinstance(entry, Ode)
        value = entry.gradient if isinstance(entry, Ode) else assigned(entry)
        try:
            if isinstance(entry, Ode):
                _check_gradient(entry)
            _check_value(model, value, ode=ode)
            _check_slope(entry.variable, value)
        except NotSaid as fault:
            yield fault


def _check_gradient(entry: Ode) -> None:
    check_comparisons(entry.gradient)
    conditional = any(isinstance(part, Choice) for part in nodes(entry.gradient))
    if conditional and entry.method != "explicit":
        what = f"a conditional with the method {entry.method!r}"
        raise NotSaid(what, "ANNarchy integrates it by another one", "explicit Euler")


def _check_value(model: NeuronModel, value: Expression, *, ode: bool) -> None:
    whole = {entry.name for entry in model.parameters if entry.type != "float"}
    whole |= {entry.name for entry in model.variables if entry.type != "float"}
    written(value)
    check_modulo(value, ode=ode)
    check_division(value, whole)
    check_draws(value)


def _check_slope(variable: str, value: Expression) -> None:
    slope = f"d{variable}/dt"
    if slope in written(value).replace(" ", ""):
        what, why = f"the quotient {slope}", f"ANNarchy takes it for the slope of {variable!r}"
        raise NotSaid(what, why, f"another name than 'd{variable}'")


def _at_a_spike(model: NeuronModel) -> Iterator[NotSaid]:
    """The condition and what a spike does."""
    condition = () if model.spike is None else (model.spike,)
    for value in (*condition, *map(assigned, model.reset)):
        try:
            _check_value(model, value, ode=False)
        except NotSaid as fault:
            yield fault
        if any(isinstance(part, Draw) for part in nodes(value)):
            what, why = "a random number in spike or reset", "ANNarchy draws in equations only"
            yield NotSaid(what, why, "a variable that an equation draws in every step")


def _order(model: NeuronModel) -> Iterator[NotSaid]:
    """Variables of the population that come too early, as ANNarchy computes them first."""
    before: set[str] = set()
    for statement in model.update:
        group = statement.equations if isinstance(statement, OdeSystem) else (statement,)
        local = [entry for entry in group if _is_local(model, entry.variable)]
        # Neighbouring ODEs read what was before all of them.
        before |= {name for entry in local for name in _read(entry)}
        for entry in group:
            if entry not in local and entry.variable in before:
                what = f"the variable {entry.variable!r} of the population"
                why = "ANNarchy computes it before equations that stand above, and read it"
                yield NotSaid(what, why, "its equation above theirs, or without 'population'")


def _is_local(model: NeuronModel, name: str) -> bool:
    variable = model.variable(name)
    return variable is None or variable.local


def _read(entry: Assign | Ode) -> frozenset[str]:
    return names(entry.gradient if isinstance(entry, Ode) else entry.value)


def _conductances(model: NeuronModel) -> Iterator[NotSaid]:
    """Conductances that no equation reads: ANNarchy looks for them there alone."""
    found = {f"{CONDUCTANCE}{target}" for target in model.conductances}
    found -= {entry.variable for entry in equations_of(model)}
    for entry in equations_of(model):
        found -= _read(entry)
    for name in sorted(found):
        why = "ANNarchy looks for what arrives in equations only"
        yield NotSaid(f"{name}, which spike or reset reads", why, f"an equation x = {name}")


def _shared(model: NeuronModel, own: Collection[str]) -> Iterator[NotSaid]:
    """Values for each neuron of what has to be one for the population."""
    readers: set[str] = set()
    for entry in equations_of(model):
        if not _is_local(model, entry.variable):
            bounds = (entry.minimum, entry.maximum)
            readers |= _read(entry) | {e.name for e in bounds if isinstance(e, Name)}
        value = entry.gradient if isinstance(entry, Ode) else entry.value
        for part in nodes(value):
            readers |= names(part) if isinstance(part, Draw) else set()
    for variable in model.variables:
        if not variable.local and isinstance(variable.initial, Name):
            readers.add(variable.initial.name)
    for name in sorted(readers.intersection(own)):
        why = "what it decides is one number for the population, or for its random numbers"
        yield NotSaid(f"different values of {name!r}", why, "one value, or a population for each")


def _times_of_spikes(
    neuron: Neuron, values: Mapping[str, FloatArray], dt: float
) -> Iterator[NotSaid]:
    """When a neuron spiked last, and how long it waits."""
    model = parse_neuron(neuron)
    if LAST_SPIKE in model.reads() and dt != 1.0:
        why = "before the first spike it is -10000 steps in ANNarchy, and -10000 ms here"
        yield NotSaid(f"{LAST_SPIKE} with dt={dt:g}", why, "dt=1")
    if neuron.refractory is None:
        return
    implicit = [e for e in equations_of(model) if isinstance(e, Ode) and e.method == "implicit"]
    if len(implicit) > 1:
        why = "ANNarchy sets the variables of an implicit system to 0 in neurons that wait"
        yield NotSaid("refractory with the method 'implicit'", why, "'midpoint' or 'rk4'")
    named = neuron.refractory.strip()
    period = values.get(REFRACTORY, values.get(named))
    if period is None:
        return
    steps = period / dt
    if (np.trunc(steps) != np.trunc(steps + PART_OF_A_STEP)).any():
        why = f"of {float(np.max(steps)):.17g} steps ANNarchy leaves the whole ones"
        yield NotSaid(f"refractory = {named}", why, f"a little more than {named} ms")
