"""Every rule of a Network broken on its own, and the text form."""

from __future__ import annotations

import copy
import hashlib
import pickle
from dataclasses import replace

import numpy as np
import pytest

from annconv.errors import InputError, VerifyError
from annconv.ir.network import RULES, Network
from annconv.ir.operators import Convolution, Dense, MeanPool, Reshape, Scale, Upsample
from annconv.neurons.neuron import Neuron


def with_population(network: Network, index: int, **changes: object) -> Network:
    """The network with one population changed."""
    populations = list(network.populations)
    populations[index] = replace(populations[index], **changes)
    return replace(network, populations=tuple(populations))


def with_projection(network: Network, index: int, **changes: object) -> Network:
    """The network with one projection changed."""
    projections = list(network.projections)
    projections[index] = replace(projections[index], **changes)
    return replace(network, projections=tuple(projections))


def matrix(inputs: int, outputs: int, value: float = 0.5) -> tuple[Dense]:
    return (Dense(np.full((inputs, outputs), value)),)


# Rule -> changes that break this rule and no other.
BREAKS = {
    "names_unique": (
        lambda net: with_projection(net, 1, name="a"),
        lambda net: replace(
            net,
            populations=(*net.populations[:2], replace(net.populations[1]), net.populations[2]),
        ),
    ),
    "one_input_and_output": (
        lambda net: with_population(net, 0, role="hidden"),
        lambda net: with_population(net, 1, role="output"),
        lambda net: replace(net, populations=(), projections=()),
    ),
    "ends_exist": (
        lambda net: with_projection(net, 0, pre="nowhere"),
        lambda net: with_projection(net, 1, post="nowhere"),
        lambda net: with_projection(net, 1, post="hidden", operators=matrix(3, 3)),
        lambda net: with_projection(net, 1, pre="output", post="hidden", operators=matrix(2, 3)),
    ),
    "geometries_positive": (
        lambda net: with_projection(
            with_population(net, 2, geometry=(2, 0)), 1, operators=(Scale(1.0),), pre="lost"
        ),
        lambda net: replace(with_population(net, 2, geometry=()), projections=net.projections[:1]),
    ),
    "shapes_agree": (
        lambda net: with_projection(net, 0, operators=matrix(4, 2)),
        lambda net: with_projection(net, 0, operators=()),
        lambda net: with_projection(net, 0, operators=(Dense(np.ones(3)),)),
        lambda net: with_projection(
            net,
            0,
            operators=(
                Reshape((2, 2, 1)),
                Convolution(np.ones((1, 1, 1, 1)), (0, 0), ((0, 0), (0, 0)), (1, 1)),
            ),
        ),
    ),
    "sizes_countable": (
        lambda net: with_projection(
            net,
            0,
            operators=(
                Reshape((4, 1)),
                Upsample((2**30,)),
                MeanPool((2**32 - 2,), (1,), ((0, 0),)),
                Reshape((3,)),
            ),
        ),
        lambda net: replace(
            with_population(net, 1, geometry=(2**30, 2**30), parameters={}),
            projections=(
                replace(
                    net.projections[0],
                    operators=(
                        Reshape((2, 2, 1)),
                        Upsample((2**29, 2**29)),
                        Reshape((2**30, 2**30)),
                    ),
                ),
            ),
        ),
    ),
    "roles_fit": (
        lambda net: with_population(net, 1, role="strange"),
        lambda net: with_population(net, 1, role="linear"),
        lambda net: with_population(net, 1, neuron=None, parameters={}),
    ),
    "equations_parse": (
        lambda net: with_population(
            net, 1, neuron=Neuron(equations="v = § g_exc", spike="v > 1"), parameters={}
        ),
        lambda net: with_population(net, 0, neuron=net["hidden"].neuron),
    ),
    "parameters_fit": (
        lambda net: with_population(net, 1, parameters={"tau": np.float64(1)}),
        lambda net: with_population(net, 1, parameters={"vt": np.ones(2)}),
        lambda net: with_population(net, 1, parameters={"vt": np.ones((2, 3))}),
    ),
    "channels_permuted": (
        lambda net: with_population(net, 1, channels=(0,)),
        lambda net: with_population(net, 1, channels=(0,) * net.populations[1].geometry[-1]),
    ),
    "transmitted_exists": (
        lambda net: with_projection(net, 1, transmits="mask"),
        lambda net: with_projection(net, 1, target="inh"),
    ),
    "delays_allowed": (
        lambda net: with_projection(net, 0, delay=2),
        lambda net: with_projection(net, 0, delay=0),
    ),
    "traces_fade": (
        lambda net: with_projection(net, 0, trace_decay=1.01),
        lambda net: with_projection(net, 0, trace_decay=float("nan")),
    ),
    "values_finite": (
        lambda net: with_projection(net, 0, operators=matrix(4, 3, np.nan)),
        lambda net: with_population(net, 1, parameters={"vt": np.float64(np.inf)}),
        lambda net: replace(net, dt=0.0),
        lambda net: replace(net, input_scale=float("nan")),
    ),
    "readout_observes": (
        lambda net: replace(net, readout=replace(net.readout, observes=("count", "w"))),
    ),
}
# An end that is missing hides the shape behind it, so these two are broken together.
# A junction may have no delay either.
ALSO = {"geometries_positive": {"ends_exist"}, "roles_fit": {"delays_allowed"}}


