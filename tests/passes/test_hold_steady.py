"""What is the same in every step is computed once a sample, and only that."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from batch import Job, Run, compile_batch

from annconv.ir.network import Network
from annconv.ir.operators import (
    Convolution,
    Dense,
    Increase,
    MaxPool,
    Operator,
    Reshape,
    Scale,
    Slice,
)
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import HIDDEN
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.passes.pipeline import lower, network_of
from annconv.plan.kernels import OperatorKernel
from annconv.readouts import READOUTS
from annconv.reference.network import run_network

STEPS = 20
CURRENT = Neuron(
    name="Current",
    parameters="rates = 0.0 ; gain = 0.5",
    equations="x = gain * rates : min = 0.125\nv += rates",
    spike="v >= 1.0",
    reset="v -= 1.0",
)
"""`x` is one value for a whole sample; spikes are not."""
OPTIONS = CompileOptions(precision="double", threads=1, strict_warnings=True, compiler_level=0)
WEIGHTS = np.arange(72.0).reshape(3, 3, 2, 4) % 7 / 8 - 0.25
CONVOLUTION = Convolution(WEIGHTS, (1, 1), ((1, 1), (1, 1)), (1, 1))


def network(*chains: tuple[tuple[Operator, ...], str], delay: int = 0) -> Network:
    """Chains from 5 x 5 x 2 inputs onto one population, which is read by four classes."""
    classes = (Reshape((100,)), Dense(np.arange(400.0).reshape(100, 4) % 9 / 16))
    return Network(
        "steady",
        (
            Population("in", (5, 5, 2), CURRENT, {}, "input"),
            Population("hidden", (5, 5, 4), HIDDEN["IaF"]),
            Population("out", (4,), HIDDEN["IaF"], {}, "output"),
        ),
        (
            *(
                Projection(f"chain{number}", "in", "hidden", operators, transmits, delay=delay)
                for number, (operators, transmits) in enumerate(chains)
            ),
            Projection("classes", "hidden", "out", classes, delay=delay),
        ),
        READOUTS["spike_count"],
        steps=STEPS,
    )


def added() -> Network:
    """A current, and spikes that add to it in every step."""
    return network(((CONVOLUTION,), "x"), ((CONVOLUTION,), "spikes"))


def shared() -> Network:
    """A junction of currents, with a reader that is steady and one that asks for its increase."""
    alone = network(((CONVOLUTION,), "x"))
    first = alone.projections[0]
    pool = MaxPool((3, 3), (1, 1), ((1, 1), (1, 1)))
    return replace(
        alone,
        populations=(
            alone.populations[0],
            Population("sum", (5, 5, 4), None, role="linear"),
            *alone.populations[1:],
        ),
        projections=(
            replace(first, name="one", post="sum"),
            replace(first, name="two", post="sum", operators=(CONVOLUTION, Scale(np.array(0.5)))),
            Projection("read", "sum", "hidden", (pool,), delay=0),
            Projection("grown", "sum", "hidden", (Increase(),), delay=0),
            *alone.projections[1:],
        ),
    )


NETWORKS = {
    "a current": network(((CONVOLUTION, MaxPool((1, 1), (1, 1), ((0, 0), (0, 0)))), "x")),
    "a current and spikes": added(),
    "a junction": shared(),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    jobs = {
        f"{name} {tile}": Job(entry, replace(OPTIONS, tile=tile))
        for name, entry in NETWORKS.items()
        for tile in (1, 7)
    }
    return compile_batch(jobs, tmp_path_factory.mktemp("steady"))


@pytest.mark.compiles
@pytest.mark.parametrize("frames", [False, True], ids=["constant", "frames"])
@pytest.mark.parametrize("tile", [1, 7])
@pytest.mark.parametrize("name", NETWORKS)
def test_spikes_are_the_oracles(name: str, tile: int, frames: bool, runs: dict[str, Run]) -> None:
    rng = np.random.default_rng(5)
    shape = (3, STEPS, 5, 5, 2) if frames else (3, 5, 5, 2)
    samples = np.round(rng.random(shape) * 16) / 16
    expected = run_network(NETWORKS[name], samples, steps=STEPS, frames=frames)
    received = runs[f"{name} {tile}"](samples, STEPS, 0, frames=frames)
    assert expected.counts.any()
    np.testing.assert_array_equal(received.counts, expected.counts)
    np.testing.assert_array_equal(received.outputs, expected.outputs)


@pytest.mark.compiles
@pytest.mark.parametrize("pooled", [False, True])
def test_a_trace_of_a_current_rounds_once_in_integers(
    pooled: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A factor and the trace that takes up its product are one operation."""
    pool = (MaxPool((3, 3), (1, 1), ((1, 1), (1, 1))),) if pooled else ()
    made = network(((*pool, Slice(1, 4), Scale(np.array([0.1, 0.3, 0.7, 0.9]))), "x"))
    traced = replace(made.projections[0], trace_decay=0.9)
    made = replace(made, projections=(traced, *made.projections[1:]))
    options = replace(OPTIONS, precision="int16")
    run = compile_batch({"": Job(made, options)}, tmp_path_factory.mktemp("traced"))[""]
    samples = np.random.default_rng(5).random((3, 5, 5, 2))
    whole = network_of(made, options)
    expected = run_network(whole, samples, steps=STEPS, real=np.float32)
    assert expected.counts.any()
    np.testing.assert_array_equal(run(samples, STEPS, 0).counts, expected.counts)


def once(made: Network) -> list[str]:
    """The functions of the kernels that run once a sample."""
    kernels = lower(made, OPTIONS)[1].kernels
    return [
        kernel.function
        for kernel in kernels
        if isinstance(kernel, OperatorKernel) and kernel.runs == "sample"
    ]


def test_a_current_is_convolved_and_pooled_once() -> None:
    assert once(NETWORKS["a current"]) == ["convolve", "max_pool"]


def test_what_adds_to_it_runs_in_every_step() -> None:
    assert once(added()) == ["convolve"]


def test_a_junction_keeps_what_another_asks_for_in_every_step() -> None:
    assert once(shared()) == ["convolve", "convolve", "max_pool"]


def test_what_is_delayed_differs_in_the_first_step() -> None:
    assert once(network(((CONVOLUTION,), "x"), delay=1)) == []


@pytest.mark.parametrize(
    "equations",
    ["x = rates + t", "x = rates + Uniform(0, 1)", "x += rates", "dx/dt = rates", "x = mean(x)"],
)
def test_what_changes_between_steps_is_not_steady(equations: str) -> None:
    changing = Neuron(name="Changing", parameters="rates = 0.0", equations=equations)
    entry = replace(network(((CONVOLUTION,), "x")).populations[0], neuron=changing)
    made = network(((CONVOLUTION,), "x"))
    made = replace(made, populations=(entry, *made.populations[1:]))
    made.verify()
    assert once(made) == []


def test_what_a_spike_changes_is_not_steady() -> None:
    spiking = Neuron(
        name="Spiking",
        parameters="rates = 0.0",
        equations="x = rates",
        spike="x > 0",
        reset="x = 0",
    )
    made = network(((CONVOLUTION,), "x"))
    entry = replace(made.populations[0], neuron=spiking)
    assert once(replace(made, populations=(entry, *made.populations[1:]))) == []
