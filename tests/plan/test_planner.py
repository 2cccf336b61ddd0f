"""From a Network to its Plan: order of kernels, buffers, packed arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from batch import Job, Run, compile_batch, spike_rows
from zoo import OPTIONS, ZOO, branches, dense, numbers, picture, samples, signed, spiking

from annconv.errors import VerifyError
from annconv.ir.network import Network
from annconv.ir.operators import Dense, Reshape
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import IB, IaF
from annconv.plan.kernels import OperatorKernel, UpdateKernel
from annconv.plan.planner import broadcast_of, make_plan
from annconv.readouts.table import READOUTS
from annconv.reference.network import run_network


def kernel_names(network: Network) -> list[str]:
    return [kernel.name for kernel in make_plan(network, "double").kernels]


def test_with_a_delay_all_projections_run_before_any_population() -> None:
    assert kernel_names(picture()) == [
        "apply_conv_proj_2", "apply_pool_proj_3", "apply_dense_proj_4",
        "update_image", "update_conv", "update_pool", "update_classes",
    ]  # fmt: skip


def test_without_delay_a_population_follows_its_projections() -> None:
    assert kernel_names(branches()) == [
        "update_image", "apply_pool", "update_peaks",
        "apply_skip", "apply_skip_v2", "apply_main", "apply_main_v2",
        "apply_direct", "apply_late", "update_classes",
    ]  # fmt: skip


def test_behind_a_delay_a_junction_passes_on_in_the_same_step() -> None:
    delays = [replace(entry, delay=int(entry.pre != "sum")) for entry in branches().projections]
    names = kernel_names(replace(branches(), projections=tuple(delays)))
    assert names.index("apply_main_v2") < names.index("apply_late") < names.index("update_image")


def operators(network: Network) -> dict[str, OperatorKernel]:
    kernels = make_plan(network, "double").kernels
    return {entry.name: entry for entry in kernels if isinstance(entry, OperatorKernel)}


def test_the_first_operator_onto_a_sum_writes_and_later_ones_add() -> None:
    found = operators(branches())
    assert (found["apply_skip_v2"].target, found["apply_skip_v2"].adds) == ("sum_sum", False)
    assert (found["apply_main_v2"].target, found["apply_main_v2"].adds) == ("sum_sum", True)
    assert not found["apply_direct"].adds
    assert found["apply_late"].adds


def test_operators_of_a_chain_pass_on_through_buffers_of_their_own() -> None:
    found = operators(branches())
    assert found["apply_main"].source == "peaks_v"
    assert found["apply_main"].target == found["apply_main_v2"].source == "main_result_0"
    assert found["apply_main_v2"].state == "main_passed"
    assert found["apply_late"].source == "sum_sum"


def test_summaries_say_what_is_read() -> None:
    found = {name: kernel.summary for name, kernel in operators(branches()).items()}
    assert found["apply_main"] == "main: scale of v of peaks, 3 x 3 x 2 -> 3 x 3 x 2"
    assert found["apply_main_v2"] == "main: increase of the result before, 3 x 3 x 2 -> 3 x 3 x 2"
    assert found["apply_late"] == "late: dense of the sum of sum, 18 -> 2"
    assert found["apply_direct"] == "direct: dense of spikes of peaks, 18 -> 2"


def test_a_reshape_alone_moves_values() -> None:
    network = dense()
    flat = Projection("flat", "image", "hidden", (Reshape((6, 1)), Reshape((6,))))
    populations = (network.populations[0], replace(network.populations[1], geometry=(6,)))
    out = Projection("out", "hidden", "classes", (Dense(numbers(6, 3)),))
    network = replace(
        network,
        populations=(*populations, network.populations[2]),
        projections=(flat, out),
    )
    found = operators(network)["apply_flat"]
    assert (found.function, found.source) == ("transfer", "image_spikes")
    assert found.target == "hidden_g_exc"


def test_an_identity_chain_moves_values() -> None:
    network = replace_first_operators(branches(), 2, ())
    assert operators(network)["apply_main"].function == "transfer"


def replace_first_operators(network: Network, index: int, chain: tuple[()]) -> Network:
    projections = list(network.projections)
    projections[index] = replace(projections[index], operators=chain)
    return replace(network, projections=tuple(projections))


def updates(network: Network) -> dict[str, UpdateKernel]:
    kernels = make_plan(network, "double").kernels
    return {entry.name: entry for entry in kernels if isinstance(entry, UpdateKernel)}


def test_parameters_are_kept_as_compactly_as_their_shape_allows() -> None:
    conv = {entry.name: entry for entry in updates(picture())["update_conv"].parameters}
    both = {entry.name: entry for entry in updates(signed())["update_both"].parameters}
    assert conv["vt"].broadcast == "channel"
    assert conv["mask_tau"].broadcast == "one"
    assert both["vt"].broadcast == "each"
    start = updates(signed())["update_both"].variables[0]
    assert (start.name, start.initial, start.broadcast) == ("v", "both_v_initial", "each")
    assert "start" not in both, "initial values are packed as such"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((), "one"), ((1, 1), "one"), ((4,), "channel"), ((1, 1, 4), "channel"), ((2, 3, 4), "each"),
     ((2, 1, 1), "each"), ((3, 4), "each")],
)  # fmt: skip
def test_broadcast(shape: tuple[int, ...], expected: str) -> None:
    assert broadcast_of(np.zeros(shape), (2, 3, 4)) == expected


def test_a_neuron_that_repeats_along_the_wrong_axis_is_kept_for_each() -> None:
    assert broadcast_of(np.zeros((2, 1)), (2, 2)) == "each"


def test_rates_are_no_packed_parameter() -> None:
    image = updates(picture())["update_image"]
    assert image.rates
    assert "rates" not in {entry.name for entry in image.parameters}
    assert not updates(picture())["update_conv"].rates


def test_a_plan_describes_the_populations() -> None:
    plan = make_plan(branches(), "single")
    assert (plan.precision, plan.dt, plan.inputs) == ("single", 1.0, 18)
    assert plan.populations == (18, 18, 18, 2)
    assert [kept and kept.buffer for kept in plan.spikes] == [
        "image_spikes", "peaks_spikes", None, "classes_spikes",
    ]  # fmt: skip
    assert (plan.readout.population, plan.readout.outputs) == (3, 2)
    assert plan.readout.parameters == (("k", "readout_k"),)


def test_a_network_that_breaks_its_rules_is_not_planned() -> None:
    network = replace(dense(), populations=dense().populations[1:])
    with pytest.raises(VerifyError, match="one_input_and_output"):
        make_plan(network, "double")


def odd_junctions() -> Network:
    """A junction that nothing reaches, and one reached under another target than its readers'."""
    return Network(
        name="odd",
        populations=(
            Population("in", (3,), IB, role="input"),
            Population("empty", (3,), None, role="linear"),
            Population("sum", (3,), None, role="linear"),
            Population("out", (2,), IaF, role="output"),
        ),
        projections=(
            Projection("a", "in", "sum", (), target="inh"),
            Projection("b", "in", "sum", (Dense(np.eye(3) / 2),), "mask", target="exc"),
            Projection("c", "empty", "out", (Dense(np.ones((3, 2))),), delay=0),
            Projection("d", "sum", "out", (Dense(numbers(3, 2) + 0.75),), delay=0),
        ),
        readout=READOUTS["spike_count"],
        input_scale=100.0,
    )


