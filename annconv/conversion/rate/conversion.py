"""Preset `rate`: any model as a network whose outputs become the model's own, step by step.

A value of the model is a count of spikes, times what a spike is worth, divided by the steps so far.
Populations stand only where the model is not linear. `docs/rate.md` has the equations.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields

import numpy as np

from annconv.conversion.calibration.activations import gather_activations
from annconv.conversion.calibration.potentials import correct_potentials
from annconv.conversion.calibration.thresholds import RULES, thresholds
from annconv.conversion.graph import simplify
from annconv.conversion.rate.network import NetworkBuilder, population_names, spiking_nodes
from annconv.conversion.rate.neurons import RECTIFIER, START, THETA, neuron_of
from annconv.conversion.rate.refusals import refusals
from annconv.conversion.refusal import Takers, problem, unsupported
from annconv.conversion.sections import Sections, find_sections
from annconv.errors import InputError, LayerProblem, OptionError
from annconv.ir.activations import Relu
from annconv.ir.arrays import FloatArray
from annconv.ir.graph import Graph, Input, Layer
from annconv.ir.network import Network
from annconv.ir.samples import prepare_samples
from annconv.options import RateOptions
from annconv.printing import progress_bar
from annconv.reference.graph import run_graph

PRESET = "rate"
"""Its name."""

CORRECTED = 256
"""Calibration samples, evenly spaced, whose mean errors are corrected."""
CORRECTED_VALUES = 2**26
"""Fewer of them where a population's inputs over all steps would be more numbers than this."""


def check_options(options: RateOptions, other_faults: Iterable[str] = ()) -> None:
    """Check what the class of options cannot say by itself.

    Raises:
        OptionError: Lists all faults, `other_faults` among them.
    """
    faults = list(other_faults)
    if options.calibration is None:
        faults.append(
            "calibration: expected samples as the model takes them, received None. Pass some "
            "hundred of those it was trained on, calibration=X_train[:500]; labels are not needed."
        )
    if faults:
        raise OptionError(faults)


def convert(
    graph: Graph,
    options: RateOptions,
    takers: Takers,
    *,
    ignored: Sequence[LayerProblem],
    problems: Sequence[LayerProblem],
) -> Network:
    """The spiking network of a trained model; arguments and errors as `presets.convert_graph`."""
    simple = graph if problems else simplify(graph)
    refused = [problem(entry, takers) for entry in refusals(simple)]
    if problems or refused:
        raise unsupported(graph, (*problems, *refused))
    samples = _calibration(graph, options.calibration)
    sections = find_sections(simple)
    nodes = spiking_nodes(sections)
    work = 2 * len(samples) + (len(sections.points) if options.potential_correction else 0)
    with progress_bar(work, options.progress) as update:
        told = _Told(update)
        found = gather_activations(simple, nodes, samples, told)
        rule = RULES[options.thresholds]
        thetas = {
            node.name: _bounded(node.layer, thresholds(found[node.name], options.steps, rule))
            for node in nodes
        }
        network = NetworkBuilder(sections, thetas).network(
            options.steps, {"preset": PRESET, **_stored(options, samples)}
        )
        if options.potential_correction:
            network = _corrected(network, sections, samples, options.steps, told)
    network.verify()
    return network


class _Told:
    """Adds up what is done, for a progress bar that takes totals."""

    def __init__(self, update: Callable[[int], None] | None) -> None:
        self._update, self._done = update, 0

    def __call__(self, done: int) -> None:
        self._done += done
        if self._update is not None:
            self._update(self._done)


def _calibration(graph: Graph, given: object) -> FloatArray:
    """Calibration samples as the model's input takes them.

    Raises:
        InputError: They do not fit the model, or there are none.
    """
    entry = next(node for node in graph.nodes if isinstance(node.layer, Input))
    samples = prepare_samples(given, entry.shape, what="calibration")
    if not len(samples):
        raise InputError(
            "calibration", expected="at least one sample, better some hundred", received="none"
        )
    return samples


def _bounded(layer: Layer, thetas: FloatArray) -> FloatArray:
    """Thresholds of rectifiers are no larger than the maximum of their ReLU, where they cut."""
    if not isinstance(layer, Relu) or layer.maximum is None or neuron_of(layer) != RECTIFIER:
        return thetas
    return np.minimum(thetas, layer.maximum)


def _corrected(
    network: Network, sections: Sections, samples: FloatArray, steps: int, told: _Told
) -> Network:
    """The network with corrected membrane potentials of its rectifiers at the start.

    Those of channels with one value a sample stay: its mean over some hundred of them says little.
    """
    largest = max(entry.size for entry in network.populations)
    count = min(CORRECTED, max(1, CORRECTED_VALUES // (steps * largest)), len(samples))
    part = samples[np.linspace(0, len(samples) - 1, count).astype(np.int64)]
    with np.errstate(all="ignore"):  # the output may leave the numbers
        values = run_graph(sections.graph, part)
    names = population_names(sections)
    means = {
        names[node.name]: values[node.name].reshape(-1, node.shape[-1]).mean(axis=0)
        for node in spiking_nodes(sections)
        if network[names[node.name]].neuron == RECTIFIER and math.prod(node.shape[:-1]) > 1
    }
    rates = part.astype(np.float64)
    return correct_potentials(network, rates, steps, means, worth=THETA, start=START, told=told)


def _stored(options: RateOptions, samples: FloatArray) -> dict[str, str]:
    """The options as text; of calibration samples how many there were, and their digest."""
    texts = {entry.name: str(getattr(options, entry.name)) for entry in fields(options)}
    digest = hashlib.sha256(np.ascontiguousarray(samples).tobytes()).hexdigest()[:12]
    del texts["progress"]
    return {**texts, "calibration": f"{len(samples)} samples, SHA-256 {digest}"}
