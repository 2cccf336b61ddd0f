"""Which variables are proved to be traces, and what the pass makes of a projection."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from annconv.ir.network import Network
from annconv.ir.operators import Dense, MaxPool, Reshape
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.expressions import Binary, Name, Number
from annconv.neurons.library import ENCODINGS, HIDDEN
from annconv.neurons.model import Ode, OdeSystem
from annconv.neurons.neuron import Neuron
from annconv.passes.commute_trace import SpikeTrace, commute_trace, find_trace, step_factor
from annconv.readouts import READOUTS
from annconv.reference.expressions import no_draws
from annconv.reference.integration import increments

IAF = HIDDEN["IaF"]


def population(neuron: Neuron, **parameters: object) -> Population:
    arrays = {name: np.asarray(value) for name, value in parameters.items()}
    return Population("p", (2, 2, 1), neuron, arrays)


def test_the_mask_is_a_trace() -> None:
    trace = find_trace(population(IAF), "mask", 1.0)
    assert trace == SpikeTrace(pytest.approx(0.95), pytest.approx(0.05))
    halved = find_trace(population(ENCODINGS["IB"], mask_tau=10.0), "mask", 0.5)
    assert halved == SpikeTrace(pytest.approx(0.95), pytest.approx(0.1))


@pytest.mark.parametrize(
    ("equations", "reset"),
    [
        ("dmask/dt = -mask/tau + 0.1", "mask += 1"),
        ("dmask/dt = -mask/tau : min = 0", "mask += 1"),
        ("dmask/dt = -mask*v", "mask += 1"),
        ("dmask/dt = -mask/tau : init = 0.5", "mask += 1"),
        ("dmask/dt = -mask/tau", "mask += v"),
        ("dmask/dt = -mask/tau", "mask = 1"),
        ("dmask/dt = -mask/tau", "v = 0"),
        ("dmask/dt = -mask*8", "mask += 1"),
        ("dmask/dt = mask/tau", "mask += 1"),
        ("mask = v", "mask += 1"),
        ("dmask/dt = -mask/tau + mean(v) : exponential", "mask += 1"),
        ("dmask/dt = mask/tau : semiimplicit", "mask += 1"),
        ("dmask/dt = mask*1.0 : implicit", "mask += 1"),
        ("dmask/dt = -mask*v : rk4", "mask += 1"),
    ],
)
def test_what_is_no_trace(equations: str, reset: str) -> None:
    neuron = Neuron(
        parameters="tau = 4.0 : population",
        equations=f"dv/dt = g_exc ; {equations}",
        spike="v > 1",
        reset=reset,
    )
    assert find_trace(population(neuron), "mask", 1.0) is None


def test_time_constants_that_differ_between_neurons_are_no_trace() -> None:
    neuron = Neuron(
        parameters="mask_tau = 20.0",
        equations="dv/dt = g_exc ; dmask/dt = -mask/mask_tau",
        spike="v > 1",
        reset="mask += 1/mask_tau",
    )
    assert find_trace(population(neuron), "mask", 1.0) is not None
    uneven = population(neuron, mask_tau=[[[10.0], [20.0]], [[20.0], [20.0]]])
    assert find_trace(uneven, "mask", 1.0) is None


def network(projection: Projection) -> Network:
    return Network(
        "n",
        (
            Population("in", (2, 2, 1), ENCODINGS["IB"], {}, "input"),
            Population("out", (1, 1, 1), IAF, {}, "output"),
        ),
        (projection,),
        READOUTS["spike_count"],
    )


def test_a_linear_projection_keeps_the_trace_itself() -> None:
    dense = (Reshape((4,)), Dense(np.ones((4, 1))), Reshape((1, 1, 1)))
    before = Projection("p", "in", "out", dense, transmits="mask")
    (after,) = commute_trace(network(before)).projections
    assert after.transmits == "spikes"
    assert after.trace_decay == pytest.approx(0.95)
    assert str(after.operators[-1]) == "scale  0.05"


def test_max_pooling_and_spikes_stay() -> None:
    pool = Projection("p", "in", "out", (MaxPool((2, 2), (2, 2), ((0, 0), (0, 0))),), "mask")
    assert commute_trace(network(pool)) == network(pool)
    dense = (Reshape((4,)), Dense(np.ones((4, 1))), Reshape((1, 1, 1)))
    spikes = replace(pool, operators=dense, transmits="spikes")
    assert commute_trace(network(spikes)) == network(spikes)


@pytest.mark.parametrize(
    "method", ["explicit", "exponential", "semiimplicit", "implicit", "midpoint", "rk4"]
)
def test_the_factor_of_a_step_is_what_the_oracle_makes_of_1(method: str) -> None:
    for slope, dt in ((-0.25, 1.0), (-0.75, 0.5), (0.0, 1.0)):
        block = OdeSystem((Ode("x", Binary("*", Number(slope), Name("x")), method=method),))
        change = increments(block, {"x": np.asarray(1.0), "dt": np.asarray(dt)}, no_draws)["x"]
        assert step_factor(method, dt * slope) == pytest.approx(float(1.0 + change), rel=1e-14)


def test_an_unknown_method_has_no_factor() -> None:
    with pytest.raises(ValueError, match="unknown method 'leap'"):
        step_factor("leap", 0.1)


@pytest.mark.parametrize("method", ["exponential", "rk4"])
def test_a_trace_of_another_method_commutes(method: str) -> None:
    neuron = Neuron(
        parameters="tau = 4.0",
        equations=f"dv/dt = g_exc ; dmask/dt = -mask/tau : {method}",
        spike="v > 1",
        reset="mask += 0.5",
    )
    trace = find_trace(population(neuron), "mask", 1.0)
    assert trace == SpikeTrace(pytest.approx(np.exp(-0.25), abs=1e-4), 0.5)


def test_the_mask_of_a_neuron_that_waits_is_no_trace() -> None:
    neuron = replace(IAF, refractory="2.0")
    assert find_trace(population(neuron), "mask", 1.0) is None
