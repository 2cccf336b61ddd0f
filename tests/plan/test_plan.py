"""Rules of a Plan, each broken once; its digest; its text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from zoo import ZOO, branches, dense, signed

from annconv.errors import VerifyError
from annconv.ir.network import Network
from annconv.ir.operators import Dense, Scale
from annconv.neurons.library import IaF
from annconv.plan.plan import RULES, Buffer, OperatorKernel, Plan, UpdateKernel
from annconv.plan.planner import make_plan


@pytest.fixture
def plan() -> Plan:
    return make_plan(branches(), "double")


def operators(plan: Plan) -> list[OperatorKernel]:
    return [kernel for kernel in plan.kernels if isinstance(kernel, OperatorKernel)]


def swapped(plan: Plan, old: object, **changes: object) -> Plan:
    """The plan with one kernel changed."""
    kernels = tuple(
        replace(kernel, **changes) if kernel is old else kernel  # type: ignore[arg-type]
        for kernel in plan.kernels
    )
    return replace(plan, kernels=kernels)


def broken(plan: Plan) -> list[tuple[str, str, object, object]]:
    with pytest.raises(VerifyError, match=r"Plan breaks \d+ of its rules") as caught:
        plan.verify()
    return [(v.rule, v.where, v.expected, v.received) for v in caught.value.violations]


def test_every_rule_is_broken_below() -> None:
    names = {rule.__name__ for rule in RULES}
    assert names == {
        "names_unique", "names_valid", "references_exist", "lengths_positive", "sums_start_fresh",
    }  # fmt: skip


@pytest.mark.parametrize("name", ZOO)
@pytest.mark.parametrize("precision", ["single", "double"])
def test_the_planner_keeps_all_rules(name: str, precision: str) -> None:
    make_plan(ZOO[name](), precision).verify()


def test_two_buffers_of_one_name(plan: Plan) -> None:
    plan = replace(plan, buffers=(*plan.buffers, plan.buffers[0]))
    assert broken(plan) == [("names_unique", "buffer image_p", "one", 2)]


def test_two_packed_arrays_of_one_name(plan: Plan) -> None:
    plan = replace(plan, packed=(*plan.packed, plan.packed[0]))
    assert broken(plan) == [("names_unique", "packed image_k", "one", 2)]


def test_two_kernels_of_one_name(plan: Plan) -> None:
    updates = [kernel for kernel in plan.kernels if isinstance(kernel, UpdateKernel)]
    plan = swapped(plan, updates[1], name=updates[0].name)
    assert broken(plan) == [("names_unique", "kernel update_image", "one", 2)]


@pytest.mark.parametrize("name", ["784_input", "static_cast", "shared_inputs", "naïve", "a__b"])
def test_names_that_c_plus_plus_does_not_take(plan: Plan, name: str) -> None:
    plan = replace(plan, buffers=(*plan.buffers, replace(plan.buffers[0], name=name)))
    assert broken(plan) == [("names_valid", "buffer", "a free identifier", name)]


@pytest.mark.parametrize(
    ("field", "kind"), [("source", "buffer"), ("state", "buffer"), ("packed", "packed")]
)
def test_an_operator_that_refers_to_nothing(plan: Plan, field: str, kind: str) -> None:
    kernel = operators(plan)[0]
    found = broken(swapped(plan, kernel, **{field: "gone"}))
    assert found == [("references_exist", "apply_pool", f"a {kind} array", "gone")]


def test_a_target_that_does_not_exist(plan: Plan) -> None:
    found = broken(swapped(plan, operators(plan)[0], target="gone"))
    assert found == [("references_exist", "apply_pool", "a buffer array", "gone")]


def test_a_population_that_refers_to_nothing(plan: Plan) -> None:
    update = next(entry for entry in plan.kernels if entry.name == "update_peaks")
    assert isinstance(update, UpdateKernel)
    parameter, variable = update.parameters[0], update.variables[0]
    changes: list[tuple[dict[str, object], str]] = [
        ({"parameters": (replace(parameter, packed="gone"),)}, "packed"),
        ({"variables": (replace(variable, buffer="gone"),)}, "buffer"),
        ({"variables": (replace(variable, initial="gone"),)}, "packed"),
        ({"conductances": (("exc", "gone"),)}, "buffer"),
        ({"spikes": "gone"}, "buffer"),
    ]
    for change, kind in changes:
        found = broken(swapped(plan, update, **change))
        assert found == [("references_exist", "update_peaks", f"a {kind} array", "gone")]


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"parameters": (("k", "gone"),)}, "packed"),
        ({"counts": "gone"}, "buffer"),
        ({"spikes": "gone"}, "buffer"),
        ({"variables": (("v", "gone"),)}, "buffer"),
    ],
)
def test_a_readout_that_refers_to_nothing(plan: Plan, changes: dict[str, str], kind: str) -> None:
    readout = replace(plan.readout, **changes)  # type: ignore[arg-type]
    found = broken(replace(plan, readout=readout))
    assert found == [("references_exist", "readout", f"a {kind} array", "gone")]


def test_empty_arrays(plan: Plan) -> None:
    buffers = (*plan.buffers, Buffer("nothing", "real", 0))
    packed = (*plan.packed[:-1], replace(plan.packed[-1], length=-1))
    assert broken(replace(plan, buffers=buffers, packed=packed)) == [
        ("lengths_positive", "nothing", "one element or more", 0),
        ("lengths_positive", "readout_k", "one element or more", -1),
    ]


def test_sums_that_start_with_what_the_step_before_left(plan: Plan) -> None:
    first, second = (entry for entry in operators(plan) if entry.target == "classes_g_exc")
    assert broken(swapped(plan, first, adds=True)) == [
        ("sums_start_fresh", "apply_direct", "to write", "the opposite")
    ]
    assert broken(swapped(plan, second, adds=False)) == [
        ("sums_start_fresh", "apply_late", "to add", "the opposite")
    ]


def with_other_values(network: Network) -> Network:
    """Every weight, parameter and default value changed."""
    populations = []
    for entry in network.populations:
        neuron = entry.neuron
        if neuron is not None:
            text = neuron.parameters.replace("= 1.0", "= 1.5").replace("= 0.25", "= 0.5")
            neuron = replace(neuron, parameters=text)
        values = {name: value + 0.5 for name, value in entry.parameters.items()}
        populations.append(replace(entry, neuron=neuron, parameters=values))
    projections = []
    for entry in network.projections:
        operators = tuple(
            replace(item, weights=item.weights * 2)
            if isinstance(item, Dense)
            else replace(item, factors=item.factors * 2)
            if isinstance(item, Scale)
            else item
            for item in entry.operators
        )
        projections.append(replace(entry, operators=operators))
    given = {name: 9.0 for name, _ in network.readout.parameters}
    readout = network.readout.with_parameters(**given)
    return replace(
        network,
        name="other",
        populations=tuple(populations),
        projections=tuple(projections),
        readout=readout,
        steps=7,
        input_scale=3.0,
        class_names=("a", "b"),
        options={"preset": "annarchy"},
    )


@pytest.mark.parametrize("name", ["dense", "branches", "signed"])
def test_networks_that_differ_in_values_share_a_digest(name: str) -> None:
    network = ZOO[name]()
    other = with_other_values(network)
    assert other != network
    assert make_plan(other, "double").digest() == make_plan(network, "double").digest()


def replace_population(network: Network, index: int, **changes: object) -> Network:
    populations = list(network.populations)
    populations[index] = replace(populations[index], **changes)  # type: ignore[arg-type]
    return replace(network, populations=tuple(populations))


def replace_projection(network: Network, index: int, **changes: object) -> Network:
    projections = list(network.projections)
    projections[index] = replace(projections[index], **changes)  # type: ignore[arg-type]
    return replace(network, projections=tuple(projections))


def larger(network: Network) -> Network:
    """One hidden neuron more."""
    network = replace_population(network, 1, geometry=(6,))
    network = replace_projection(network, 0, operators=(Dense(dense_weights(6, 6)),))
    return replace_projection(network, 1, operators=(Dense(dense_weights(6, 3)),))


def dense_weights(*shape: int) -> object:
    import numpy as np

    return np.ones(shape)


STRUCTURAL: dict[str, Callable[[Network], Network]] = {
    "dt": lambda n: replace(n, dt=0.5),
    "size": larger,
    "name of a population": lambda n: replace_projection(
        replace_population(n, 0, name="picture"), 0, pre="picture"
    ),
    "equations": lambda n: replace_population(
        n, 1, neuron=replace(IaF, equations=IaF.equations.replace("-2.0", "-3.0"))
    ),
    "spike": lambda n: replace_population(n, 1, neuron=replace(IaF, spike="v >= vt")),
    "reset": lambda n: replace_population(n, 1, neuron=replace(IaF, reset="v -= vt")),
    "unspike": lambda n: replace_population(n, 1, neuron=replace(IaF, unspike="v < -vt")),
    "shape of a parameter": lambda n: replace_population(n, 1, parameters={"vt": dense_weights(5)}),
    "transmitted variable": lambda n: replace_projection(n, 1, transmits="mask"),
    "delay": lambda n: replace_projection(replace_projection(n, 0, delay=0), 1, delay=0),
    "operators": lambda n: replace_projection(
        n, 1, operators=(*n.projections[1].operators, Scale(dense_weights()))
    ),
    "another projection": lambda n: replace(
        n, projections=(*n.projections, replace(n.projections[1], name="again"))
    ),
    "read-out's stop": lambda n: replace(n, readout=replace(n.readout, stop="count >= 3")),
    "read-out's score": lambda n: replace(n, readout=replace(n.readout, score="-count")),
}


@pytest.mark.parametrize("change", STRUCTURAL)
def test_a_change_of_structure_changes_the_digest(change: str) -> None:
    network = dense()
    changed = STRUCTURAL[change](network)
    assert make_plan(changed, "double").digest() != make_plan(network, "double").digest()


def test_precision_is_structure() -> None:
    assert make_plan(dense(), "double").digest() != make_plan(dense(), "single").digest()


def test_a_digest_does_not_depend_on_the_process_or_the_order_of_dictionaries() -> None:
    network = signed()
    population = network.populations[1]
    backwards = dict(reversed(population.parameters.items()))
    again = replace_population(network, 1, parameters=backwards)
    assert make_plan(again, "single").digest() == make_plan(network, "single").digest()


def test_no_value_stands_in_a_plan() -> None:
    network = dense()
    marked = replace(IaF, parameters=IaF.parameters.replace("1.0", "0.8125"))
    network = replace_population(network, 2, neuron=marked)
    plan = make_plan(network, "double")
    assert "0.8125" not in repr(plan)
    assert "800" not in repr(plan)