def test_junctions_add_up_whatever_arrives() -> None:
    found = operators(odd_junctions())
    assert found["apply_a"].target == found["apply_b"].target == found["apply_d"].source
    assert found["apply_c"].source == "empty_sum"


def delayed(name: str, delay: int) -> Network:
    """A network of the zoo with this delay wherever one may be chosen."""
    network = ZOO[name]()
    junctions = {entry.name for entry in network.populations if entry.neuron is None}
    projections = tuple(
        replace(entry, delay=0 if entry.pre in junctions else delay)
        for entry in network.projections
    )
    return replace(network, projections=projections)


DELAYS = (0, 1)


@pytest.fixture(scope="module")
def delayed_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    networks = {f"{name} {delay}": delayed(name, delay) for name in ZOO for delay in DELAYS}
    networks["odd"] = odd_junctions()
    jobs = {key: Job(network, OPTIONS, recorded=True) for key, network in networks.items()}
    return compile_batch(jobs, tmp_path_factory.mktemp("delays"))


@pytest.mark.compiles
@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("delay", DELAYS)
def test_either_delay_runs_as_in_the_oracle(
    name: str, delay: int, delayed_runs: dict[str, Run]
) -> None:
    network = delayed(name, delay)
    x = samples(network)
    expected = run_network(network, x, steps=network.steps, seed=2, record=spiking(network))
    received = delayed_runs[f"{name} {delay}"].recorded(x, network.steps, 2)
    np.testing.assert_array_equal(received.spikes, spike_rows(network, expected.spikes))
    np.testing.assert_array_equal(received.outputs, expected.outputs)
    np.testing.assert_array_equal(received.stopped_at, expected.stopped_at)


@pytest.mark.compiles
def test_odd_junctions_run_as_in_the_oracle(delayed_runs: dict[str, Run]) -> None:
    network = odd_junctions()
    x = samples(network)
    expected = run_network(network, x, steps=20)
    received = delayed_runs["odd"](x, 20, 0)
    assert received.counts.sum() > 0
    np.testing.assert_array_equal(received.counts, expected.counts)
