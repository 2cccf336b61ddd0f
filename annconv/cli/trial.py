"""The trial of `annconv doctor`: a tiny network is built, run, and compared with the oracle's."""

from __future__ import annotations

import uuid
from dataclasses import replace

import numpy as np

from annconv.build.builder import build_extension
from annconv.build.cache import Cache
from annconv.build.pruning import remove
from annconv.codegen.render import render_network
from annconv.environment import Environment
from annconv.errors import AnnconvError
from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.plan.packing import pack
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network
from annconv.runtime.compiled import CompiledNetwork
from annconv.runtime.extension import open_network

_STEPS = 24
_INPUT, _OUTPUT = "in", "out"


def trial(environment: Environment) -> str:
    """Build a tiny network anew, run it, ask the oracle, and remove it from the cache.

    Args:
        environment: Which compiler is used, and where the cache is.
    Raises:
        AnnconvError: It cannot be built or loaded, or its spikes are not the oracle's.
    """
    network, options = tiny_network(), CompileOptions()
    lowered, plan = lower(network, options)
    mark = uuid.uuid4().hex  # so that it is built although it was before
    artifact = build_extension(
        {**render_network(plan), "doctor.hpp": f"// {mark}\n"},
        options,
        identity=mark,
        environment=replace(environment, keep=None),
        label=network.name,
    )
    try:
        native = open_network(artifact.path, artifact.key, pack(plan, lowered))
        compare(CompiledNetwork(network, options, plan, native), network)
    finally:
        remove(Cache(environment.cache), artifact.key)
    return "built, and spikes as the oracle does"


def compare(compiled: CompiledNetwork, network: Network) -> None:
    """Run a compiled network and the oracle's on the same samples.

    Args:
        compiled: What was compiled.
        network: What it should do; three inputs.
    Raises:
        AnnconvError: Spikes or labels differ.
    """
    samples = np.array([[0.25, 0.5, 0.75], [1.0, 0.125, 0.0], [0.5, 0.875, 0.25]])
    record = (_INPUT, _OUTPUT)
    expected = run_network(network, samples, steps=_STEPS, record=record)
    received = compiled.run(samples, steps=_STEPS, record=record)
    differing = [
        name
        for name in record
        if not all(map(np.array_equal, expected.spikes[name], received.spikes[name]))
    ]
    if differing or not np.array_equal(expected.labels, received.labels):
        raise AnnconvError(
            f"the test network ran, but not as it should: expected labels "
            f"{expected.labels.tolist()}, received {received.labels.tolist()}; spikes differ in "
            f"{' and '.join(differing) or 'no population'}. Instead: set CXX to another compiler, "
            "and report this one."
        )


def tiny_network() -> Network:
    """Three inputs onto three classes; every value is a sum of few powers of 2, so no tie is."""
    ramp = Neuron(
        name="Ramp",
        parameters="rates = 0.0",
        equations="v = v + rates : init = 0.0",
        spike="v >= 1.0",
        reset="v = v - 1.0",
    )
    leaky = Neuron(
        name="Leaky",
        equations="v = 0.5*v + g_exc : init = 0.0",
        spike="v > 0.875",
        reset="v = 0.0",
    )
    weights = np.array([[0.75, 0.25, -0.5], [-0.25, 1.0, 0.5], [0.5, -0.5, 0.625]], np.float32)
    return Network(
        name="doctor",
        populations=(
            Population(_INPUT, (3,), ramp, role="input"),
            Population(_OUTPUT, (3,), leaky, role="output"),
        ),
        projections=(Projection("weights", _INPUT, _OUTPUT, (Dense(weights),)),),
        readout=READOUTS["spike_count"],
        steps=_STEPS,
        dt=1.0,
    )
