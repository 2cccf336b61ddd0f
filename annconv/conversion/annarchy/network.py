"""Preset `annarchy`: the network that ANNarchy 5's converter builds, spike for spike.

Every layer with weights and every pooling layer is a population of the hidden neuron, named after
its Keras layer. Convolutions and pooling layers read the `mask` of the population before them,
Dense layers its spikes, each one step later. Source: the conversion's semantics as observed on
ANNarchy 5.0.4.1, checked against its recorded spike trains in `tests/golden`.
"""

from __future__ import annotations

import math
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from annconv.conversion.annarchy.neurons import MASK, THRESHOLD, NeuronChoice, choose_neurons
from annconv.conversion.annarchy.normalisation import (
    normalise_weights,
    scale_factor_fault,
    scale_factors,
)
from annconv.conversion.annarchy.spiking_layers import SpikingLayer
from annconv.conversion.annarchy.survey import Survey, survey
from annconv.conversion.annarchy.thresholds import largest_step, lowered_threshold
from annconv.conversion.refusal import Refusal, Takers, problem, unsupported
from annconv.errors import ConversionWarning, LayerProblem, OptionError
from annconv.ir.graph import Graph
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Operator
from annconv.ir.population import Population
from annconv.ir.projection import SPIKES, Projection
from annconv.neurons.equations import parse_neuron
from annconv.neurons.foreign import neuron_name
from annconv.neurons.neuron import Neuron
from annconv.options import AnnarchyOptions

PRESET = "annarchy"
"""Its name."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """A spiking layer with its neuron and the values that the options give it."""

    spiking: SpikingLayer
    neuron: Neuron
    threshold: float | None
    operators: tuple[Operator, ...]


def convert(
    graph: Graph,
    options: AnnarchyOptions,
    takers: Takers,
    *,
    ignored: Sequence[LayerProblem],
    problems: Sequence[LayerProblem],
) -> Network:
    """The spiking network of a trained model; arguments and errors as `presets.convert_graph`."""
    fault = scale_factor_fault(options.scale_factor)
    choice = choose_neurons(options, () if fault is None else (fault,))
    found = survey(graph, problems)
    ignore = options.on_unsupported == "ignore"
    left_out, inexact = (found.inexact, ()) if ignore else ((), found.inexact)
    refused = (*found.fatal, *inexact, *_threshold_refusals(found, choice, options))
    if problems or refused:
        raise unsupported(graph, (*problems, *(problem(entry, takers) for entry in refused)))
    factors = _checked_factors(found, choice, options)
    layers = _layers(found, choice, options, factors)
    network = _network(graph, found, choice, options, layers)
    network.verify()
    _warn_of(graph, (*ignored, *(problem(entry, takers) for entry in left_out)))
    return network


def transmitted(spiking: SpikingLayer) -> str:
    """What a layer reads of the population before it: spikes for Dense, their trace otherwise."""
    return SPIKES if spiking.is_dense else MASK


def projection_kind(spiking: SpikingLayer) -> str:
    """First part of a projection's name; the number of populations so far follows."""
    if spiking.is_dense:
        return "dense_proj"
    return "conv_proj" if isinstance(spiking.layer, Convolution) else "pool_proj"


def _checked_factors(
    found: Survey, choice: NeuronChoice, options: AnnarchyOptions
) -> tuple[float, ...]:
    """Normalisation factors of all layers, once thresholds and neurons are known to be usable."""
    faults = _threshold_faults(found, choice, options)
    factors: tuple[float, ...] = ()
    try:
        factors = scale_factors(options.scale_factor, len(found.layers))
    except ValueError as error:
        faults.append(str(error))
    for field, neuron, readers in (
        ("input_encoding", choice.encoding, found.layers[:1]),
        ("hidden_neuron", choice.hidden, found.layers[1:]),
    ):
        masked = [spiking.node.name for spiking in readers if transmitted(spiking) == MASK]
        if masked and parse_neuron(neuron).variable(MASK) is None:
            faults.append(
                f"{field}: neuron {neuron.name!r} has no variable {MASK!r}: expected the trace of "
                f"its spikes, which {', '.join(map(repr, masked))} read. Add "
                f"'d{MASK}/dt = -{MASK}/{MASK}_tau' to its equations and '{MASK} += 1.0/{MASK}_tau'"
                " to its reset."
            )
    if faults:
        raise OptionError(faults)
    return factors


def _thresholds(found: Survey, choice: NeuronChoice, step: float) -> list[float | None]:
    """The threshold of every spiking layer, None where its neuron has none."""
    thresholds: list[float | None] = []
    for spiking in found.layers:
        own = threshold_of(_neuron_of(found, choice, spiking))
        if own is not None and not _keeps_threshold(found, spiking):
            own = lowered_threshold(own, step, spiking.node.origin[0].index)
        thresholds.append(own)
    return thresholds


def _threshold_refusals(
    found: Survey, choice: NeuronChoice, options: AnnarchyOptions
) -> Iterator[Refusal]:
    """Layers whose index brings a threshold above 0 to 0 or below."""
    deepest = _deepest(found)
    thresholds = _thresholds(found, choice, options.threshold_step)
    for spiking, threshold in zip(found.layers, thresholds, strict=True):
        own = threshold_of(_neuron_of(found, choice, spiking))
        if own is not None and threshold is not None and threshold <= 0 < own:
            why = f"its threshold would be {threshold:g}, and must be above 0"
            instead = f"threshold_step={largest_step(own, deepest):g} or smaller"
            yield Refusal(spiking.node.origin[-1], why, instead)


