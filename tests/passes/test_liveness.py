"""What stays of a plan and what goes."""

from __future__ import annotations

import numpy as np

from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.neurons.neuron import Neuron
from annconv.passes.liveness import liveness
from annconv.plan.kernels import UpdateKernel
from annconv.plan.plan import Plan
from annconv.plan.planner import make_plan
from annconv.readouts import READOUTS


def plan(hidden: Neuron, transmits: str) -> Plan:
    network = Network(
        "n",
        (
            Population("in", (3,), ENCODINGS["IB"], {}, "input"),
            Population("mid", (2,), hidden, {}, "hidden"),
            Population("out", (2,), HIDDEN["IaF"], {}, "output"),
        ),
        (
            Projection("a", "in", "mid", (Dense(np.ones((3, 2))),)),
            Projection("b", "mid", "out", (Dense(np.ones((2, 2))),), transmits),
        ),
        READOUTS["spike_count"],
    )
    return make_plan(network, "double")


def variables(of: Plan, index: int) -> list[str]:
    updates = [kernel for kernel in of.kernels if isinstance(kernel, UpdateKernel)]
    return [entry.name for entry in updates[index].variables]


def test_a_mask_that_nobody_reads_goes() -> None:
    before = plan(HIDDEN["IaF"], "spikes")
    after = liveness(before)
    assert [variables(before, index) for index in range(3)] == [
        ["v", "u", "mask"], ["v", "mask"], ["v", "mask"],
    ]  # fmt: skip
    assert [variables(after, index) for index in range(3)] == [["v", "u"], ["v"], ["v"]]
    names = {entry.name for entry in (*after.buffers, *after.packed)}
    assert not any("mask" in name for name in names)


def test_what_a_projection_transmits_stays() -> None:
    assert variables(liveness(plan(HIDDEN["IaF"], "mask")), 1) == ["v", "mask"]


def test_what_a_live_variable_depends_on_stays() -> None:
    neuron = Neuron(
        equations="dv/dt = g_exc - w ; dw/dt = x ; x = 0.5*v ; dead = x",
        spike="v > 1",
        reset="v = 0 ; dead += 1",
    )
    after = liveness(plan(neuron, "spikes"))
    assert variables(after, 1) == ["v", "w", "x"]


def test_a_plan_without_dead_state_stays() -> None:
    neuron = Neuron(equations="dv/dt = g_exc", spike="v > 1", reset="v = 0")
    once = liveness(plan(neuron, "spikes"))
    assert liveness(once) == once


def test_what_a_statistic_reads_stays() -> None:
    neuron = Neuron(
        equations="w = g_exc ; x = t ; dv/dt = g_exc - mean(w)", spike="v > 1", reset="v = 0"
    )
    assert variables(liveness(plan(neuron, "spikes")), 1) == ["w", "v"]


def test_a_system_that_is_solved_together_stays_whole() -> None:
    equations = "dv/dt = g_exc - v : {0} ; dw/dt = -w : {0}"
    for method, kept in (("implicit", ["v", "w"]), ("rk4", ["v"])):
        neuron = Neuron(equations=equations.format(method), spike="v > 1", reset="v = 0")
        assert variables(liveness(plan(neuron, "spikes")), 1) == kept


def test_a_refractory_period_stays() -> None:
    neuron = Neuron(
        equations="dv/dt = g_exc ; x = t_last", spike="v > 1", reset="v = 0", refractory=2.0
    )
    assert variables(liveness(plan(neuron, "spikes")), 1) == ["v", "_refractory"]
    assert variables(liveness(plan(neuron, "x")), 1) == ["v", "x", "t_last", "_refractory"]


def test_a_conductance_stays_as_long_as_it_is_read() -> None:
    lasting = "dg_exc/dt = -g_exc ; dv/dt = {}"
    for read, kept in (("g_exc", ["g_exc", "v"]), ("1.0", ["v"])):
        neuron = Neuron(equations=lasting.format(read), spike="v > 1", reset="v = 0")
        assert variables(liveness(plan(neuron, "spikes")), 1) == kept
