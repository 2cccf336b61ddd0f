"""What decays by Euler steps becomes one product; whatever else an equation does stays as it is."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.neurons.decays import with_decays
from annconv.neurons.equations import parse_neuron
from annconv.neurons.model import Assign, NeuronModel, OdeSystem
from annconv.neurons.neuron import Neuron
from annconv.reference.expressions import evaluate
from annconv.reference.integration import increments

PARAMETERS = "tau = 7.0 ; gain = -0.25 : population ; rates = 0.5"
VALUES = {"tau": 7.0, "gain": -0.25, "rates": 0.5, "dt": 0.5, "x": 3.0, "v": -2.0}


def model_of(equations: str, spike: str | None = None, reset: str | None = None) -> NeuronModel:
    return parse_neuron(
        Neuron(parameters=PARAMETERS, equations=equations, spike=spike, reset=reset)
    )


def stepped(model: NeuronModel) -> dict[str, float]:
    """Variables after the statements of a step, bounds included."""
    values = {name: np.asarray(value) for name, value in VALUES.items()}
    for statement in model.update:
        if isinstance(statement, OdeSystem):
            changes = increments(statement, values, lambda *_: np.zeros(()))
            new = [
                (ode, values[ode.variable] + changes[ode.variable]) for ode in statement.equations
            ]
        else:
            new = [(statement, evaluate(statement.value, values))]
        for entry, value in new:
            low = value if entry.minimum is None else evaluate(entry.minimum, values)
            values[entry.variable] = np.maximum(value, low)
    return {name: float(values[name]) for name in ("x", "v")}


@pytest.mark.parametrize(
    ("equations", "products"),
    [
        ("dx/dt = -x/tau", ["x"]),
        ("dx/dt = gain*x", ["x"]),
        ("dx/dt = x*(gain - 1.0/tau) - 2.0*x", ["x"]),
        ("dx/dt = -x*dt : min = 2.9", ["x"]),
        ("tau*dx/dt = -x", ["x"]),
        ("dv/dt = x - v\ndx/dt = -x/tau", ["x"]),
        ("dx/dt = -x/tau\ndv/dt = x - v", ["x"]),
        ("dx/dt = -x/tau\ndv/dt = gain*v", ["x", "v"]),
        ("dx/dt = -x/tau\nv = 2.0*x", ["x"]),
    ],
)
def test_a_decay_is_a_product(equations: str, products: list[str]) -> None:
    model = model_of(equations)
    rewritten = with_decays(model, {"rates"})
    odes = {
        ode.variable
        for statement in rewritten.update
        if isinstance(statement, OdeSystem)
        for ode in statement.equations
    }
    assert not odes & set(products)
    before, after = stepped(model), stepped(rewritten)
    assert after == pytest.approx(before, rel=1e-14)
    assert before != {"x": VALUES["x"], "v": VALUES["v"]}


@pytest.mark.parametrize(
    "equations",
    [
        "dx/dt = 1.0 - x/tau",  # grows, too
        "dx/dt = -x*v",  # the factor changes
        "dx/dt = -x*x",
        "dx/dt = -rates*x",  # may change from step to step
        "dx/dt = -x*Uniform(0.0, 1.0)",
        "dx/dt = -x*t",
        "dx/dt = -x*mean(v)",
        "dx/dt = -x/tau : exponential",
        "dx/dt = -x/tau : midpoint",
        "x = x*gain",
    ],
)
def test_what_is_no_decay_stays(equations: str) -> None:
    model = model_of(equations if "v" not in equations else f"v = 1.0\n{equations}")
    assert with_decays(model, {"rates"}) == model


def test_what_waits_for_a_refractory_period_stays() -> None:
    neuron = Neuron(
        parameters=PARAMETERS,
        equations="dx/dt = -x/tau\nv = v + 1.0",
        spike="v > 3.0",
        reset="v = 0.0",
        refractory=2.0,
    )
    model = parse_neuron(neuron)
    assert with_decays(model) == model


def test_nothing_is_left_of_a_block_of_decays() -> None:
    (statement,) = with_decays(model_of("dx/dt = -x/tau")).update
    assert isinstance(statement, Assign)
