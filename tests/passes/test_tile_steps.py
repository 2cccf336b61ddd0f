"""Kernels by population, and what is kept for every step of a tile."""

from __future__ import annotations

from dataclasses import replace

from planned import OPTIONS, chain, convolution, dense, plan_before, pooling

from annconv.passes.tile_steps import FLAT_TILE, PLANAR_TILE, STOPPING_TILE, tile_steps

PICTURE = chain((6, 6, 1), (convolution(3, 1, 2), "mask"), (pooling(2, 2), "mask"))


def test_populations_run_one_after_another() -> None:
    plan = tile_steps(plan_before(PICTURE, "tile_steps"))
    assert [kernel.population for kernel in plan.kernels] == sorted(
        kernel.population for kernel in plan.kernels
    )
    assert plan.tile == PLANAR_TILE


def test_what_others_read_is_kept_for_every_step() -> None:
    plan = tile_steps(plan_before(PICTURE, "tile_steps"))
    slots = {entry.name: entry.slots for entry in plan.buffers}
    assert slots["p0_spikes"] == slots["p1_mask"] == slots["p2_spikes"] == 1 + PLANAR_TILE
    assert slots["p1_v"] == slots["p1_trace_exc"] == 1


def test_tiles_suit_the_network() -> None:
    flat = chain((9,), (dense(9, 3), "spikes"))
    assert tile_steps(plan_before(flat, "tile_steps")).tile == FLAT_TILE
    stopping = chain((9,), (dense(9, 3), "spikes"), readout="time_to_first_spike")
    assert tile_steps(plan_before(stopping, "tile_steps")).tile == STOPPING_TILE
    chosen = replace(OPTIONS, tile=5)
    assert tile_steps(plan_before(flat, "tile_steps", chosen)).tile == 5


def test_a_tile_of_one_step_changes_nothing() -> None:
    plan = plan_before(PICTURE, "tile_steps", replace(OPTIONS, tile=1))
    assert tile_steps(plan) is plan