def _threshold_faults(found: Survey, choice: NeuronChoice, options: AnnarchyOptions) -> list[str]:
    """Why the options cannot give the neurons their thresholds."""
    step = options.threshold_step
    for spiking, threshold in zip(found.layers, _thresholds(found, choice, step), strict=True):
        if threshold is None:
            continue
        if not math.isfinite(threshold):
            most = sys.float_info.max / (2 * _deepest(found))
            fault = (
                f"threshold_step: expected a number from {-most:.2g} to {most:.2g}, received "
                f"{step!r}, with which {spiking.node.name!r} would have the threshold "
                f"{threshold:g}."
            )
            return [fault]
        neuron = _neuron_of(found, choice, spiking)
        parameter = parse_neuron(neuron).parameter(THRESHOLD)
        if parameter is not None and parameter.type != "float" and not threshold.is_integer():
            fault = (
                f"hidden_neuron: neuron {neuron.name!r} declares its threshold {THRESHOLD!r} as "
                f"{parameter.type}: expected float, because {spiking.node.name!r} has the "
                f"threshold {threshold:g}. Declare it without {parameter.type!r}, or use "
                "threshold_step=0."
            )
            return [fault]
    return []


def _deepest(found: Survey) -> int:
    """Position of the last layer whose threshold is lowered, at least 1."""
    lowered = (spiking for spiking in found.layers if not _keeps_threshold(found, spiking))
    return max((spiking.node.origin[0].index for spiking in lowered), default=1)


def _neuron_of(found: Survey, choice: NeuronChoice, spiking: SpikingLayer) -> Neuron:
    """The neuron of a spiking layer's population."""
    return choice.output if spiking is found.layers[-1] else choice.hidden


def _layers(
    found: Survey, choice: NeuronChoice, options: AnnarchyOptions, factors: Sequence[float]
) -> list[_Layer]:
    """Neurons, thresholds and weights of all spiking layers."""
    layers: list[_Layer] = []
    thresholds = _thresholds(found, choice, options.threshold_step)
    for spiking, threshold, factor in zip(found.layers, thresholds, factors, strict=True):
        operators = spiking.operators
        if options.normalize == "model":
            operators = (*operators[:-1], _normalised(spiking.layer, factor))
        layers.append(_Layer(spiking, _neuron_of(found, choice, spiking), threshold, operators))
    return layers


def _keeps_threshold(found: Survey, spiking: SpikingLayer) -> bool:
    """Whether it is a Dense layer with no other behind it: its threshold is not lowered."""
    return spiking is found.layers[-1] and spiking.is_dense


def threshold_of(neuron: Neuron) -> float | None:
    """A neuron's own threshold, None if it has none."""
    parameter = parse_neuron(neuron).parameter(THRESHOLD)
    return None if parameter is None else parameter.value


def _normalised(layer: Operator, factor: float) -> Operator:
    """A layer with its weights scaled; a pooling layer as it is."""
    if isinstance(layer, Dense):
        return replace(layer, weights=normalise_weights(layer.weights, factor))
    if isinstance(layer, Convolution):
        return replace(layer, kernel=normalise_weights(layer.kernel, factor))
    return layer


def _network(
    graph: Graph,
    found: Survey,
    choice: NeuronChoice,
    options: AnnarchyOptions,
    layers: Sequence[_Layer],
) -> Network:
    """Populations and projections in layer order."""
    entry = found.input
    populations = [
        Population(entry.name, entry.shape, choice.encoding, role="input", origin=entry.origin)
    ]
    projections: list[Projection] = []
    for layer in layers:
        last = layer is layers[-1]
        spiking, before = layer.spiking, populations[-1]
        parameters = {} if layer.threshold is None else {THRESHOLD: np.asarray(layer.threshold)}
        if last:
            own = {parameter.name for parameter in parse_neuron(layer.neuron).parameters}
            shared = {name: value for name, value in choice.readout.parameters if name in own}
            parameters |= {name: np.asarray(value) for name, value in shared.items()}
        populations.append(
            Population(
                spiking.node.name,
                spiking.node.shape,
                layer.neuron,
                parameters,
                "output" if last else "hidden",
                spiking.node.origin,
            )
        )
        projections.append(
            Projection(
                f"{projection_kind(spiking)}_{len(populations)}",
                before.name,
                spiking.node.name,
                layer.operators,
                transmitted(spiking),
            )
        )
    stored = {field.name: _text(getattr(options, field.name)) for field in fields(options)}
    return Network(
        graph.name,
        tuple(populations),
        tuple(projections),
        choice.readout,
        dt=float(options.dt),
        steps=int(options.steps),
        input_scale=float(options.max_f),
        options={"preset": PRESET, **stored},
    )


def _text(value: object) -> str:
    """An option as it is stored in the network."""
    name = None if isinstance(value, str) else neuron_name(value)
    if name is not None:
        return name
    return repr(value.tolist()) if isinstance(value, np.ndarray) else str(value)


def _warn_of(graph: Graph, ignored: Sequence[LayerProblem]) -> None:
    """One warning that lists all problems, none if there are none."""
    if not ignored:
        return
    what = "1 property" if len(ignored) == 1 else f"{len(ignored)} properties"
    head = (
        f"Ignored {what} of {graph.name!r}, as on_unsupported='ignore' asks; the network computes "
        "something else than the model."
    )
    ordered = sorted(ignored, key=lambda entry: entry.index)
    text = "\n".join([head, *(f"  {entry}" for entry in ordered)])
    # The line that called `annconv.convert` or `load_keras_model`, five functions up.
    warnings.warn(text, ConversionWarning, stacklevel=6)
