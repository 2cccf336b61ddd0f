"""A network of ANNarchy, made by its own calls."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from types import ModuleType
from typing import Any

from annconv.errors import AnnconvError
from annconv.interop.annarchy.connections import Filters, Matrix, Pooling
from annconv.interop.annarchy.translation import PopulationCall, ProjectionCall, Translation

VERSION = "5.0"
"""The releases whose parser and connections this package knows."""
INSTALL = 'pip install "annconv[annarchy]"'


def import_annarchy() -> ModuleType:
    """ANNarchy 5.0.

    Raises:
        AnnconvError: It is missing, does not start, or is another release.
    """
    needed = f"annconv.to_annarchy needs ANNarchy {VERSION}"
    try:
        annarchy = importlib.import_module("ANNarchy")
        found = version("ANNarchy")
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        message = f"{needed}, and importing it failed ({reason}). Instead: {INSTALL}."
        raise AnnconvError(message) from error
    if not f"{found}.".startswith(f"{VERSION}."):
        raise AnnconvError(f"{needed}, found {found}. Instead: {INSTALL}.")
    return annarchy


def build(annarchy: ModuleType, translation: Translation, seed: int | None) -> Any:
    """An `ANNarchy.Network`, not compiled.

    Args:
        annarchy: The module.
        translation: The calls.
        seed: Of its random numbers, None for one that it draws.
    """
    network = annarchy.Network(dt=translation.dt, seed=seed)
    for population in translation.populations:
        _create(annarchy, network, population)
    for projection in translation.projections:
        _connect(annarchy, network, projection)
    return network


def _create(annarchy: ModuleType, network: Any, call: PopulationCall) -> None:
    text = call.neuron
    neuron = annarchy.Neuron(
        parameters=text.parameters,
        equations=text.equations,
        spike=text.spike,
        reset=text.reset,
        refractory=text.refractory,
        name=text.name,
    )
    population = network.create(
        geometry=call.geometry, neuron=neuron, name=call.name, stop_condition=call.stop
    )
    for name, value in call.values.items():
        setattr(population, name, value)


def _connect(annarchy: ModuleType, network: Any, call: ProjectionCall) -> None:
    pre, post = network.get_population(call.pre), network.get_population(call.post)
    ends = {"pre": pre, "post": post, "target": call.target, "name": call.name}
    match call.connection:
        case Matrix(weights):
            synapse = {}
            if call.variable is not None:
                synapse["synapse"] = annarchy.Synapse(psp=f"w * pre.{call.variable}")
            network.connect(**ends, **synapse).from_matrix(
                weights, storage_format="dense", storage_order="post_to_pre"
            )
        case Filters(weights, centres):
            kind = importlib.import_module("ANNarchy.extensions.convolution").Convolution
            filters = network.connect(kind(**ends, psp=f"pre.{call.variable} * w"))
            filters.connect_filters(weights=weights, subsampling=[list(cell) for cell in centres])
        case Pooling(operation, extent):
            kind = importlib.import_module("ANNarchy.extensions.convolution").Pooling
            pooling = kind(**ends, operation=operation, psp=f"pre.{call.variable}")
            network.connect(pooling).pooling(extent=extent)
