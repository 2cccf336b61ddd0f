"""The library's neurons: names, values and what they do in a step, written out by hand."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from annconv.neurons.equations import parse_neuron
from annconv.neurons.library import ENCODINGS, HIDDEN, OUTPUTS, UNIT_STEP_ENCODINGS
from annconv.neurons.model import OdeSystem
from annconv.reference.expressions import bounded, evaluate


def test_localities():
    for neuron in ENCODINGS.values():
        assert all(entry.local for entry in parse_neuron(neuron).parameters)
    for neuron in (HIDDEN["IaF"], OUTPUTS["Counter"]):
        assert not any(entry.local for entry in parse_neuron(neuron).parameters)


def test_tables():
    assert sorted(ENCODINGS) == ["CPN", "IB", "IB-fused", "PSO", "phase", "poisson"]
    assert ENCODINGS["poisson"] is ENCODINGS["CPN"]
    assert {"PSO", "phase"} == UNIT_STEP_ENCODINGS
    assert OUTPUTS["IaF"] is HIDDEN["IaF"]
    for table in (ENCODINGS, HIDDEN, OUTPUTS):
        assert isinstance(table, MappingProxyType)


def test_what_arrives_where():
    for neuron in ENCODINGS.values():
        assert parse_neuron(neuron).conductances == ()
    for neuron in OUTPUTS.values():
        assert parse_neuron(neuron).conductances == ("exc",)


def run(neuron, steps, *, draws=None, **inputs):
    """The neuron's spikes and variables after each step, by the interpreter of expressions.

    Args:
        neuron: A neuron of the library.
        steps: Steps to run.
        draws: Uniform number of each step.
        inputs: Values of parameters, and of g_exc as a list over steps.
    """
    model = parse_neuron(neuron)
    values = {entry.name: inputs.get(entry.name, entry.value) for entry in model.parameters}
    values |= {entry.name: entry.initial.value for entry in model.variables}
    values |= {"dt": 1.0, "pi": 3.141592653589793}
    history = []
    for step in range(steps):
        values["t"] = float(step)
        if "g_exc" in inputs:
            values["g_exc"] = inputs["g_exc"][step]

        def value(expression, step=step):
            return evaluate(expression, values, lambda _draw, _number: draws[step])

        def keep(entry, new):
            limits = [None if b is None else value(b) for b in (entry.minimum, entry.maximum)]
            values[entry.variable] = float(bounded(new, *limits))

        for statement in model.update:
            if isinstance(statement, OdeSystem):
                slopes = [value(entry.gradient) for entry in statement.equations]
                for entry, slope in zip(statement.equations, slopes, strict=True):
                    keep(entry, values[entry.variable] + values["dt"] * slope)
            else:
                keep(statement, value(statement.value))
        spiked = model.spike is not None and bool(value(model.spike))
        for entry in model.reset if spiked else ():
            keep(entry, value(entry.value))
        history.append((spiked, {entry.name: values[entry.name] for entry in model.variables}))
    return history


def test_ib_is_izhikevichs_neuron():
    received = run(ENCODINGS["IB"], 200, rates=57.3)
    v, u, mask = -55.0, -13.0, 0.0
    spikes = 0
    for spiked, values in received:
        slope_v = 0.04 * (v * v) + 5.0 * v + 140.0 - u + 57.3
        slope_u = 0.02 * (0.2 * v - u)
        v, u, mask = v + slope_v, u + slope_u, mask - mask / 20.0
        assert spiked == (v > 30.0)
        if v > 30.0:
            v, u, mask = -55.0, u + 4.0, mask + 1.0 / 20.0
            spikes += 1
        assert values == {"v": v, "u": u, "mask": mask}
    assert spikes > 10


def test_pso_thresholds_double_over_eight_steps():
    received = run(ENCODINGS["PSO"], 17, rates=3.0)
    expected = [0.25] + [2.0**n for n in (-1, 0, 1, 2, 3, 4, 5, 6)] * 2
    assert [values["p"] for _, values in received] == expected
    assert [spiked for spiked, _ in received] == [p < 3.0 for p in expected]


def test_phase_thresholds_halve_over_eight_steps():
    received = run(ENCODINGS["phase"], 16, rates=0.1)
    expected = [2.0 ** -(1 + n) for n in range(8)] * 2
    assert [values["p"] for _, values in received] == expected
    assert [spiked for spiked, _ in received] == [p < 0.1 for p in expected]


def test_cpn_spikes_where_a_random_number_falls_below_the_rate():
    draws = [0.01, 0.0499, 0.05, 0.0501, 0.9]
    received = run(ENCODINGS["CPN"], 5, draws=draws, rates=50.0)
    assert [spiked for spiked, _ in received] == [True, True, False, False, False]
    assert received[-1][1]["p"] == 0.9 * 1000.0


@pytest.mark.parametrize("name", ["IaF", "Counter"])
def test_integrate_and_fire(name):
    received = run(OUTPUTS[name], 6, g_exc=[0.75, 0.25, 0.5, -5.0, 3.0, 0.25])
    assert [spiked for spiked, _ in received] == [False, False, True, False, False, True]
    assert [values["v"] for _, values in received] == [0.75, 1.0, 0.0, -2.0, 1.0, 0.0]
    if name == "Counter":
        assert [values["sc"] for _, values in received] == [0, 0, 1, 1, 1, 2]


def test_mask_decays_before_it_grows():
    received = run(HIDDEN["IaF"], 3, g_exc=[2.0, 0.0, 2.0])
    first = 1.0 / 20.0
    second = first - first / 20.0
    third = second - second / 20.0 + 1.0 / 20.0
    assert [values["mask"] for _, values in received] == [first, second, third]


def test_integrator_never_spikes():
    received = run(OUTPUTS["Integrator"], 3, g_exc=[5.0, -100.0, 1.0])
    assert [spiked for spiked, _ in received] == [False] * 3
    assert [values["v"] for _, values in received] == [5.0, -2.0, -1.0]
