"""A Network in ANNarchy's terms, as data: ANNarchy itself is not needed for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from annconv.errors import NetworkProblem, UnsupportedNetworkError
from annconv.interop.annarchy.connections import Connection, connection
from annconv.interop.annarchy.expressions import NotSaid
from annconv.interop.annarchy.neuron_faults import neuron_faults
from annconv.interop.annarchy.neurons import NeuronText, neuron_text
from annconv.ir.arrays import FloatArray, Geometry
from annconv.ir.network import Network
from annconv.ir.population import Population
from annconv.ir.projection import SPIKES, Projection
from annconv.live.stopping import looks_at_present_step, stop_condition
from annconv.neurons.grammar import REFRACTORY
from annconv.neurons.library import OUTPUTS
from annconv.readouts.readout import Readout
from annconv.readouts.table import READOUTS

_NUMBERED = re.compile(r"pop(\d+)")


@dataclass(frozen=True, slots=True)
class PopulationCall:
    """`network.create`, and what is set of the population.

    Attributes:
        name: Its name.
        geometry: Its geometry.
        neuron: The text of its neuron.
        values: Parameters that differ from those in the text: numbers, or one for each neuron.
        stop: What ends `simulate_until`, None for nothing.
    """

    name: str
    geometry: Geometry
    neuron: NeuronText
    values: Mapping[str, int | float | FloatArray]
    stop: str | None


@dataclass(frozen=True, slots=True)
class ProjectionCall:
    """`network.connect`, and how it is connected.

    Attributes:
        name: Its name.
        pre: Name of a population.
        post: Name of a population.
        target: Of the conductance.
        variable: What it reads of pre; None: its spikes.
        connection: Matrix, filters or pooling.
    """

    name: str
    pre: str
    post: str
    target: str
    variable: str | None
    connection: Connection


@dataclass(frozen=True, slots=True)
class Translation:
    """All calls that build a network."""

    dt: float
    populations: tuple[PopulationCall, ...]
    projections: tuple[ProjectionCall, ...]


def translate(network: Network) -> Translation:
    """The calls that build a network in ANNarchy.

    Args:
        network: One that keeps its rules.
    Raises:
        UnsupportedNetworkError: ANNarchy cannot say it; every reason is listed.
    """
    problems: list[NetworkProblem] = []
    populations: list[PopulationCall] = []
    projections: list[ProjectionCall] = []
    for position, population in enumerate(network.populations):
        faults = list(_population_faults(network, population, position))
        found = (_problem("population", population.name, fault) for fault in faults)
        problems += dict.fromkeys(found)
        if not faults:
            populations.append(_population(network, population))
    for entry in network.projections:
        faults = list(_projection_faults(network, entry))
        try:
            connected = connection(entry, network[entry.pre].geometry, network[entry.post].geometry)
        except NotSaid as fault:
            faults.append(fault)
        problems += [_problem("projection", entry.name, fault) for fault in faults]
        if not faults:
            projections.append(_projection(entry, connected))
    if problems:
        raise UnsupportedNetworkError(network.name, problems, cannot="be said to ANNarchy")
    return Translation(network.dt, tuple(populations), tuple(projections))


def _problem(kind: str, name: str, fault: NotSaid) -> NetworkProblem:
    return NetworkProblem(f"{kind} {name!r}", fault.what, fault.why, fault.instead)


def _population_faults(
    network: Network, population: Population, position: int
) -> Iterator[NotSaid]:
    """Everything of a population that ANNarchy does not have."""
    name, numbered = population.name, _NUMBERED.fullmatch(population.name)
    if numbered is not None and name != f"pop{position}":
        why = f"ANNarchy numbers such names itself, and this one becomes 'pop{position}'"
        yield NotSaid("its name", why, "another name")
    if population.channels is not None:
        why = "its neurons stand where a pass put them, so their ranks are not the network's own"
        yield NotSaid("the order of its channels", why, "the network that was converted")
    if population.role == "output" and not _end_is_said(network.readout, population):
        why = "ANNarchy ends at spikes of the present step, or at its neuron's count of them"
        instead = "read_out='spike_count', and the end in the script that runs the network"
        yield NotSaid(f"the read-out's end, {network.readout.stop}", why, instead)
    if population.neuron is None:
        why = "every population of ANNarchy has neurons"
        yield NotSaid("a junction", why, "projections from what it reads to what reads it")
        return
    if REFRACTORY in population.parameters:
        why = "ANNarchy keeps one period for the neuron"
        yield NotSaid("a refractory period of its own", why, "a parameter: refractory='period'")
    values, own = population.parameter_values(), _own_values(population)
    yield from neuron_faults(population.neuron, values, own, network.dt)


def _end_is_said(readout: Readout, population: Population) -> bool:
    """Whether a sample ends in ANNarchy where it ends here."""
    if readout.stop is None:
        return True
    known = READOUTS.get(readout.name)
    if known is None or known.stop != readout.stop or stop_condition(readout) == readout.stop:
        return False
    counts = known.neuron is not None and population.neuron == OUTPUTS[known.neuron]
    return counts or looks_at_present_step(readout)


def _own_values(population: Population) -> frozenset[str]:
    """Parameters that have other values in other neurons."""
    values, uniform = population.parameter_values(), population.uniform_parameters()
    return frozenset(name for name in values if name not in uniform)


def _population(network: Network, population: Population) -> PopulationCall:
    if population.neuron is None:
        raise ValueError(f"{population.name!r} is a junction")
    own = _own_values(population)
    values: dict[str, int | float | FloatArray] = {}
    given = population.parameter_values()
    for entry in population.model().parameters:
        value = given[entry.name]
        if entry.name in own:
            values[entry.name] = np.array(np.broadcast_to(value, population.geometry))
        elif entry.name in population.parameters or entry.start is not None:
            number = float(value.flat[0])
            values[entry.name] = number if entry.type == "float" else int(number)
    stop = stop_condition(network.readout) if population.role == "output" else None
    text = neuron_text(population.neuron, own)
    return PopulationCall(population.name, population.geometry, text, values, stop)


def _projection_faults(network: Network, entry: Projection) -> Iterator[NotSaid]:
    """Everything of a projection but its operators that ANNarchy does not have."""
    if entry.delay == 0 and network[entry.pre].role != "linear":
        why = "what arrives in ANNarchy was sent a step before"
        yield NotSaid("delay 0", why, "a network of preset 'annarchy', whose delay is 1")
    if entry.trace_decay is not None:
        why = "a projection of ANNarchy delivers what arrives, without a trace"
        yield NotSaid("trace_decay", why, "the network that was converted, before any pass")
    weights = (getattr(operator, "whole", False) for operator in entry.operators)
    if any(weights):
        why = "state would be double precision, so spikes would not be those of int16"
        yield NotSaid("weights that are whole numbers", why, "the network that was converted")
    pre = network[entry.pre]
    if entry.transmits != SPIKES and pre.neuron is not None:
        variable = pre.model().variable(entry.transmits)
        if variable is None or not variable.local:
            why = "projections of ANNarchy read a number of each neuron"
            yield NotSaid(f"transmits={entry.transmits!r}", why, "a variable without 'population'")


def _projection(entry: Projection, connected: Connection) -> ProjectionCall:
    variable = None if entry.transmits == SPIKES else entry.transmits
    return ProjectionCall(entry.name, entry.pre, entry.post, entry.target, variable, connected)
