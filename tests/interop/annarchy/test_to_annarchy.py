"""to_annarchy without ANNarchy: the calls that it makes, and what it refuses."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import zoo

import annconv
from annconv.errors import AnnconvError, InputError, UnsupportedNetworkError, VerifyError
from annconv.interop.annarchy import building
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, Reshape
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import COUNTER, INTEGRATOR, PSO, IaF
from annconv.neurons.neuron import Neuron
from annconv.readouts.table import READOUTS


class Calls(list):
    """Notes every call with its arguments, and gives back something that notes on."""

    def note(self, call, **arguments):
        entry = SimpleNamespace(call=call, **arguments)
        self.append(entry)
        return entry


@pytest.fixture
def calls(monkeypatch):
    """An ANNarchy that only notes what is asked of it."""
    calls = Calls()
    populations = {}

    def create(**arguments):
        populations[arguments["name"]] = calls.note("create", **arguments)
        return populations[arguments["name"]]

    def connect(projection=None, **arguments):
        entry = projection or calls.note("connect", **arguments)
        for name in ("from_matrix", "connect_filters", "pooling"):

            def connected(*given, name=name, **others):
                entry.connected = (name, given, others)

            setattr(entry, name, connected)
        return entry

    def network(**arguments):
        calls.note("Network", **arguments)
        return SimpleNamespace(create=create, connect=connect, get_population=populations.get)

    annarchy, extension = ModuleType("ANNarchy"), ModuleType("ANNarchy.extensions.convolution")
    annarchy.Network = network
    annarchy.Neuron = SimpleNamespace
    annarchy.Synapse = SimpleNamespace
    for kind in ("Convolution", "Pooling"):
        setattr(extension, kind, lambda kind=kind, **given: calls.note(kind, **given))
    monkeypatch.setitem(sys.modules, "ANNarchy", annarchy)
    monkeypatch.setitem(sys.modules, "ANNarchy.extensions.convolution", extension)
    monkeypatch.setattr(building, "version", {"ANNarchy": "5.0.4.1"}.get)
    return calls


OWN = Neuron(equations="v += g_exc", spike="v > 2.0", reset="v = 0.0")
KERNEL = np.arange(36.0).reshape(3, 3, 1, 4)
WEIGHTS = np.arange(48.0).reshape(16, 3)


def network(*, readout="spike_count", output=IaF, **others) -> Network:
    """An image, a convolution, a pooling layer and three classes."""
    window = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    same = Convolution(KERNEL, (1, 1), ((1, 1), (1, 1)), (1, 1))
    made = Network(
        name="tiny",
        populations=(
            Population("image", (4, 4, 1), PSO, role="input"),
            Population("conv/1", (4, 4, 4), IaF, {"vt": np.array(0.95)}),
            Population("pool", (2, 2, 4), IaF, {"vt": np.linspace(0.5, 1.0, 4)}),
            Population("classes", (3,), output, role="output"),
        ),
        projections=(
            Projection("conv_proj_2", "image", "conv/1", (same,), "mask"),
            Projection("pool_proj_3", "conv/1", "pool", (window,), "mask"),
            Projection("dense_proj_4", "pool", "classes", (Reshape((16,)), Dense(WEIGHTS))),
        ),
        readout=READOUTS[readout],
        input_scale=100.0,
    )
    return replace(made, **others)


def test_populations(calls):
    annconv.to_annarchy(network(dt=0.5, populations=network().populations), seed=7)
    start, image, conv, pool, classes, *_ = calls
    assert (start.call, start.dt, start.seed) == ("Network", 0.5, 7)
    assert [e.name for e in (image, conv, pool, classes)] == ["image", "conv/1", "pool", "classes"]
    assert [e.geometry for e in (image, conv, pool, classes)] == [
        (4, 4, 1), (4, 4, 4), (2, 2, 4), (3,),
    ]  # fmt: skip
    assert (image.neuron.name, image.neuron.spike) == ("PSO", "v > vt_new")
    assert "vt = 1.0 : population" in conv.neuron.parameters
    assert (conv.vt, type(conv.vt)) == (0.95, float)
    assert "vt = 1.0\n" in pool.neuron.parameters
    np.testing.assert_array_equal(pool.vt, np.broadcast_to(np.linspace(0.5, 1.0, 4), (2, 2, 4)))
    assert pool.vt.flags.writeable
    assert not hasattr(classes, "vt")
    assert classes.stop_condition is None


def test_projections(calls):
    annconv.to_annarchy(network())
    conv, pool, dense = calls[-3:]
    assert (conv.call, conv.name, conv.target, conv.psp) == (
        "Convolution", "conv_proj_2", "exc", "pre.mask * w",
    )  # fmt: skip
    assert (conv.pre.name, conv.post.name) == ("image", "conv/1")
    name, _, filters = conv.connected
    assert name == "connect_filters"
    np.testing.assert_array_equal(filters["weights"], np.moveaxis(KERNEL, -1, 0))
    cells = [[row, column, 0] for row in range(4) for column in range(4)]
    assert filters["subsampling"] == cells
    assert (pool.call, pool.name, pool.operation, pool.psp) == (
        "Pooling", "pool_proj_3", "max", "pre.mask",
    )  # fmt: skip
    assert pool.connected == ("pooling", (), {"extent": (2, 2, 1)})
    assert (dense.call, dense.name, dense.target) == ("connect", "dense_proj_4", "exc")
    assert not hasattr(dense, "synapse")
    name, (weights,), others = dense.connected
    assert name == "from_matrix"
    np.testing.assert_array_equal(weights, WEIGHTS.T)
    assert others == {"storage_format": "dense", "storage_order": "post_to_pre"}


def test_a_matrix_that_reads_a_variable(calls):
    made = network(output=Neuron(equations="v = v - g_inh", spike="v > 1.0"))
    *others, last = made.projections
    inhibiting = replace(last, transmits="v", target="inh")
    annconv.to_annarchy(replace(made, projections=(*others, inhibiting)))
    assert (calls[-1].synapse.psp, calls[-1].target) == ("w * pre.v", "inh")


def test_random_values_are_those_of_the_network(calls):
    start = Neuron(
        parameters="a = Uniform(-1, 1) ; n = DiscreteUniform(2, 9) : int, population",
        equations="v = a + n + g_exc",
    )
    made = network(output=start)
    annconv.to_annarchy(made)
    (classes,) = [entry for entry in calls if getattr(entry, "name", "") == "classes"]
    values = made.output.parameter_values()
    np.testing.assert_array_equal(classes.a, values["a"])
    assert (classes.n, type(classes.n)) == (int(values["n"]), int)


@pytest.mark.parametrize(
    ("readout", "output", "expected"),
    [
        ("time_to_first_spike", IaF, "spiked: any"),
        ("time_to_first_spike", OWN, "spiked: any"),
        ("time_to_k_spikes", COUNTER, "sc >= k: any"),
        ("membrane_potential", INTEGRATOR, None),
    ],
)
def test_the_end_of_a_sample(calls, readout, output, expected):
    annconv.to_annarchy(network(readout=readout, output=output))
    (classes,) = [entry for entry in calls if getattr(entry, "name", "") == "classes"]
    assert classes.stop_condition == expected


def problems(made: Network) -> list[str]:
    with pytest.raises(UnsupportedNetworkError) as error:
        annconv.to_annarchy(made)
    return str(error.value).splitlines()


def changed(position: int, **others) -> Network:
    """The network with another population."""
    made = network()
    populations = list(made.populations)
    populations[position] = replace(populations[position], **others)
    return replace(made, populations=tuple(populations))


def projected(position: int, **others) -> Network:
    """The network with another projection."""
    made = network()
    projections = list(made.projections)
    projections[position] = replace(projections[position], **others)
    return replace(made, projections=tuple(projections))


def test_all_problems_are_listed_at_once():
    signed = zoo.SIGNED
    window = MaxPool((2, 2), (2, 2), ((0, 0), (0, 0)))
    made = network(output=signed)
    *others, last = made.projections
    pooled = replace(others[1], operators=(window,), transmits="spikes")
    head, first, second = problems(replace(made, projections=(others[0], pooled, last)))
    assert head == "2 parts of network 'tiny' cannot be said to ANNarchy."
    assert first == (
        "  population 'classes'  unspike: neurons of ANNarchy emit no negative spikes. Instead: a"
        " second neuron for them, with a target of its own."
    )
    assert second == (
        "  projection 'pool_proj_3'  max pool 2x2 stride 2x2: ANNarchy pools a variable. Instead:"
        " a trace of the spikes (transmits='mask')."
    )


def test_a_problem_that_occurs_twice_is_listed_once():
    twice = Neuron(equations="v = mean(w) ; w = mean(w) + g_exc")
    assert len(problems(network(output=twice))) == 2


@pytest.mark.parametrize(
    ("made", "part", "what", "why", "instead"),
    [
        (
            changed(3, channels=(2, 0, 1)), "population 'classes'", "the order of its channels",
            "its neurons stand where a pass put them, so their ranks are not the network's own",
            "the network that was converted",
        ),
        (
            changed(3, neuron=Neuron(equations="v = g_exc", spike="v > 1.0", refractory=2.0),
                    parameters={"refractory": np.array(3.0)}),
            "population 'classes'", "a refractory period of its own",
            "ANNarchy keeps one period for the neuron", "a parameter: refractory='period'",
        ),
        (
            network(readout="time_to_k_spikes"),
            "population 'classes'", "the read-out's end, count >= k",
            "ANNarchy ends at spikes of the present step, or at its neuron's count of them",
            "read_out='spike_count', and the end in the script that runs the network",
        ),
        (
            replace(network(), readout=replace(
                READOUTS["time_to_first_spike"], stop="count >= 3.0")),
            "population 'classes'", "the read-out's end, count >= 3.0",
            "ANNarchy ends at spikes of the present step, or at its neuron's count of them",
            "read_out='spike_count', and the end in the script that runs the network",
        ),
        (
            replace(network(), readout=replace(
                READOUTS["spike_count"], name="own", stop="count >= 3.0")),
            "population 'classes'", "the read-out's end, count >= 3.0",
            "ANNarchy ends at spikes of the present step, or at its neuron's count of them",
            "read_out='spike_count', and the end in the script that runs the network",
        ),
        (
            projected(2, trace_decay=0.5), "projection 'dense_proj_4'", "trace_decay",
            "a projection of ANNarchy delivers what arrives, without a trace",
            "the network that was converted, before any pass",
        ),
        (
            projected(2, operators=(Reshape((16,)), Dense(WEIGHTS.astype(np.int16)))),
            "projection 'dense_proj_4'", "weights that are whole numbers",
            "state would be double precision, so spikes would not be those of int16",
            "the network that was converted",
        ),
    ],
)  # fmt: skip
def test_refused(made, part, what, why, instead):
    head, line = problems(made)
    assert head == "1 part of network 'tiny' cannot be said to ANNarchy."
    assert line == f"  {part}  {what}: {why}. Instead: {instead}."


def test_delay_0_and_junctions():
    junction = Population("sum", (3,), None, role="linear")
    eye = (Dense(np.eye(3)),)
    made = Network(
        "joined",
        (Population("in", (3,), PSO, role="input"), junction,
         Population("out", (3,), IaF, role="output")),
        (Projection("a", "in", "sum", eye, delay=0), Projection("b", "sum", "out", eye, delay=0)),
        READOUTS["spike_count"],
    )  # fmt: skip
    head, first, second = problems(made)
    assert head == "2 parts of network 'joined' cannot be said to ANNarchy."
    assert first == (
        "  population 'sum'  a junction: every population of ANNarchy has neurons. Instead:"
        " projections from what it reads to what reads it."
    )
    assert second == (
        "  projection 'a'  delay 0: what arrives in ANNarchy was sent a step before. Instead: a"
        " network of preset 'annarchy', whose delay is 1."
    )


def test_a_variable_of_the_population_is_not_transmitted():
    pace = Neuron(equations="pace = t : population ; v = pace + g_exc", spike="v > 1.0")
    made = changed(2, neuron=pace, parameters={})
    *others, last = made.projections
    made = replace(made, projections=(*others, replace(last, transmits="pace")))
    assert problems(made)[1] == (
        "  projection 'dense_proj_4'  transmits='pace': projections of ANNarchy read a number of"
        " each neuron. Instead: a variable without 'population'."
    )


def renamed(name: str, position: int) -> Network:
    made = changed(position, name=name)
    before = network().populations[position].name
    ends = [
        replace(
            e, pre=name if e.pre == before else e.pre, post=name if e.post == before else e.post
        )
        for e in made.projections
    ]
    return replace(made, projections=tuple(ends))


def test_names_that_annarchy_gives_itself(calls):
    assert problems(renamed("pop3", 1))[1] == (
        "  population 'pop3'  its name: ANNarchy numbers such names itself, and this one becomes"
        " 'pop1'. Instead: another name."
    )
    annconv.to_annarchy(renamed("pop1", 1))
    annconv.to_annarchy(renamed("pop3x", 1))


def test_what_is_no_network_or_breaks_its_rules():
    with pytest.raises(InputError, match="to_annarchy: expected a Network, made by annconv"):
        annconv.to_annarchy("cnn.keras")
    with pytest.raises(VerifyError):
        annconv.to_annarchy(changed(1, geometry=(5, 4, 4)))


def test_without_annarchy(monkeypatch):
    monkeypatch.setitem(sys.modules, "ANNarchy", None)
    with pytest.raises(AnnconvError) as error:
        annconv.to_annarchy(network())
    text = str(error.value)
    assert text.startswith("annconv.to_annarchy needs ANNarchy 5.0, and importing it failed (Mod")
    assert text.endswith('). Instead: pip install "annconv[annarchy]".')


@pytest.mark.parametrize("found", ["4.8.2", "5.1.0", "50.0"])
def test_another_release(calls, monkeypatch, found):
    monkeypatch.setattr(building, "version", {"ANNarchy": found}.get)
    with pytest.raises(AnnconvError) as error:
        annconv.to_annarchy(network())
    assert str(error.value) == (
        f"annconv.to_annarchy needs ANNarchy 5.0, found {found}. Instead: pip install"
        ' "annconv[annarchy]".'
    )
