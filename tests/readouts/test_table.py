"""The table of read-outs, and what each one stops at and scores."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from annconv.errors import EquationError
from annconv.neurons.equations import parse_neuron
from annconv.neurons.expressions import Binary, Name, Number
from annconv.neurons.library import OUTPUTS
from annconv.readouts import READOUTS, Readout, ReadoutModel, parse_readout
from annconv.readouts.table import merge

COUNT = Name("count")


def test_names():
    assert isinstance(READOUTS, MappingProxyType)
    assert list(READOUTS) == [
        "spike_count",
        "time_to_first_spike",
        "time_to_k_spikes",
        "membrane_potential",
    ]
    assert all(name == readout.name for name, readout in READOUTS.items())


@pytest.mark.parametrize(
    ("name", "stop", "score", "neuron"),
    [
        ("spike_count", None, COUNT, None),
        ("time_to_first_spike", Binary(">=", COUNT, Number(1.0)), COUNT, "IaF"),
        ("time_to_k_spikes", Binary(">=", COUNT, Name("k")), COUNT, "Counter"),
        ("membrane_potential", None, Name("v"), "Integrator"),
    ],
)
def test_meaning(name, stop, score, neuron):
    assert parse_readout(READOUTS[name]) == ReadoutModel(stop, score)
    assert READOUTS[name].neuron == neuron


def test_output_neurons_have_what_is_observed():
    for readout in READOUTS.values():
        for name in readout.observes if readout.neuron else ():
            model = parse_neuron(OUTPUTS[readout.neuron])
            assert name == "count" or model.variable(name) is not None


def test_k_is_a_parameter():
    readout = READOUTS["time_to_k_spikes"]
    assert readout.parameters == (("k", 5.0),)
    assert readout.with_parameters(k=3).parameters == (("k", 3.0),)


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
