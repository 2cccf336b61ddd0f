"""What `load_keras_model` returns: the network's parts under ANNarchy's names."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from zoo import branches

from annconv import ANNtoSNNConverter
from annconv.converter.handle import NetworkHandle
from annconv.errors import AnnconvError, UnavailableError
from annconv.neurons.library import IB, IaF
from annconv.neurons.neuron import Neuron


@pytest.fixture(scope="module")
def handle(small_file: Any) -> NetworkHandle:
    return ANNtoSNNConverter("IB").load_keras_model(small_file, show_info=False)


@pytest.mark.keras
@pytest.mark.compiles
def test_populations(handle: NetworkHandle) -> None:
    populations = handle.get_populations()
    assert [entry.name for entry in populations] == ["image", "c", "p", "out"]
    assert [entry.geometry for entry in populations] == [(6, 6, 1), (6, 6, 2), (3, 3, 2), (3,)]
    assert [entry.size for entry in populations] == [36, 72, 18, 3]
    assert [len(entry) for entry in populations] == [36, 72, 18, 3]
    assert handle.get_populations() is populations, "the live list, as in the reference"
    ranks = populations[3].ranks
    assert ranks.dtype == np.int32
    assert ranks.tolist() == [0, 1, 2]


@pytest.mark.keras
@pytest.mark.compiles
def test_neurons(handle: NetworkHandle) -> None:
    image, conv, *_ = handle.get_populations()
    assert image.neuron_type == IB
    assert image.parameters == ["a", "b", "c", "d", "v_thresh", "rates", "mask_tau"]
    assert image.variables == ["v", "u", "mask"]
    assert conv.neuron_type == IaF
    assert conv.parameters == ["vt", "vr", "mask_tau"]
    assert conv.attributes == ["vt", "vr", "mask_tau", "v", "mask"]


@pytest.mark.keras
@pytest.mark.compiles
def test_projections(handle: NetworkHandle) -> None:
    projections = handle.get_projections()
    assert [entry.name for entry in projections] == ["conv_proj_2", "pool_proj_3", "dense_proj_4"]
    ends = [(entry.pre.name, entry.post.name) for entry in projections]
    assert ends == [("image", "c"), ("c", "p"), ("p", "out")]
    assert {entry.target for entry in projections} == {"exc"}
    assert {entry.delay for entry in projections} == {1.0}
    assert projections[0].pre is handle.get_populations()[0]


@pytest.mark.keras
@pytest.mark.compiles
def test_parts_by_name(handle: NetworkHandle, capsys: pytest.CaptureFixture[str]) -> None:
    assert handle.get_population("c") is handle.get_populations()[1]
    assert handle.get_projection("pool_proj_3") is handle.get_projections()[1]
    assert capsys.readouterr().out == ""


@pytest.mark.keras
@pytest.mark.compiles
def test_unknown_names_print_a_line(
    handle: NetworkHandle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert handle.get_population("imge") is None
    assert capsys.readouterr().out == (
        "There is no population 'imge'. Nearest: 'image'. Known: 'image', 'c', 'p', 'out'.\n"
    )
    assert handle.get_projection("pool_proj_2") is None
    printed = capsys.readouterr().out
    assert printed.startswith("There is no projection 'pool_proj_2'. Nearest: 'pool_proj_3'.")
    assert printed.count("\n") == 1


@pytest.mark.keras
@pytest.mark.compiles
@pytest.mark.parametrize(
    "call",
    ["simulate", "simulate_until", "step", "reset", "monitor", "time", "current_step",
     "get_monitor", "get_monitors"],
)  # fmt: skip
def test_calls_of_a_later_version(handle: NetworkHandle, call: str) -> None:
    with pytest.raises(UnavailableError, match=f"network.{call}: this version describes") as caught:
        getattr(handle, call)
    assert isinstance(caught.value, AttributeError | AnnconvError)
    assert "Use predict, or annconv.compile(handle.network).run(samples" in str(caught.value)
    assert not hasattr(handle, call)


@pytest.mark.keras
@pytest.mark.compiles
def test_other_attributes(handle: NetworkHandle) -> None:
    assert handle.dt == 1.0
    with pytest.raises(AttributeError, match="'NetworkHandle' object has no attribute 'bogus'"):
        _ = handle.bogus
    assert copy.copy(handle).get_populations() is handle.get_populations()


def test_delays_are_in_ms() -> None:
    network = branches()
    handle = NetworkHandle(network)
    assert {entry.delay for entry in handle.get_projections()} == {0.0}
    assert handle.network is network


def test_a_junction_has_no_neurons() -> None:
    junction = NetworkHandle(branches()).get_population("sum")
    assert junction is not None
    assert junction.neuron_type is None
    assert junction.attributes == []
    assert junction.size == 18


@pytest.mark.keras
@pytest.mark.compiles
def test_attributes_of_a_later_version(handle):
    population, projection = handle.get_populations()[1], handle.get_projections()[0]
    with pytest.raises(UnavailableError, match=r"population 'c' has no attribute 'v'"):
        population.v  # noqa: B018
    with pytest.raises(UnavailableError, match=r"projection 'conv_proj_2' has no attribute 'w'"):
        projection.w  # noqa: B018


@pytest.mark.keras
@pytest.mark.compiles
def test_what_is_no_name_is_not_found(handle, capsys):
    assert handle.get_population(["dense"]) is None
    assert "There is no population ['dense']" in capsys.readouterr().out


def test_what_annconv_keeps_by_itself_is_not_listed() -> None:
    neuron = Neuron(
        parameters="vt = 1", equations="v = g_exc + t_last", spike="v > vt", refractory=2.0
    )
    network = branches()
    waiting = replace(network["peaks"], neuron=neuron, parameters={})
    populations = tuple(waiting if e.name == "peaks" else e for e in network.populations)
    handle = NetworkHandle(replace(network, populations=populations)).get_population("peaks")
    assert handle.parameters == ["vt"]
    assert handle.variables == ["v"]
