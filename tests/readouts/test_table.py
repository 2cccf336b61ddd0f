"""When each read-out stops, what it scores, and which are refused."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from annconv.errors import EquationError, OptionError
from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.equations import parse_neuron
from annconv.neurons.library import OUTPUTS
from annconv.neurons.neuron import Neuron
from annconv.readouts import READOUTS, Readout, parse_readout
from annconv.readouts.table import merge
from annconv.reference.network import run_network

EVERY_STEP = Neuron(parameters="rates = 0.0", equations="v = rates", spike="v > 0.0")


def test_every_read_out_has_its_own_name():
    assert isinstance(READOUTS, MappingProxyType)
    assert all(name == readout.name for name, readout in READOUTS.items())


CASES = [
    (READOUTS["spike_count"], 8, [3, 7], [3.0, 7.0], 1),
    (READOUTS["time_to_first_spike"], 2, [0, 1], [0.0, 1.0], 1),
    (READOUTS["time_to_k_spikes"].with_parameters(k=3), 4, [1, 3], [1.0, 3.0], 1),
    (READOUTS["membrane_potential"], 8, [0, 0], [5.25, 10.5], 1),
]


def test_every_read_out_has_a_case():
    assert {readout.name for readout, *_ in CASES} == set(READOUTS)


@pytest.mark.parametrize(
    ("readout", "steps", "counts", "scores", "label"),
    CASES,
    ids=lambda value: getattr(value, "name", ""),
)
def test_when_it_stops_and_what_wins(readout, steps, counts, scores, label):
    """The input spikes in every step, which adds .75 and 1.5 from the second step on; 1 is passed
    in every second step, and in each."""
    neuron = OUTPUTS[readout.neuron or "IaF"]
    parameters = {name: np.asarray(value) for name, value in readout.parameters}
    network = Network(
        name="two classes",
        populations=(
            Population("in", (1,), EVERY_STEP, {}, "input"),
            Population("out", (2,), neuron, parameters, "output"),
        ),
        projections=(Projection("w", "in", "out", (Dense(np.array([[0.75, 1.5]])),)),),
        readout=readout,
    )
    result = run_network(network, np.ones((1, 1)), steps=8)
    assert result.stopped_at.tolist() == [steps]
    assert result.counts.tolist() == [counts]
    assert result.outputs.tolist() == [scores]
    assert result.labels.tolist() == [label]


def test_output_neurons_have_what_is_observed():
    for readout in READOUTS.values():
        for name in readout.observes if readout.neuron else ():
            model = parse_neuron(OUTPUTS[readout.neuron])
            assert name == "count" or model.variable(name) is not None


def test_k_is_a_parameter():
    readout = READOUTS["time_to_k_spikes"]
    assert readout.parameters == (("k", 5.0),)
    assert readout.with_parameters(k=3).parameters == (("k", 3.0),)


def test_other_parameters_are_refused():
    with pytest.raises(OptionError) as caught:
        READOUTS["time_to_k_spikes"].with_parameters(K=3, n=1)
    assert caught.value.faults == (
        "read-out 'time_to_k_spikes': no parameter 'K'. Nearest: 'k'. Known: 'k'.",
        "read-out 'time_to_k_spikes': no parameter 'n'. Known: 'k'.",
    )
    with pytest.raises(OptionError, match="no parameter 'k'. It has none."):
        READOUTS["spike_count"].with_parameters(k=3)


@pytest.mark.parametrize(
    ("readout", "text"),
    [
        (
            Readout("mine", score="count + v", observes=("count",)),
            "read-out 'mine', score, line 1: unknown name 'v'",
        ),
        (
            Readout("mine", score="count", observes=("count",), stop="count >= k"),
            "read-out 'mine', stop, line 1: unknown name 'k'",
        ),
        (
            Readout("mine", score="count", observes=("count",), stop="count = 1"),
            "read-out 'mine', stop, line 1: '=' assigns, and stands once in an equation",
        ),
    ],
)
def test_refused(readout, text):
    with pytest.raises(EquationError) as caught:
        parse_readout(readout)
    assert str(caught.value).startswith(text)


def test_two_readouts_of_one_name():
    readout = READOUTS["spike_count"]
    with pytest.raises(ValueError, match="two read-outs are called 'spike_count'"):
        merge([readout, readout])
