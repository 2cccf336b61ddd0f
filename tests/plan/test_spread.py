"""Local parameters per neuron, nothing else changed."""

from __future__ import annotations

import numpy as np
from zoo import branches, picture, signed

from annconv.plan.planner import make_plan
from annconv.plan.spread import spread_parameters


def test_local_parameters_get_a_value_for_each_neuron():
    network = signed()
    spread = spread_parameters(network)
    both = spread["both"]
    assert {name: value.shape for name, value in both.parameters.items()} == {
        "start": (2, 3), "vt": (2, 3),
    }  # fmt: skip
    np.testing.assert_array_equal(both.parameters["vt"], [[0.5] * 3, [1.0] * 3])
    assert spread["image"].parameters["mask_tau"].tolist() == [20.0] * 4
    assert spread["classes"].parameters == {}, "IaF's parameters are the population's"


def test_values_of_the_population_stay_one_unless_they_are_more():
    spread = spread_parameters(picture())
    assert spread["conv"].parameters["vt"].shape == (4, 4, 2), "thresholds by channel"
    assert spread["pool"].parameters["vt"].shape == ()


def test_the_plan_packs_them_all():
    plan = make_plan(spread_parameters(signed()), "double")
    lengths = {entry.name: entry.length for entry in plan.packed}
    assert lengths["both_vt"] == 6
    assert lengths["both_vu"] == 1
    assert lengths["image_mask_tau"] == 4


def test_a_junction_stays_what_it_is():
    network = branches()
    assert spread_parameters(network)["sum"] is network["sum"]
