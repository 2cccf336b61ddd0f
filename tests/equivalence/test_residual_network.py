"""A residual network written by hand, as a rate code will have it: no preset made it.

It has biases, thresholds per channel, signed spikes, delay 0, a junction with two readers, residual
Adds, and `Increase` behind `MaxPool` of counts. What it computes is known from elsewhere: outputs
over steps are those of the ReLU network of the same weights, and closer the more steps there are.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from batch import Job, Run, compile_batch

from annconv.ir.arrays import FloatArray
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, Increase, MaxPool, Operator, Reshape, Scale
from annconv.ir.population import Population
from annconv.ir.projection import SPIKES, Projection
from annconv.ir.signals import signals_of
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower, network_of
from annconv.plan.kernels import LayerKernel
from annconv.readouts import READOUTS
from annconv.reference.network import run_network

STEPS = 256
CHANNELS = 16
SAMPLES = 3

CURRENT = Neuron(
    name="Current",
    parameters="rates = 0.0",
    equations="v += rates : init = 0.5",
    spike="v >= 1.0",
    reset="v -= 1.0",
)
RECTIFIED = Neuron(
    name="Rectified",
    parameters="vt = 1.0 ; bias = 0.0 ; start = 0.5 ; n = 0.0",
    equations="v += g_exc + bias : init = start",
    spike="v >= vt",
    reset="v -= vt ; n += 1.0",
    unspike="v < 0.0 and n > 0.0",
    unreset="v += vt ; n -= 1.0",
)
ACCUMULATED = Neuron(name="Accumulated", parameters="bias = 0.0", equations="v += g_exc + bias")


class Model:
    """Weights of the network; all on a grid, so that sums in double precision are exact."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)

        def weights(*shape: int, scale: float) -> FloatArray:
            return np.round(rng.normal(0.0, scale, shape) * 64) / 64

        self.stem = weights(3, 3, 1, CHANNELS, scale=0.5)
        self.first = weights(3, 3, CHANNELS, CHANNELS, scale=0.1)
        self.second = weights(3, 3, CHANNELS, CHANNELS, scale=0.1)
        self.classes = weights(2 * 16 * CHANNELS, 4, scale=0.2)
        self.bias = [weights(CHANNELS, scale=0.1) for _ in range(5)]
        self.theta = [1.0 + np.round(rng.random(CHANNELS) * 16) / 8 for _ in range(5)]
        self.samples = np.round(rng.random((SAMPLES, 8, 8, 1)) * 16) / 16

    def network(self) -> Network:
        theta = self.theta
        neurons = [
            {"vt": values, "bias": bias, "start": values / 2}
            for values, bias in zip(theta, self.bias, strict=True)
        ]
        same = (1, 1), ((1, 1), (1, 1)), (1, 1), 1

        def into(kernel: FloatArray, before: FloatArray | float) -> Convolution:
            return Convolution(kernel * np.reshape(before, (-1, 1)), *same)

        def scaled(before: FloatArray, sign: float = 1.0) -> tuple[Operator, ...]:
            return (Scale(sign * before),)

        small = (4, 4, CHANNELS)
        pool = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
        flat = Reshape((16 * CHANNELS,))
        half = 16 * CHANNELS

        def onto_classes(rows: FloatArray, before: FloatArray) -> tuple[Operator, ...]:
            return (Scale(before), flat, Dense(rows))

        populations = (
            Population("image", (8, 8, 1), CURRENT, role="input"),
            Population("stem", (8, 8, CHANNELS), RECTIFIED, neurons[0]),
            Population("body", small, RECTIFIED, neurons[1]),
            Population("join", small, RECTIFIED, neurons[2]),
            Population("sum", small, None, role="linear"),
            Population("on", small, RECTIFIED, neurons[3]),
            Population("off", small, RECTIFIED, neurons[4]),
            Population("classes", (4,), ACCUMULATED, {"bias": np.array(0.25)}, role="output"),
        )
        counted = (pool, Increase())
        links: tuple[tuple[str, str, str, tuple[Operator, ...], str], ...] = (
            ("to_stem", "image", "stem", (into(self.stem, 1.0),), SPIKES),
            ("to_body", "stem", "body", (*counted, into(self.first, theta[0])), "n"),
            ("to_join", "body", "join", (into(self.second, theta[1]),), SPIKES),
            ("around", "body", "join", scaled(theta[1]), SPIKES),
            ("to_sum", "join", "sum", (into(self.first, theta[2]),), SPIKES),
            ("around_too", "body", "sum", scaled(theta[1]), SPIKES),
            ("to_on", "sum", "on", (), SPIKES),
            ("to_off", "sum", "off", (Scale(np.array(-1.0)),), SPIKES),
            ("from_on", "on", "classes", onto_classes(self.classes[:half], theta[3]), SPIKES),
            ("from_off", "off", "classes", onto_classes(self.classes[half:], theta[4]), SPIKES),
        )
        return Network(
            name="residual",
            populations=populations,
            projections=tuple(
                Projection(name, pre, post, operators, what, delay=0)
                for name, pre, post, operators, what in links
            ),
            readout=READOUTS["membrane_potential"],
            steps=STEPS,
        )

    def outputs(self) -> FloatArray:
        """(samples, classes): what the ReLU network of these weights computes."""

        def convolved(values: FloatArray, kernel: FloatArray) -> FloatArray:
            padded = np.pad(values, ((0, 0), (1, 1), (1, 1), (0, 0)))
            windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
            return np.einsum("sxycij,ijcf->sxyf", windows, kernel)

        def relu(values: FloatArray, bias: FloatArray) -> FloatArray:
            return np.maximum(values + bias, 0.0)

        stem = relu(convolved(self.samples, self.stem), self.bias[0])
        # a neuron spikes once a step at most
        stem = np.minimum(stem, self.theta[0])
        pooled = stem.reshape(SAMPLES, 4, 2, 4, 2, CHANNELS).max(axis=(2, 4))
        body = np.minimum(relu(convolved(pooled, self.first), self.bias[1]), self.theta[1])
        joined = np.minimum(relu(convolved(body, self.second) + body, self.bias[2]), self.theta[2])
        total = convolved(joined, self.first) + body
        both = [
            np.minimum(relu(sign * total, self.bias[place]), self.theta[place])
            for place, sign in ((3, 1.0), (4, -1.0))
        ]
        flat = np.concatenate([values.reshape(SAMPLES, -1) for values in both], axis=1)
        return flat @ self.classes + 0.25


