"""What a script has changed for good, as a Network: start values and weights survive a reset."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from annconv.errors import InputError
from annconv.ir.network import Network
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.live.engine import Engine
from annconv.live.weights import learned_operators, loaded_weights, present_weights, with_weights
from annconv.neurons.expressions import Name
from annconv.readouts.readout import Readout


def edited_network(engine: Engine) -> Network | None:
    """The network as it is now.

    Returns:
        The network that was loaded if nothing has changed, or a copy with other parameters and
        weights; None where something has changed that a Network cannot hold: the start value of a
        variable, a population that is disabled, or a projection that does not transmit.
    Raises:
        InputError: A start value or a weight is not a finite number.
    """
    network = engine.network
    populations = [_edited_population(engine, entry) for entry in network.populations]
    projections = [_edited_projection(engine, entry) for entry in network.projections]
    state = engine.opened
    if state is not None and not (state.enabled.all() and state.transmits.all()):
        return None
    kept_populations = [entry for entry in populations if entry is not None]
    if len(kept_populations) < len(populations):
        return None
    unchanged = all(
        new is old
        for new, old in zip(
            (*kept_populations, *projections),
            (*network.populations, *network.projections),
            strict=True,
        )
    )
    if unchanged:
        return network
    edited = replace(network, populations=tuple(kept_populations), projections=tuple(projections))
    return replace(edited, readout=_edited_readout(edited))


def _edited_readout(network: Network) -> Readout:
    """The read-out with those of its parameters that the output's neurons have, too."""
    output = network.output.parameter_values()
    shared = {name: float(output[name]) for name, _ in network.readout.parameters if name in output}
    return network.readout.with_parameters(**shared)


def _edited_population(engine: Engine, population: Population) -> Population | None:
    """The population with its present start values; None where a Network cannot hold one."""
    changed: dict[str, Any] = {}
    for name, entry in engine.attributes[population.name].items():
        value = np.asarray(engine.start_value(population.name, name))
        if (np.ravel(value) == np.ravel(entry.initial)).all():
            continue
        changed[name] = value.reshape(population.geometry) if value.ndim else value
    if not changed:
        return population
    model = population.model()
    starts = {entry.initial.name for entry in model.variables if isinstance(entry.initial, Name)}
    if any(model.parameter(name) is None or name in starts for name in changed):
        return None
    return replace(population, parameters={**population.parameters, **changed})


def _edited_projection(engine: Engine, projection: Projection) -> Projection:
    """The projection with its present weights.

    Raises:
        InputError: One is not a finite number.
    """
    state = engine.opened
    if state is None:
        return projection
    operators = list(projection.operators)
    for position, operator in learned_operators(projection).items():
        present, loaded = present_weights(state, projection, position), loaded_weights(operator)
        if np.array_equal(present, loaded.astype(present.dtype)):
            continue
        if not np.isfinite(present).all():  # written into a view, past the setters
            raise InputError(
                f"weights of projection {projection.name!r}",
                expected="finite numbers",
                received="NaN or infinity",
            )
        operators[position] = with_weights(operator, present)
    changed = any(new is not old for new, old in zip(operators, projection.operators, strict=True))
    return replace(projection, operators=tuple(operators)) if changed else projection
