"""Layers that are alike share one structure and one function; others never do."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from annconv.codegen.render import render_network
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, Operator, Reshape
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN, IaF
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network
from annconv.runtime.compiled import compile_network

SLOW = replace(IaF, name="Slow", equations=IaF.equations.replace("g_exc", "0.5*g_exc"))
LAYERS = CompileOptions(precision="double", vector_bits=256, tile=8, compiler_level=1)
STEPS = 40


def conv(seed: int, channels: int = 6, size: int = 3) -> Convolution:
    rng = np.random.default_rng(seed)
    kernel = rng.integers(-4, 9, size=(size, size, 6, channels)) / 16.0
    return Convolution(kernel, (1, 1), ((size // 2, size // 2),) * 2, (1, 1))


def network(*layers: tuple[Operator, Neuron]) -> Network:
    """A chain on a picture of 5 x 5 x 6, with a full matrix behind it."""
    geometry: tuple[int, ...] = (5, 5, 6)
    populations = [Population("image", geometry, ENCODINGS["IB"], role="input")]
    projections = []
    for number, (operator, neuron) in enumerate(layers):
        geometry = operator.output_geometry(geometry) or ()
        name = f"layer_{number}"
        populations.append(Population(name, geometry, neuron))
        before = populations[-2].name
        projections.append(Projection(f"to_{name}", before, name, (operator,), "spikes", "exc", 1))
    size = int(np.prod(geometry))
    votes = np.random.default_rng(3).integers(-4, 9, size=(size, 4)) / 64.0
    populations.append(Population("classes", (4,), HIDDEN["IaF"], role="output"))
    last = (Reshape((size,)), Dense(votes))
    projections.append(
        Projection("to_classes", populations[-2].name, "classes", last, "spikes", "exc", 1)
    )
    return Network(
        "alike", tuple(populations), tuple(projections), READOUTS["spike_count"], steps=STEPS,
        input_scale=80.0,
    )  # fmt: skip


def structures(net: Network, options: CompileOptions = LAYERS) -> list[str]:
    """Names of the structures of neurons of all layers on 3 x 3 windows."""
    text = "\n".join(render_network(lower(net, options)[1]).values())
    return re.findall(r"^struct (Layer\d\w*Neuron) {", text, flags=re.MULTILINE)


def test_layers_that_are_alike_share_their_code() -> None:
    assert structures(network(*((conv(seed), IaF) for seed in range(5)))) == ["Layer0Neuron"]


@pytest.mark.parametrize(
    "other",
    [(conv(2, channels=7), IaF), (conv(2, size=5), IaF), (conv(2), SLOW)],
    ids=["other shape", "other window", "other neuron"],
)
def test_others_have_their_own(other: tuple[Operator, Neuron]) -> None:
    assert structures(network((conv(1), IaF), other)) == ["Layer0Neuron", "Layer1Neuron"]


def test_parameters_of_their_own_are_data() -> None:
    """A parameter that is one number is told apart from one for each channel by its place."""
    net = network((conv(1), IaF), (conv(2), IaF))
    populations = list(net.populations)
    populations[2] = replace(populations[2], parameters={"vt": np.array(0.75)})
    assert len(structures(replace(net, populations=tuple(populations)))) == 1
    free = replace(
        IaF, name="Free", parameters=IaF.parameters.replace("vt = 1.0 : population", "vt = 1.0")
    )
    net = network((conv(1), free), (conv(2), free))
    populations = list(net.populations)
    populations[2] = replace(populations[2], parameters={"vt": np.linspace(0.5, 1.0, 6)})
    assert len(structures(replace(net, populations=tuple(populations)))) == 2


@pytest.mark.compiles
def test_each_computes_with_its_own_data() -> None:
    """Five alike, one behind a pooling; the others between them are not."""
    pool = MaxPool((2, 2), (1, 1), ((0, 0), (0, 0)))
    layers = [(conv(0), IaF), (conv(1), IaF), (conv(2), SLOW), (conv(3), IaF), (pool, IaF)]
    net = network(*layers)
    samples = np.random.default_rng(5).random((4, *net.input.geometry))
    names = [entry.name for entry in net.populations]
    expected = run_network(net, samples, steps=STEPS, record=names)
    compiled = compile_network(net, LAYERS)
    recorded = compiled.run(samples, record=names)
    assert expected.counts.any()
    np.testing.assert_array_equal(compiled.run(samples).counts, expected.counts)
    np.testing.assert_array_equal(recorded.counts, expected.counts)
    for name in names:
        for ours, theirs in zip(recorded.spikes[name], expected.spikes[name], strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert sum(map(len, expected.spikes[name])) > 0