WAYS = {
    "fused": CompileOptions(precision="double", threads=1, strict_warnings=True, compiler_level=0),
    "two threads": CompileOptions(
        precision="double", threads=2, strict_warnings=True, compiler_level=0, tile=7
    ),
    "plain": CompileOptions(
        precision="double", threads=1, strict_warnings=True, compiler_level=0, optimize=0
    ),
    "int16": CompileOptions(precision="int16", threads=1, strict_warnings=True, compiler_level=0),
}


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(3)


@pytest.fixture(scope="module")
def runs(model: Model, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    jobs = {name: Job(model.network(), options) for name, options in WAYS.items()}
    return compile_batch(jobs, tmp_path_factory.mktemp("residual"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.compiles
def test_generated_code_spikes_as_the_oracle(model: Model, way: str, runs: dict[str, Run]) -> None:
    network, whole = network_of(model.network(), WAYS[way]), WAYS[way].precision == "int16"
    real = np.float32 if whole else np.float64
    expected = run_network(network, model.samples, steps=60, real=real)
    received = runs[way](model.samples, 60, 0)
    np.testing.assert_array_equal(received.outputs, expected.outputs)


def test_the_increase_of_pooled_counts_is_a_spike(model: Model) -> None:
    network = model.network()
    counts, pooled, increase, _ = signals_of(network)["to_body"]
    assert [counts.kind, pooled.kind, increase.kind] == ["count", "count", "signed"]
    whole = {
        entry.name
        for entry in network_of(network, WAYS["int16"]).projections
        if any(isinstance(item, Convolution) and item.whole for item in entry.operators)
    }
    assert "to_body" in whole


@pytest.mark.compiles
def test_outputs_become_those_of_the_relu_network(model: Model, runs: dict[str, Run]) -> None:
    errors = [
        np.abs(runs["fused"](model.samples, steps, 0).outputs / steps - model.outputs()).max()
        for steps in (16, 64, 256, 1024)
    ]
    assert np.abs(model.outputs()).max() > 1.0
    assert errors[-1] < 0.01
    assert all(later < earlier / 2 for earlier, later in pairwise(errors))


def test_the_residual_add_of_signed_spikes_is_a_layer(model: Model) -> None:
    network, plan = lower(model.network(), WAYS["fused"])
    arrivals = {
        network.populations[kernel.update.population].name: [
            (arrival.function, arrival.signed) for arrival in kernel.arrivals
        ]
        for kernel in plan.kernels
        if isinstance(kernel, LayerKernel)
    }
    assert arrivals["join"] == [("ConvolutionSource", True), ("ElementSource", True)]
