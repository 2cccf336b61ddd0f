"""Names and neurons that a conversion takes, and every way in which they are refused."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace
from typing import ClassVar

import pytest

from annconv.conversion.annarchy import neurons
from annconv.conversion.annarchy.neurons import choose_neurons
from annconv.errors import OptionError
from annconv.neurons.library import (
    COUNTER,
    CPN,
    ENCODINGS,
    HIDDEN,
    IB,
    INTEGRATOR,
    PHASE,
    PSO,
    IaF,
)
from annconv.neurons.neuron import Neuron
from annconv.options import AnnarchyOptions
from annconv.readouts import READOUTS, Readout

LEAKY = Neuron(
    name="Leaky", parameters="vt = 0.5; tau = 10.0", equations="dv/dt = (g_exc - v)/tau",
    spike="v > vt", reset="v = 0",
)  # fmt: skip
NOISE = Neuron(name="Noise", parameters="rates = 0.0", spike="rates > Uniform(0, 1)")


def choose(**options):
    return choose_neurons(AnnarchyOptions(**options))


def listed(names):
    """Names as a message lists them."""
    return ", ".join(map(repr, names))


def faults(**options):
    with pytest.raises(OptionError) as caught:
        choose(**options)
    return caught.value.faults


@pytest.mark.parametrize(
    ("name", "neuron"),
    [("CPN", CPN), ("poisson", CPN), ("IB", IB), ("PSO", PSO), ("phase", PHASE), (NOISE, NOISE)],
)
def test_encodings(name, neuron):
    assert choose(input_encoding=name).encoding == neuron


@pytest.mark.parametrize(
    ("read_out", "output"),
    [
        ("spike_count", LEAKY), ("time_to_first_spike", IaF), ("time_to_k_spikes", COUNTER),
        ("membrane_potential", INTEGRATOR),
    ],
)  # fmt: skip
def test_the_read_out_decides_on_the_last_neuron(read_out, output):
    choice = choose(hidden_neuron=LEAKY, read_out=read_out, k=3)
    assert (choice.hidden, choice.output) == (LEAKY, output)
    assert choice.readout.name == read_out
    assert dict(choice.readout.parameters) == ({"k": 3.0} if "_k_" in read_out else {})


def test_unknown_names_are_listed_together_with_the_nearest():
    found = faults(input_encoding="psoo", hidden_neuron="iaf", read_out="spike_counts")
    encodings, hidden, readouts = map(listed, (ENCODINGS, HIDDEN, READOUTS))
    assert found == (
        f"input_encoding: unknown value 'psoo'. Nearest: 'PSO'. Known: {encodings}.",
        f"hidden_neuron: unknown value 'iaf'. Nearest: 'IaF'. Known: {hidden}.",
        f"read_out: unknown value 'spike_counts'. Nearest: 'spike_count'. Known: {readouts}.",
    )
    assert encodings.startswith("'CPN', 'poisson', 'IB', ")


def test_other_faults_are_listed_with_them():
    with pytest.raises(OptionError) as caught:
        choose_neurons(AnnarchyOptions(input_encoding="x"), ["scale_factor: no"])
    assert len(caught.value.faults) == 2
    assert caught.value.faults[1] == "scale_factor: no"


@pytest.mark.parametrize(
    "value", [None, 3, IaF.equations.split, ["IB"], int, SimpleNamespace(equations="v = 1")]
)
def test_what_is_no_neuron_is_refused(value):
    (encoding, hidden) = faults(input_encoding=value, hidden_neuron=value)
    end = ", an annconv.Neuron or an ANNarchy.Neuron, received "
    assert encoding.startswith(f"input_encoding: expected one of {listed(ENCODINGS)}{end}")
    assert hidden.startswith(f"hidden_neuron: expected one of {listed(HIDDEN)}{end}")


def test_a_read_out_must_be_a_name():
    (fault,) = faults(read_out=3)
    assert fault.startswith("read_out: unknown value 3. Known: ")


def test_k_spikes_need_a_k():
    (fault,) = faults(read_out="time_to_k_spikes")
    assert fault == (
        "k: expected a number, received None. read_out='time_to_k_spikes' needs it: pass k=5, for "
        "instance."
    )


def test_every_parameter_of_a_read_out_is_an_option(monkeypatch):
    known = {field.name for field in fields(AnnarchyOptions)}
    assert all(name in known for entry in READOUTS.values() for name, _ in entry.parameters)
    lead = Readout("lead", "count", ("count",), parameters=(("k", 2.0), ("max_f", 1.5)))
    monkeypatch.setattr(neurons, "READOUTS", {"lead": lead})
    filled = choose(read_out="lead", k=3, max_f=8.0).readout
    assert filled.parameters == (("k", 3.0), ("max_f", 8.0))


def test_k_is_ignored_by_other_read_outs():
    assert choose(read_out="spike_count", k=7).readout.parameters == ()


def test_an_encoding_needs_rates():
    (fault,) = faults(input_encoding=replace(NOISE, parameters="", spike="Uniform(0, 1) > 0.5"))
    assert fault == (
        "input_encoding: neuron 'Noise' has no parameter 'rates': expected it to receive the "
        "sample. Add 'rates = 0.0' to its parameters."
    )


def test_a_hidden_neuron_needs_a_threshold_and_its_input():
    blind = Neuron(name="Blind", parameters="w = 1.0", equations="dv/dt = 1.0", spike="v > w")
    assert faults(hidden_neuron=blind) == (
        (
            "hidden_neuron: neuron 'Blind' has no parameter 'vt': expected its threshold under "
            "this name. Add 'vt = 1.0 : population' to its parameters."
        ),
        (
            "hidden_neuron: neuron 'Blind' does not read 'g_exc': expected its input under this "
            "name. Use it in an equation, as in 'dv/dt = g_exc'."
        ),
    )


def test_a_threshold_that_the_neuron_writes_is_refused():
    (fault,) = faults(hidden_neuron=replace(LEAKY, reset="v = 0; vt += 0.1"))
    assert fault.startswith("hidden_neuron: neuron 'Leaky' writes its threshold 'vt'")


@pytest.mark.parametrize("encoding", ["PSO", "phase", PSO])
def test_encodings_that_count_steps_need_steps_of_1_ms(encoding):
    (fault,) = faults(input_encoding=encoding, dt=0.5)
    name = encoding if isinstance(encoding, str) else "PSO"
    assert fault == (
        f"dt: expected 1.0 with input_encoding={name!r}, whose thresholds follow the steps, "
        "received 0.5. Use dt=1.0, or another encoding."
    )


def test_other_encodings_take_any_dt():
    assert choose(input_encoding="IB", dt=0.5).encoding == IB


def test_neurons_that_never_spike_are_refused_unless_they_emit_a_value():
    silent = replace(LEAKY, spike=None, reset=None)
    dark = Neuron(name="Dark", parameters="rates = 0.0", equations="v = rates")
    said = (
        "never spikes: expected a condition of its spikes, received spike=None. "
        "Add spike='v > vt', for instance."
    )
    assert faults(input_encoding=dark, hidden_neuron=silent) == (
        f"input_encoding: neuron 'Dark' {said}",
        f"hidden_neuron: neuron 'Leaky' {said}",
    )
    analog = replace(silent, emit="v")
    assert choose(input_encoding=replace(dark, emit="v"), hidden_neuron=analog).hidden == analog


class Foreign:
    """Has what an ANNarchy.Neuron has."""

    parameters: ClassVar = {"vt": 0.5, "tau": 10.0}
    equations: ClassVar = ["tau*dv/dt + v = g_exc"]
    spike = "v > vt"
    reset = "v = 0"
    refractory = 2.0
    functions = axon_spike = axon_reset = None
    extra_values: ClassVar = {}
    name = "Foreign"


@pytest.mark.parametrize("value", [Foreign, Foreign()])
def test_neurons_of_annarchy_are_taken_by_their_attributes(value):
    hidden = choose(hidden_neuron=value).hidden
    assert hidden == Neuron(
        name="Foreign", parameters="vt = 0.5 : population\ntau = 10.0 : population",
        equations="tau*dv/dt + v = g_exc", spike="v > vt", reset="v = 0", refractory="2.0",
    )  # fmt: skip


def test_a_class_that_takes_arguments_is_refused():
    class Needy(Foreign):
        def __init__(self, tau):
            self.tau = tau

    (fault,) = faults(hidden_neuron=Needy)
    assert fault.startswith("hidden_neuron: expected a neuron, or a class of neurons without arg")
    assert "Pass a neuron of that class." in fault


def test_a_random_threshold_is_refused():
    neuron = Neuron(
        name="N", parameters="vt = Uniform(0, 1)", equations="v = g_exc", spike="v > vt"
    )
    (fault,) = faults(hidden_neuron=neuron)
    assert fault.startswith("hidden_neuron: the threshold 'vt' of neuron 'N' is random")
