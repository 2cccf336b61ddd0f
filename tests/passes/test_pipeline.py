"""Every pass leaves the spikes as they are, runs twice as once, and can be switched off."""

from __future__ import annotations

import numpy as np
import pytest
from random_networks import STEPS, draw_structure

from annconv.errors import OptionError
from annconv.ir.network import Network
from annconv.options import CompileOptions
from annconv.passes.order_channels import order_channels
from annconv.passes.pipeline import (
    NETWORK_PASSES,
    PLAN_PASSES,
    lower,
    pass_names,
)
from annconv.plan.planner import make_plan
from annconv.reference.compare import first_difference
from annconv.reference.network import run_network

SEEDS = range(3_000_000, 3_000_060)


def drawn(seed: int) -> tuple[Network, np.ndarray]:
    structure = draw_structure(seed)
    rng = np.random.default_rng(seed)
    network = structure.with_data(rng, on_grid=structure.exact)
    return network, structure.samples(rng, 2)


def moved(network: Network) -> dict[str, tuple[int, ...]]:
    """Which channels stand where, of the populations that say so."""
    populations = network.populations
    return {entry.name: entry.channels for entry in populations if entry.channels is not None}


def own_ranks(train: np.ndarray, channels: tuple[int, ...]) -> np.ndarray:
    """A spike train with the ranks of the given network, where these channels stand in a row."""
    cell, place = np.divmod(train[:, 1], len(channels))
    own = train.copy()
    own[:, 1] = cell * len(channels) + np.asarray(channels)[place]
    return own[np.lexsort((own[:, 1], own[:, 0]))]


@pytest.mark.parametrize("seed", SEEDS)
def test_network_passes_keep_the_spikes(seed: int) -> None:
    given, samples = drawn(seed)
    record = [entry.name for entry in given.populations if entry.neuron is not None]
    expected = run_network(given, samples, steps=STEPS, record=record)
    network = given
    for step in NETWORK_PASSES:
        network = step.run(network)
        network.verify()
        spikes = dict(run_network(network, samples, steps=STEPS, record=record).spikes)
        for population in network.populations:
            if population.channels is not None and population.name in spikes:
                trains = spikes[population.name]
                spikes[population.name] = [
                    own_ranks(train, population.channels) for train in trains
                ]
        difference = first_difference(given, samples, expected.spikes, spikes)
        assert difference is None or difference.is_rounding_tie, difference.explain()


def test_channels_are_ordered_first() -> None:
    """Their order, which the lowered network carries, is that of the network as given."""
    assert NETWORK_PASSES[0].run is order_channels
    given = (drawn(seed)[0] for seed in SEEDS)
    network = next(found for found in given if moved(order_channels(found)))

    def carried(options: CompileOptions) -> dict[str, tuple[int, ...]]:
        return moved(lower(network, options)[0])

    assert carried(CompileOptions()) == moved(order_channels(network))
    assert carried(CompileOptions(disable=("order_channels",))) == {}
    assert carried(CompileOptions(optimize=1)) == {}
    assert carried(CompileOptions(whole=True)) == moved(order_channels(network))


@pytest.mark.parametrize("seed", SEEDS)
def test_passes_run_twice_as_once(seed: int) -> None:
    network, _ = drawn(seed)
    for step in NETWORK_PASSES:
        network = step.run(network)
        assert step.run(network) == network
    plan = make_plan(network, "double")
    for plan_step in PLAN_PASSES:
        plan = plan_step.run(plan)
        plan.verify()
        assert plan_step.run(plan) == plan


def test_level_zero_changes_nothing() -> None:
    network, _ = drawn(SEEDS[0])
    lowered, plan = lower(network, CompileOptions(precision="double", optimize=0, vector_bits=256))
    assert plan.target.vector_bytes == 32
    assert lowered is network
    assert plan == make_plan(network, "double", plan.target)


def test_a_disabled_pass_does_not_run() -> None:
    network, _ = drawn(SEEDS[0])
    seen: dict[str, str] = {}
    lower(network, CompileOptions(disable=("liveness",)), seen.__setitem__)
    assert list(seen) == ["network", *(name for name in _order() if name != "liveness")]


def _order() -> list[str]:
    names = [step.name for step in NETWORK_PASSES]
    return [*names, "plan", *(step.name for step in PLAN_PASSES)]


@pytest.mark.parametrize(
    ("level", "left_out"),
    [
        (0, set(pass_names())),
        (
            1,
            {
                "order_channels",
                "multiply_reciprocals",
                "multiply_decays",
                "tile_steps",
                "fuse_layers",
                "skip_resting",
                "share_inputs",
                "pack_spikes",
                "tabulate_patterns",
                "follow_events",
            },
        ),
        (2, set()),
    ],
)
def test_levels_run_more_and_more_passes(level: int, left_out: set[str]) -> None:
    network, _ = drawn(SEEDS[0])
    seen: dict[str, str] = {}
    lower(network, CompileOptions(optimize=level), seen.__setitem__)
    assert set(pass_names()) - set(seen) == left_out


def test_an_unknown_pass_is_refused_with_the_nearest() -> None:
    network, _ = drawn(SEEDS[0])
    with pytest.raises(OptionError, match=r"unknown pass 'livenes'\. Nearest: 'liveness'"):
        lower(network, CompileOptions(disable=("livenes",)))


def test_names_are_unique() -> None:
    assert len(set(pass_names())) == len(pass_names())
