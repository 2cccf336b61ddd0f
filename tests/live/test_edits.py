"""What a script changes for good, as a Network."""

from __future__ import annotations

import numpy as np
import pytest
from zoo import picture

from annconv.errors import InputError, UnavailableError
from annconv.live.edits import edited_network
from annconv.live.network import LiveNetwork
from annconv.neurons.neuron import Neuron
from annconv.options import CompileOptions

pytestmark = pytest.mark.compiles


def test_nothing_changed(live):
    network = live("picture")
    assert network.network is network.engine.network
    network.simulate(5)
    network.get_population("pool").vt = 0.9
    assert network.network is network.engine.network, "a parameter is lost at the next reset"
    proj = network.get_projection("dense_proj_4")
    proj.w = proj.w
    assert network.network is network.engine.network


def test_single_precision_alone_is_no_change():
    network = LiveNetwork(picture(), CompileOptions(precision="single", compiler_level=0))
    network.step()
    assert network.network is network.engine.network


def test_weights_and_start_values(live):
    network = live("picture")
    dense, conv = network.get_projection("dense_proj_4"), network.get_projection("conv_proj_2")
    dense.synapse(3, 1).w = 9.0
    conv.weights = conv.weights * 2
    network.get_population("pool").init["vt"] = 0.375
    network.get_population("conv").init["vt"] = np.arange(32)
    edited = network.network
    edited.verify()
    original = picture()
    weights = original.projections[2].operators[1].weights.copy()
    weights[3, 1] = 9.0
    np.testing.assert_array_equal(edited.projections[2].operators[1].weights, weights)
    kernel = original.projections[0].operators[0].kernel
    np.testing.assert_array_equal(edited.projections[0].operators[0].kernel, kernel * 2)
    assert edited.projections[1] is network.engine.network.projections[1]
    assert edited["pool"].parameters["vt"] == 0.375
    np.testing.assert_array_equal(edited["conv"].parameters["vt"].ravel(), np.arange(32))
    assert edited["image"] is network.engine.network["image"]


def test_spikes_that_end_a_sample(live):
    network = live("branches")
    network.get_population("classes").init["k"] = 4
    edited = network.network
    assert dict(edited.readout.parameters) == {"k": 4.0}
    assert edited["classes"].parameters["k"] == 4.0


@pytest.mark.parametrize("change", ["variable", "start", "disabled", "silent"])
def test_changes_that_a_network_cannot_hold(live, change):
    network = live("signed")
    both = network.get_population("both")
    if change == "variable":
        both.init["mask"] = 0.5
    elif change == "start":
        both.init["start"] = 0.5  # the start value of v, which stays what it was
    elif change == "disabled":
        both.disable()
    else:
        network.get_projection("a").transmission = False
    assert edited_network(network.engine) is None
    with pytest.raises(UnavailableError, match=r"network.network: start values of variables, pop"):
        network.network  # noqa: B018


def test_start_values_that_are_no_numbers(live):
    network = live("picture")
    pool = network.get_population("pool")
    for value, message in (
        (float("nan"), "expected finite numbers that float64 can hold, received nan."),
        ("x", "expected a number or an array of numbers, received str 'x'"),
        (np.ones(8), "expected one number, as all neurons share it"),
    ):
        pool.init["vt"] = value
        with pytest.raises(InputError, match=rf"init\['vt'\] of 'pool': {message}"):
            edited_network(network.engine)
    del pool.init["vt"]
    network.reset()
    assert pool.vt == 0.0


def test_weights_that_are_no_numbers(live):
    """Setters refuse them; a view of what the kernels read cannot."""
    network = live("picture")
    network.get_projection("dense_proj_4")[0].weights()[2] = np.nan
    message = "weights of projection 'dense_proj_4': expected finite numbers, received NaN"
    with pytest.raises(InputError, match=message):
        edited_network(network.engine)


def test_the_neuron_stays_the_same(live):
    network = live("picture")
    network.get_population("pool").init["vt"] = 0.375
    neuron = network.network["pool"].neuron
    assert isinstance(neuron, Neuron)
    assert neuron is picture()["pool"].neuron
