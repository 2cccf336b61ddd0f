"""Which populations become layers, and what layers leave out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from planned import OPTIONS, chain, convolution, dense, layers, plan_before, pooling

from annconv.ir.network import Projection
from annconv.neurons.neuron import Neuron
from annconv.passes.fuse_layers import fuse_layers

PICTURE = chain(
    (7, 7, 1),
    (convolution(3, 1, 8), "mask"),
    (pooling(2, 2), "mask"),
    (convolution(3, 8, 8), "mask"),
    (dense(72, 5), "spikes"),
)


def test_a_picture_becomes_layers() -> None:
    plan = fuse_layers(plan_before(PICTURE, "fuse_layers"))
    plan.verify()
    assert [(entry.name, entry.arrival.function) for entry in layers(plan)] == [
        ("layer_p0", "RatesSource"),
        ("layer_p1", "RowTableSource"),
        ("layer_p3", "ConvolutionSource"),
        ("layer_p4", "DenseSource"),
    ]
    assert len(plan.kernels) == 4


def test_neurons_under_no_window_are_left_out() -> None:
    plan = fuse_layers(plan_before(PICTURE, "fuse_layers"))
    fused = layers(plan)[1]
    assert fused.pooling is not None
    assert fused.pooled == "mask"
    assert dict(fused.constants)["kOut"] == (1, 6, 6)  # of 7 x 7
    lengths = {entry.name: entry.length for entry in plan.buffers}
    assert lengths["p1_v"] == 6 * 6 * 8
    assert lengths["p2_v"] == 3 * 3 * 8
    assert plan.spikes[1] is None  # what is hidden keeps no spikes
    assert "p1_spikes" not in lengths


def test_whole_populations_are_not_hidden() -> None:
    plan = fuse_layers(plan_before(PICTURE, "fuse_layers", replace(OPTIONS, whole=True)))
    assert None not in plan.spikes
    assert all(layer.pooling is None for layer in layers(plan))


def test_windows_that_overlap_stay_apart() -> None:
    network = chain((7, 7, 1), (convolution(3, 1, 8), "mask"), (pooling(3, 2), "mask"))
    plan = fuse_layers(plan_before(network, "fuse_layers"))
    assert [entry.name for entry in layers(plan)] == ["layer_p0"]


def test_two_projections_onto_a_population_stay_apart() -> None:
    network = chain((9,), (dense(9, 8), "spikes"), (dense(8, 8), "spikes"))
    second = Projection("more", "p0", "p2", dense(9, 8), "spikes")
    network = replace(network, projections=(*network.projections, second))
    plan = fuse_layers(plan_before(network, "fuse_layers"))
    assert [entry.name for entry in layers(plan)] == ["layer_p0", "layer_p1"]


NEURONS = {
    "random": {"equations": "v += g_exc + Uniform(0, 1)"},
    "refractory": {"equations": "v += g_exc", "refractory": 2.0},
    "of the population": {"equations": "v += g_exc + max(v)"},
}


@pytest.mark.parametrize("kind", NEURONS)
def test_neurons_that_do_not_run_side_by_side_stay_apart(kind: str) -> None:
    neuron = Neuron(parameters="vt = 1", spike="v > vt", reset="v = 0", **NEURONS[kind])
    network = chain((9,), (dense(9, 8), "spikes"), (dense(8, 8), "spikes"), neuron=neuron)
    plan = fuse_layers(plan_before(network, "fuse_layers"))
    assert [entry.name for entry in layers(plan)] == ["layer_p0", "layer_p2"]


def test_a_random_encoding_is_no_layer() -> None:
    network = chain((9,), (dense(9, 8), "spikes"), encoding="CPN")
    assert [entry.name for entry in layers(fuse_layers(plan_before(network, "fuse_layers")))] == [
        "layer_p1"
    ]


@pytest.mark.parametrize("readout", ["time_to_first_spike"])
def test_an_output_that_may_stop_runs_step_by_step(readout: str) -> None:
    network = chain((9,), (dense(9, 8), "spikes"), readout=readout)
    assert [entry.name for entry in layers(fuse_layers(plan_before(network, "fuse_layers")))] == [
        "layer_p0"
    ]


def test_a_plan_without_tiles_stays() -> None:
    plan = plan_before(PICTURE, "tile_steps")
    assert fuse_layers(plan) is plan