def test_every_rule_has_a_network_that_breaks_it():
    assert {rule.__name__ for rule in RULES} == set(BREAKS)


def test_networks_that_keep_the_rules_pass(network, every_operator):
    network.verify()
    every_operator.verify()


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        pytest.param(rule, change, id=f"{rule}-{i}")
        for rule, changes in BREAKS.items()
        for i, change in enumerate(changes)
    ],
)
def test_rule_names_what_breaks_it(rule, change, network, broken_rules):
    received = set(broken_rules(change(network)))
    assert rule in received
    assert received <= {rule} | ALSO.get(rule, set())


def test_a_junction_delays_nothing(every_operator, broken_rules):
    assert broken_rules(with_projection(every_operator, 4, delay=1)) == ["delays_allowed"]


def test_all_violations_are_listed_together(network):
    broken = with_projection(replace(network, dt=-1.0), 0, pre="nowhere")
    with pytest.raises(VerifyError) as caught:
        broken.verify()
    assert str(caught.value).splitlines() == [
        "Network 'tiny' breaks 2 of its rules.",
        "  ends_exist: projection a: expected a population, received nowhere",
        "  values_finite: dt: expected a number above 0, received -1.0",
        "  If annconv made it, this is a fault of annconv: please report it.",
    ]


def test_text_has_one_object_a_line(network):
    first, second = (operator for p in network.projections for operator in p.operators)
    values = np.array([0.9, 1.0, 1.1])
    thresholds = hashlib.sha256(b"<f8(3,)" + values.tobytes()).hexdigest()[:6]
    assert str(network).splitlines() == [
        "network tiny  dt=1.0 ms  steps=1000  input x 1",
        "population input (4)  input  Encoder  # InputLayer 'in'",
        f"population hidden (3)  hidden  Fire  vt=float64[3] {thresholds}",
        "population output (2)  output  Fire",
        f"projection a: input -> hidden  spikes to g_exc, delay 1  {first}",
        f"projection b: hidden -> output  spikes to g_exc, delay 1  {second}",
        "read-out spike_count k=5",
    ]
    assert str(network) == str(copy.deepcopy(network))


def test_text_of_chains_and_junctions(every_operator):
    text = str(every_operator)
    assert "spikes to g_exc, delay 1  max pool 2x2 pad 0,1 0,1 | increase" in text
    assert "population sum (56x1)  linear  junction" in text


def test_lookups(network):
    assert network.names == ("input", "hidden", "output")
    assert network.input.name == "input"
    assert network.output is network["output"]
    assert [projection.name for projection in network.arriving("output")] == ["b"]
    assert network["hidden"].size == 3
    assert network["hidden"].parameter_values()["vt"].tolist() == [0.9, 1.0, 1.1]
    assert network["output"].parameter_values()["vt"] == 1.0


def test_a_junction_has_no_equations(every_operator):
    with pytest.raises(ValueError, match="junction 'sum' has no neuron"):
        every_operator["sum"].model()


def test_equal_networks_are_equal_and_share_a_hash(network):
    again = copy.deepcopy(network)
    assert again is not network
    assert again == network
    assert hash(again) == hash(network)
    assert len({network, again}) == 1
    assert network != "network"


@pytest.mark.parametrize(
    "change",
    [
        lambda net: replace(net, name="other"),
        lambda net: replace(net, dt=0.5),
        lambda net: replace(net, options={}),
        lambda net: replace(net, readout=replace(net.readout, parameters=(("k", 6.0),))),
        lambda net: with_population(net, 1, parameters={}),
        lambda net: with_population(net, 1, parameters={"vt": np.float32([0.9, 1.0, 1.1])}),
        lambda net: with_projection(net, 0, operators=matrix(4, 3)),
        lambda net: with_projection(net, 0, transmits="v"),
    ],
)
def test_any_difference_makes_networks_differ(change, network):
    assert change(network) != network


def test_pickling_keeps_the_network_and_its_protection(network, every_operator):
    for before in (network, every_operator):
        after = pickle.loads(pickle.dumps(before))
        assert after == before
        assert str(after) == str(before)
    weights = pickle.loads(pickle.dumps(network)).projections[0].operators[0].weights
    assert not weights.flags.writeable


def test_an_unknown_population_is_told(network):
    with pytest.raises(InputError, match="network 'tiny': expected the name of a population"):
        network["nope"]


def test_the_short_form_fits_a_line(network):
    assert repr(network) == "<Network 'tiny': 3 populations, 2 projections, read-out spike_count>"
