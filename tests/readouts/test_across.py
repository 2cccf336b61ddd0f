"""Read-outs that compare output neurons before the end: the first to lead by some spikes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from batch import Job, Run, compile_batch
from zoo import STEPS, dense, samples

from annconv.errors import EquationError
from annconv.ir.network import Network
from annconv.live.engine import Engine
from annconv.live.presenting import present
from annconv.neurons.equations import parse_neuron
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions
from annconv.readouts import Readout, parse_readout
from annconv.reference.network import run_network
from annconv.reference.statistics import overall

LEAD = Readout(
    name="lead",
    observes=("count",),
    stop="count >= second(count) + k",
    score="count - mean(count)",
    parameters=(("k", 2.0),),
)
HEIGHT = Readout(
    name="height",
    observes=("v", "count"),
    stop="v == max(v) and v - second(v) > 0.75 and norm1(count) > 3",
    score="(v - min(v)) / (max(v) - min(v) + norm2(count)) + exp(v - logsumexp(v))",
)
READOUTS = {"lead": LEAD, "height": HEIGHT}
OPTIONS = CompileOptions(precision="double", threads=1, strict_warnings=True, compiler_level=0)


def read_by(name: str) -> Network:
    return replace(dense(), readout=READOUTS[name])


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    jobs = {name: Job(read_by(name), OPTIONS) for name in READOUTS}
    return compile_batch(jobs, tmp_path_factory.mktemp("across"))


def test_the_first_to_lead_by_two_ends_a_sample() -> None:
    """Counted from the spikes of a network that runs all its steps."""
    network = read_by("lead")
    given = samples(network, 12)
    whole = run_network(
        replace(network, readout=replace(LEAD, stop=None)), given, steps=STEPS, record=["classes"]
    )
    found = run_network(network, given, steps=STEPS)
    ends = []
    for sample, train in enumerate(whole.spikes["classes"]):
        steps = np.zeros((STEPS, 3))
        np.add.at(steps, (train[:, 0], train[:, 1]), 1.0)
        counts = np.sort(steps.cumsum(axis=0), axis=1)
        led = np.flatnonzero(counts[:, -1] - counts[:, -2] >= 2.0)
        ends.append(led[0] + 1 if led.size else STEPS)
        last = steps.cumsum(axis=0)[ends[-1] - 1]
        np.testing.assert_allclose(found.outputs[sample], last - last.mean())
    assert found.stopped_at.tolist() == ends
    assert len(set(ends)) > 2


@pytest.mark.compiles
@pytest.mark.parametrize("name", READOUTS)
def test_generated_code_reads_as_the_oracle(name: str, runs: dict[str, Run]) -> None:
    network = read_by(name)
    given = samples(network, 12)
    expected = run_network(network, given, steps=STEPS)
    received = runs[name](given, STEPS, 0)
    assert len(set(expected.stopped_at)) > 2
    np.testing.assert_array_equal(received.stopped_at, expected.stopped_at)
    np.testing.assert_array_equal(received.counts, expected.counts)
    np.testing.assert_allclose(received.outputs, expected.outputs, rtol=1e-12)


@pytest.mark.compiles
@pytest.mark.parametrize("name", READOUTS)
def test_a_live_network_reads_as_the_oracle(name: str) -> None:
    network = read_by(name)
    given = samples(network, 4)
    expected = run_network(network, given, steps=STEPS)
    rates = (given * network.input_scale).reshape(4, -1)
    received = present(Engine(network, OPTIONS, 0), rates, STEPS, None)
    np.testing.assert_allclose(received, expected.outputs, rtol=1e-12)


def test_exponentials_are_added_up_without_overflow() -> None:
    rows = np.array([[1.0, 2.0, 3.0], [1000.0, 999.0, -1000.0], [-5e4, -5e4, -5e4]])
    expected = [np.log(np.exp(rows[0]).sum()), 1000 + np.log1p(np.exp(-1.0)), np.log(3) - 5e4]
    np.testing.assert_allclose(overall("logsumexp", rows)[:, 0], expected, rtol=1e-15)


@pytest.mark.parametrize("function", ["second", "logsumexp"])
def test_a_neuron_knows_no_function_of_read_outs(function: str) -> None:
    with pytest.raises(EquationError, match=f"unknown function '{function}'"):
        parse_neuron(Neuron(equations=f"v = {function}(v)", spike="v > 1"))


def test_a_parameter_is_the_same_for_all_neurons() -> None:
    with pytest.raises(EquationError, match="unknown variable 'k'"):
        parse_readout(replace(LEAD, stop="count >= max(k)"))
