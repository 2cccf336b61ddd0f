"""Which populations become layers, and what layers leave out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from planned import OPTIONS, chain, convolution, dense, layers, plan_before, pooling

from annconv.codegen.render import render_network
from annconv.ir.network import Network
from annconv.ir.operators import Convolution, Dense, MaxPool, Operator, Reshape, Scale
from annconv.ir.projection import Projection
from annconv.neurons.neuron import Neuron
from annconv.passes.fuse_layers import fuse_layers
from annconv.passes.pipeline import lower

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
    assert [(entry.name, entry.arrivals[0].function) for entry in layers(plan)] == [
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


@pytest.mark.parametrize(
    ("size", "after", "windows", "fused"),
    [
        (2, 0, 3, True),  # the last row and column are under no window
        (2, 1, 4, True),  # the last windows hang over the edge
        (3, 2, 3, True),
        (4, 1, 2, True),
        (4, 3, 2, True),
        (7, 0, 1, True),
        (3, 5, 4, False),  # the last windows cover no neuron
    ],
)
def test_windows_may_hang_over_the_edge(
    size: int, after: int, windows: int, *, fused: bool
) -> None:
    pool = MaxPool((size, size), (size, size), ((0, after), (0, after)))
    network = chain(
        (7, 7, 1),
        (convolution(3, 1, 8), "mask"),
        ((pool,), "mask"),
        (dense(windows**2 * 8, 5), "spikes"),
    )
    plan = lower(network, OPTIONS)[1]
    plan.verify()
    found = [entry for entry in layers(plan) if entry.pooling is not None]
    assert len(found) == fused
    for layer in found:
        computed = min(7, windows * size)
        assert dict(layer.constants)["kOut"] == (1, computed, computed)
        lengths = {entry.name: entry.length for entry in plan.buffers}
        assert lengths["p2_v"] == windows**2 * 8
        flags = windows**2 * 8 // plan.lanes
        assert lengths[f"{layer.name}_resting"] == flags


def test_padding_in_front_stays_apart() -> None:
    pool = MaxPool((3, 3), (3, 3), ((1, 1), (0, 2)))
    network = chain((7, 7, 1), (convolution(3, 1, 8), "mask"), ((pool,), "mask"))
    plan = fuse_layers(plan_before(network, "fuse_layers"))
    assert all(layer.pooling is None for layer in layers(plan))


RESHAPED = {
    "in front of pooling": (
        (convolution(3, 3, 8), "spikes"),
        ((Reshape((12, 4, 8)), *pooling(2, 2)), "mask"),
    ),
    "behind pooling": (
        (convolution(3, 3, 8), "spikes"),
        ((*pooling(2, 2), Reshape((4, 3, 8))), "mask"),
    ),
    "behind a convolution": (((*convolution(3, 3, 8), Reshape((8, 6, 8))), "spikes"),),
    "behind a full matrix": (((*dense(144, 60), Reshape((5, 4, 3))), "spikes"),),
}


@pytest.mark.parametrize("where", RESHAPED)
def test_a_population_in_another_geometry_than_its_operator_stays_apart(where: str) -> None:
    chains = RESHAPED[where]
    network = chain((6, 8, 3), *chains, encoding="PSO")
    network = chain(
        (6, 8, 3),
        *chains,
        (dense(network.populations[-1].size, 5), "spikes"),
        encoding="PSO",
    )
    plan = fuse_layers(plan_before(network, "fuse_layers"))
    plan.verify()
    assert [layer.update.population for layer in layers(plan)] == [0, len(chains) + 1]


SCALED: dict[str, tuple[tuple[Operator, ...], list[int]]] = {
    "one factor": ((Scale(np.asarray(2.0)),), [0, 1, 2]),
    "a factor for each channel": ((Scale(np.arange(8.0)),), [0, 1, 2]),
    "other channels": (
        (Reshape((384,)), Scale(np.arange(384.0)), Reshape((6, 8, 8))),
        [0, 2],
    ),
    "two scales": ((Scale(np.arange(8.0)), Scale(np.arange(8.0))), [0, 2]),
}


@pytest.mark.parametrize("what", SCALED)
def test_a_scale_of_the_channels_belongs_to_the_layer(what: str) -> None:
    scaled, fused = SCALED[what]
    network = chain(
        (6, 8, 3),
        ((*convolution(3, 3, 8), *scaled), "spikes"),
        (dense(384, 5), "spikes"),
        encoding="PSO",
    )
    options = replace(OPTIONS, disable=("fold_scale",))
    plan = fuse_layers(plan_before(network, "fuse_layers", options))
    plan.verify()
    assert [layer.update.population for layer in layers(plan)] == fused


def test_whole_populations_are_not_hidden() -> None:
    plan = fuse_layers(plan_before(PICTURE, "fuse_layers", replace(OPTIONS, whole=True)))
    assert None not in plan.spikes
    assert all(layer.pooling is None for layer in layers(plan))


def test_windows_that_overlap_stay_apart() -> None:
    network = chain((7, 7, 1), (convolution(3, 1, 8), "mask"), (pooling(3, 2), "mask"))
    plan = fuse_layers(plan_before(network, "fuse_layers"))
    assert [entry.name for entry in layers(plan)] == ["layer_p0"]


def test_two_projections_onto_a_population_are_computed_for_one_block() -> None:
    network = chain((9,), (dense(9, 8), "spikes"), (dense(8, 8), "spikes"))
    second = Projection("more", "p0", "p2", dense(9, 8), "spikes")
    network = replace(network, projections=(*network.projections, second))
    plan = fuse_layers(plan_before(network, "fuse_layers"))
    joined = layers(plan)[-1]
    assert joined.name == "layer_p2"
    assert [entry.function for entry in joined.arrivals] == ["DenseSource"] * 2
    assert len(plan.kernels) == 3


def joined(*operators: Operator, pre: str = "p1", transmits: str = "spikes") -> Network:
    """Two convolutions in a row, and a projection that goes round the second one."""
    network = chain(
        (6, 8, 3),
        (convolution(3, 3, 8), "spikes"),
        (convolution(3, 8, 8), "spikes"),
        (dense(384, 5), "spikes"),
        encoding="PSO",
    )
    second = Projection("more", pre, "p2", operators, transmits)
    return replace(network, projections=(*network.projections, second))


JOINS: dict[str, tuple[Network, str]] = {
    "as they are": (joined(), "ElementSource"),
    "by one factor": (joined(Scale(np.asarray(2.0))), "ElementSource"),
    "by channel": (joined(Scale(np.arange(8.0))), "ElementSource"),
    "by channel, twice": (joined(Scale(np.arange(8.0)), Scale(np.arange(8.0))), "ElementSource"),
    "a trace": (joined(transmits="mask"), "ElementSource"),
    "through a small kernel": (joined(*convolution(1, 8, 8)), "ConvolutionSource"),
    "from the input": (joined(*convolution(3, 3, 8), pre="p0"), "ConvolutionSource"),
}


@pytest.mark.parametrize("how", JOINS)
def test_a_join_of_two_projections_is_one_layer(how: str) -> None:
    network, source = JOINS[how]
    plan = fuse_layers(plan_before(network, "fuse_layers"))
    plan.verify()
    assert [entry.update.population for entry in layers(plan)] == [0, 1, 2, 3]
    main, other = layers(plan)[2].arrivals
    assert (main.function, other.function) == ("ConvolutionSource", source)
    assert (other.factors is not None) == ("by" in how or how == "a trace")
    assert (other.trace is not None) == (how == "a trace")
    for name in ("kTileChannels", "kBlockRows", "kOut", "kChannelsOut"):
        assert dict(main.constants)[name] == dict(other.constants)[name]


APART = {
    "more than one operator": joined(*pooling(1, 1), *convolution(3, 8, 8)),
    "factors of other channels": joined(
        Reshape((384,)), Scale(np.arange(384.0)), Reshape((6, 8, 8))
    ),
    "another geometry": joined(Reshape((384,)), Dense(np.ones((384, 384))), Reshape((6, 8, 8))),
    "channels in groups": joined(
        Convolution(np.ones((1, 1, 2, 8)), (1, 1), ((0, 0), (0, 0)), (1, 1), 4)
    ),
}


@pytest.mark.parametrize("what", APART)
def test_a_join_with_something_else_stays_apart(what: str) -> None:
    plan = fuse_layers(plan_before(APART[what], "fuse_layers"))
    plan.verify()
    assert [entry.update.population for entry in layers(plan)] == [0, 1, 3]


def test_the_heaviest_arrival_decides_the_blocks() -> None:
    network = joined(*convolution(1, 8, 8))
    turned = replace(network, projections=(*network.projections[-1:], *network.projections[:-1]))
    alone = replace(network, projections=network.projections[:-1])
    blocks = []
    for entry in (network, turned, alone):
        shape = dict(layers(fuse_layers(plan_before(entry, "fuse_layers")))[2].constants)
        blocks.append((shape["kTileChannels"], shape["kBlockRows"]))
    assert len(set(blocks)) == 1


def test_a_conductance_at_which_nothing_arrives_is_zero() -> None:
    neuron = Neuron(
        parameters="vt = 1", equations="v += g_exc - g_inh", spike="v > vt", reset="v = 0"
    )
    network = chain((9,), (dense(9, 8), "spikes"), (dense(8, 8), "spikes"), neuron=neuron)
    plan = lower(network, OPTIONS)[1]
    assert [entry.name for entry in layers(plan)] == ["layer_p0", "layer_p1", "layer_p2"]
    text = render_network(plan)["kernels.cpp"]
    assert text.count("const Value g_inh = real{0};") == 1


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
