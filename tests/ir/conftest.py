"""Small graphs and networks that keep every rule, for tests that break one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from annconv.ir.activations import Bias, Function, PRelu, Relu, Softmax
from annconv.ir.graph import Graph, Input, Layer, Node
from annconv.ir.joins import Add, Concatenate, Maximum, Minimum, Multiply, Subtract
from annconv.ir.maps import AdaptiveMaxPool, Crop, Permute, Resample, TransposedConvolution
from annconv.ir.network import Network
from annconv.ir.operators import (
    Convolution,
    Dense,
    Gather,
    Increase,
    MaxPool,
    MeanPool,
    Pad,
    Reshape,
    Scale,
    Slice,
    Upsample,
)
from annconv.ir.origin import Origin
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.neuron import Neuron
from annconv.readouts.readout import Readout

ENCODER = Neuron(
    parameters="rates = 0.0 ; vt = 0.5 : population",
    equations="v = rates",
    spike="v > vt",
    name="Encoder",
)
FIRE = Neuron(
    parameters="vt = 1.0 : population",
    equations="dv/dt = g_exc : init = 0.0, min = -2.0",
    spike="v > vt",
    reset="v = 0.0",
    name="Fire",
)
COUNT = Readout(name="spike_count", score="count", observes=("count",), parameters=(("k", 5.0),))


def weights(*shape: int, dtype: type = np.float32) -> np.ndarray:
    """Numbers that differ, without randomness."""
    return (np.arange(np.prod(shape)).reshape(shape) / 8 - 1).astype(dtype)


@pytest.fixture
def network() -> Network:
    """input (4) -> hidden (3) -> output (2)."""
    return Network(
        name="tiny",
        populations=(
            Population(
                "input", (4,), ENCODER, role="input", origin=(Origin("in", 0, "InputLayer"),)
            ),
            Population("hidden", (3,), FIRE, {"vt": np.array([0.9, 1.0, 1.1])}),
            Population("output", (2,), FIRE, role="output"),
        ),
        projections=(
            Projection("a", "input", "hidden", (Dense(weights(4, 3)),)),
            Projection("b", "hidden", "output", (Dense(weights(3, 2)),)),
        ),
        readout=COUNT,
        class_names=("no", "yes"),
        options={"preset": "annarchy", "dt": "1.0"},
    )


@pytest.fixture
def every_operator() -> Network:
    """A network in which each operator stands once, one of them on a branch, and a junction."""
    chain = (
        Pad(((1, 1), (0, 0))),
        Convolution(weights(2, 2, 1, 4), (1, 1), ((0, 1), (1, 0)), (1, 1)),
        MeanPool((2, 2), (2, 2), ((0, 0), (0, 0))),
        Upsample((2, 1)),
        Scale(weights(4, dtype=np.float64)),
    )
    pooled = (MaxPool((2, 2), (1, 1), ((0, 1), (0, 1))), Increase())
    moved = np.maximum(np.arange(-8, 48), -1).reshape(56, 1)
    return Network(
        name='branches "x"); \n é \ud800',
        populations=(
            Population("input", (4, 4, 1), ENCODER, role="input"),
            Population("left", (6, 2, 4), FIRE, {"vt": np.float32(0.5)}),
            Population("right", (4, 4, 1), FIRE),
            Population("sum", (56, 1), None, role="linear"),
            Population("output", (2,), FIRE, role="output"),
        ),
        projections=(
            Projection("1", "input", "left", chain),
            Projection("2", "input", "right", pooled),
            Projection("3", "left", "sum", (Reshape((48,)), Slice(0, 56), Reshape((56, 1)))),
            Projection(
                "4", "right", "sum", (Reshape((16,)), Dense(weights(16, 56)), Reshape((56, 1)))
            ),
            Projection("5", "sum", "output", (Reshape((56,)), Dense(weights(56, 2))), delay=0),
            Projection("6", "left", "sum", (Gather(moved),)),
        ),
        readout=COUNT,
        dt=0.1,
        steps=7,
        input_scale=100.0,
    )


@pytest.fixture
def graph() -> Graph:
    """Two branches of a picture, added, joined with the picture, and classified."""
    origin = (Origin("layer", 1, "Layer"),)

    def node(name: str, layer: object, inputs: tuple[str, ...], shape: tuple[int, ...]) -> Node:
        return Node(name, layer, inputs, shape, origin)

    return Graph(
        name="branches",
        nodes=(
            node("in", Input(), (), (2, 2, 1)),
            node("scale", Scale(np.float64(2)), ("in",), (2, 2, 1)),
            node("add", Add(), ("in", "scale"), (2, 2, 1)),
            node("both", Concatenate(), ("add", "in"), (2, 2, 2)),
            node("bias", Bias(weights(2)), ("both",), (2, 2, 2)),
            node("relu", Relu(maximum=6.0), ("bias",), (2, 2, 2)),
            node("flat", Reshape((8,)), ("relu",), (8,)),
            node("dense", Dense(weights(8, 3)), ("flat",), (3,)),
            node("softmax", Softmax(), ("dense",), (3,)),
        ),
        outputs=("softmax",),
        layers=(Origin("in", 0, "InputLayer"), *origin),
    )


@pytest.fixture
def other_layers() -> tuple[Layer, ...]:
    """What nodes can compute that neither `graph` nor `every_operator` holds."""
    return (
        Subtract(),
        Multiply(),
        Maximum(),
        Minimum(),
        PRelu(weights(2, 1, 3)),
        Function("elu", (("alpha", 0.5),)),
        TransposedConvolution(weights(3, 2, 4, 5), (2, 1), (1, 1), (1, 0), (7, 4)),
        Crop(((1, 0), (0, 2))),
        Permute((1, 0)),
        Resample((weights(3, 2), weights(4, 5))),
        AdaptiveMaxPool((2, 3)),
    )


@pytest.fixture
def broken_rules() -> Callable[[Network | Graph], list[str]]:
    """The names of the rules that a network or graph breaks, each once."""

    def run(subject: Network | Graph) -> list[str]:
        from annconv.errors import VerifyError

        try:
            subject.verify()
        except VerifyError as error:
            return sorted({violation.rule for violation in error.violations})
        return []

    return run
