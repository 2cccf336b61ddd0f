"""Quotients by parameters and numbers become products."""

from __future__ import annotations

from planned import chain, dense, plan_before

from annconv.neurons.equations import parse_neuron
from annconv.neurons.expressions import Binary, Name, Number
from annconv.neurons.model import Assign
from annconv.neurons.neuron import Neuron
from annconv.neurons.reciprocals import with_reciprocals
from annconv.passes.multiply_reciprocals import multiply_reciprocals
from annconv.plan.kernels import UpdateKernel


def statement(equation: str) -> object:
    neuron = Neuron(
        parameters="vt = 1 ; tau = 3", equations=equation, spike="v > vt", reset="v = v/tau"
    )
    network = chain((4,), (dense(4, 3), "spikes"), (dense(3, 2), "spikes"), neuron=neuron)
    plan = multiply_reciprocals(plan_before(network, "multiply_reciprocals"))
    update = next(k for k in plan.kernels if isinstance(k, UpdateKernel) and k.population == 1)
    assert update.model.reset[0].value == Binary("*", Name("v"), reciprocal(Name("tau")))
    (found,) = update.model.update
    assert isinstance(found, Assign)
    return found.value


def reciprocal(of: object) -> Binary:
    return Binary("/", Number(1.0), of)  # type: ignore[arg-type]


def test_by_a_parameter() -> None:
    assert statement("v = g_exc/tau") == Binary("*", Name("g_exc"), reciprocal(Name("tau")))


def test_by_a_number() -> None:
    assert statement("v = g_exc/3") == Binary("*", Name("g_exc"), reciprocal(Number(3.0)))


def test_by_what_changes() -> None:
    value = statement("v = g_exc/(v + 2)")
    assert value == Binary("/", Name("g_exc"), Binary("+", Name("v"), Number(2.0)))


def test_reciprocals_and_zero_stay() -> None:
    assert statement("v = g_exc + 1.0/tau") == Binary("+", Name("g_exc"), reciprocal(Name("tau")))
    assert statement("v = g_exc/0.0") == Binary("/", Name("g_exc"), Number(0.0))


def test_what_may_change_in_a_sample_stays_a_divisor() -> None:
    neuron = Neuron(parameters="rates = 1.0 ; tau = 3", equations="v = tau/rates", spike="v > 1")
    assert with_reciprocals(parse_neuron(neuron), {"rates"}) == parse_neuron(neuron)
    (found,) = with_reciprocals(parse_neuron(neuron)).update
    assert isinstance(found, Assign)
    assert found.value == Binary("*", Name("tau"), reciprocal(Name("rates")))
