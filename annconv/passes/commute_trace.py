"""Filter after the projection instead of before it.

A variable that decays exponentially and grows by a constant at every spike is a linear filter of
the spikes, and so are convolution, Dense and mean pooling: they commute. The projection then
transmits spikes, which are few, and its post-population keeps the trace of what arrived.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from annconv.ir.network import Network
from annconv.ir.operators import Scale
from annconv.ir.population import Population
from annconv.ir.projection import SPIKES, Projection
from annconv.ir.signals import population_signal
from annconv.neurons.expressions import Number
from annconv.neurons.linear import affine_form
from annconv.neurons.model import Assign, NeuronModel, Ode, OdeBlock


@dataclass(frozen=True, slots=True)
class SpikeTrace:
    """A variable proved to be an exponential trace of its neuron's spikes.

    Attributes:
        decay: What a step leaves of it.
        increment: By how much a spike raises it, after the decay.
    """

    decay: float
    increment: float


def commute_trace(network: Network) -> Network:
    """Let linear projections that transmit a trace transmit spikes and keep their own trace."""
    return replace(
        network, projections=tuple(_commuted(network, entry) for entry in network.projections)
    )


def _commuted(network: Network, projection: Projection) -> Projection:
    pre = network[projection.pre]
    linear = all(operator.linear for operator in projection.operators)
    if pre.neuron is None or projection.trace_decay is not None or not linear:
        return projection
    trace = find_trace(pre, projection.transmits, network.dt)
    if trace is None:
        return projection
    return replace(
        projection,
        operators=(*projection.operators, Scale(np.asarray(trace.increment))),
        transmits=SPIKES,
        trace_decay=trace.decay,
    )


def find_trace(population: Population, variable: str, dt: float) -> SpikeTrace | None:
    """Prove that a variable is a trace of the population's spikes.

    Args:
        population: Its parameters' values take part in the proof: those that the variable depends
            on must be uniform.
        variable: Name of the variable.
        dt: Length of a step in ms.
    Returns:
        The trace, or None where there is no proof.
    """
    model = population.model()
    state = model.variable(variable)
    if state is None or state.type != "float" or not state.local or state.initial != Number(0.0):
        return None
    if population_signal(population, SPIKES).kind != "spike":
        return None
    ode = _only_ode(model, variable)
    growth = _only_assignment(model.reset, variable)
    if ode is None or growth is None:
        return None
    values = population.uniform_parameters()
    gradient = affine_form(ode.gradient, variable, values)
    grown = affine_form(growth.value, variable, values)
    if gradient is None or gradient.offset != 0.0 or grown is None or grown.slope != 1.0:
        return None
    decay = step_factor(ode.method, dt * gradient.slope)
    return SpikeTrace(decay, grown.offset) if 0.0 <= decay <= 1.0 else None


def step_factor(method: str, exponent: float) -> float:
    """What a step makes of 1 under `dx/dt = s*x`.

    Args:
        method: The numerical method.
        exponent: `dt * s`.
    """
    match method:
        case "explicit":
            return 1.0 + exponent
        case "exponential":
            return math.exp(exponent)
        case "semiimplicit" | "implicit":
            return 1.0 / (1.0 - exponent) if exponent != 1.0 else math.inf
        case "midpoint":
            return 1.0 + exponent * (1.0 + exponent / 2.0)
        case "rk4":
            third = 1.0 + exponent / 3.0 * (1.0 + exponent / 4.0)
            return 1.0 + exponent * (1.0 + exponent / 2.0 * third)
    raise ValueError(f"unknown method {method!r}")


def _only_ode(model: NeuronModel, variable: str) -> Ode | None:
    """The unbounded ODE that is all that `update` does to a variable."""
    found: Ode | None = None
    for statement in model.update:
        block = statement.equations if isinstance(statement, OdeBlock) else (statement,)
        for entry in block:
            if entry.variable != variable:
                continue
            bounded = entry.minimum is not None or entry.maximum is not None
            if found is not None or bounded or not isinstance(entry, Ode):
                return None
            found = entry
    return found


def _only_assignment(reset: tuple[Assign, ...], variable: str) -> Assign | None:
    """The one assignment to a variable at a spike."""
    assignments = [entry for entry in reset if entry.variable == variable]
    return assignments[0] if len(assignments) == 1 else None
