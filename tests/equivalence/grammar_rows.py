"""One neuron for each row of the grammar, and a network that shows what their variables do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from annconv.ir.network import Network
from annconv.ir.operators import Dense
from annconv.ir.population import Population
from annconv.ir.projection import Projection
from annconv.neurons.neuron import Neuron
from annconv.readouts.readout import Readout

SIZE = 3
"""Neurons of each population."""

DRIVEN = 0
"""The neuron of each population that the driver reaches with the weight 0.5."""

DRIVER = Neuron(
    name="Driver",
    parameters="rates = 0.0",
    equations="v = t + rates",
    spike="modulo(v, 3) == 2",
)
"""Spikes in every third step, beginning with step 2 for a sample of 0."""

PROBE = Neuron(name="Probe", equations="v = g_exc")
"""Holds what arrives."""

_LEAKY = "dv/dt = (g_exc - v)/tau + 0.3"
_SPIKE = {"spike": "v > vt", "reset": "v = 0.0"}

ROWS: Mapping[str, Neuron] = {
    "refractory number": Neuron(
        parameters="vt = 1.0", equations="dv/dt = 0.5 + g_exc ; x += v : max = 4.0 ; y = t_last",
        refractory=3.0, spike="v > vt", reset="v = 0.0 ; x = 9.0",
    ),
    "refractory parameter": Neuron(
        parameters="vt = 1.0 ; wait = 2.0 : population ; tau = 4.0",
        equations=f"{_LEAKY} ; dx/dt = -x/tau", refractory="wait",
        spike="v > vt", reset="v = 0.0 ; x += 1.0",
    ),
    "population-wide while neurons wait": Neuron(
        parameters="vt = 1.0 ; tau = 4.0 : population",
        equations="tot = tot + 1 : population ; dpace/dt = -pace/tau + 1.0 : population, max = 2.5"
                  " ; dv/dt = 0.5 + g_exc ; x = tot + pace",
        refractory=3.0, spike="v > vt", reset="v = 0.0",
    ),
    "refractory that a reset lengthens": Neuron(
        parameters="vt = 1.0 ; wait = 1.0",
        equations="dv/dt = 0.6 ; n = v > vt : int", refractory="wait",
        spike="v > vt", reset="v = 0.0 ; wait += 1.0",
    ),
    "t_last": Neuron(
        parameters="vt = 1.0",
        equations="v += 0.4 + 0.1*g_exc ; x = if t - t_last < 2: 1 else: 0", **_SPIKE,
    ),
    "t_last in condition and reset": Neuron(
        parameters="vt = 1.0 ; gap = 0.0",
        equations="v += 0.4", spike="v > vt and t > t_last + 3.0*dt",
        reset="gap = t - t_last ; v -= vt",
    ),
    "conductance of its own": Neuron(
        parameters="vt = 2.0 ; tau = 5.0",
        equations="dv/dt = g_exc - v/tau ; dg_exc/dt = -g_exc/tau : init = 0.25, max = 1.5",
        refractory=2.0, spike="v > vt", reset="v = 0.0 ; g_exc *= 0.5",
    ),
    "conductance assigned": Neuron(
        parameters="vt = 2.0", equations="v += 0.1*g_exc ; g_exc = 0.5*g_exc", **_SPIKE,
    ),
    "ODEs to be solved": Neuron(
        parameters="tau = 4.0",
        equations="tau*dv/dt + v = g_exc + 0.3 ; -dw/dt = w/tau - v"
                  " ; 2*tau*dx/dt = v - x : max = 0.2 ; (tau*dy/dt + y)/2 + 0.25*y = w",
    ),
    "helper functions": Neuron(
        functions="sig(x) = 1/(1 + exp(-x))\n larger(x, y) = if x > y: x else: y\nsq(x) = sig(x)^2",
        equations="dv/dt = sig(g_exc - v) - 0.25 ; x = larger(v, sq(t - 5.0))",
    ),
    **{
        f"method {method}": Neuron(
            parameters="tau = 4.0 ; a = 0.3",
            equations=f"dv/dt = (-v + 2*u + g_exc)/tau : {method}, init = 1"
                      f" ; tau*du/dt + u = a*v - 0.2*w : {method}, max = 0.9"
                      f" ; dw/dt = 0.1*u - 3*v*a : {method}, min = -1",
            spike="v > 0.7", reset="v = 0.25 ; u -= 0.125", refractory=2.0,
        )
        for method in ("explicit", "exponential", "semiimplicit", "implicit", "midpoint", "rk4")
    },
    "exponents that the compiler knows": Neuron(
        equations="dv/dt = -v/3 + 1 : exponential ; du/dt = -0.7*u + v : exponential"
                  " ; dw/dt = u - 0.3*w : exponential ; dx/dt = v - x/7 : exponential",
    ),
    "methods mixed": Neuron(
        parameters="tau = 4.0",
        equations="dv/dt = 0.5 - v*v/tau + w : rk4 ; du/dt = if t > 4: -u else: v : exponential"
                  " ; dw/dt = u - v*w : semiimplicit ; dx/dt = v : max = 3 ; y = x"
                  " ; dz/dt = sin(t) - z*y/4 : rk4, min = -5"
                  " ; ds/dt = 1 - s*Uniform(0, 1) : exponential",
    ),
    "one implicit equation": Neuron(equations="dv/dt = 1 + g_exc - v*t : implicit"),
    "midpoint": Neuron(
        equations="dv/dt = 1 - v*v/4 : midpoint ; du/dt = (v - u^3)/4 : midpoint, max = 2",
    ),
    "constants": Neuron(
        parameters={"tau": 4.0}, equations="dv/dt = (top + g_exc - v)/tau",
        extra_values={"top": 0.75},
    ),
    "conditionals": Neuron(
        equations="dv/dt = if t > 3.0:\n if t > 6.0: -0.5\n else: 0.25*v + 0.1\nelse:\n 0.5"
                  " : max = 3.0\nx = ite(v > 1, ite(g_exc > 0, v, 0), -1) + 1",
    ),
    "augmented assignments": Neuron(
        equations="v += g_exc + 0.5 ; x -= 2*v : init = 1 ; y *= 1.1 : init = 1"
                  " ; z /= 2 : init = 3",
    ),
    "int and bool": Neuron(
        parameters="n = 3 : int ; b = True ; k = 2.5 : population",
        equations="v = 1.7*t - 5 : int ; y = v/2 ; z = (y > 2) and b : bool"
                  " ; w = if z: n*k else: -1 ; u = -2.7*w : int, min = -4 ; x = z + 1/2",
    ),
    "population-wide": Neuron(
        equations="v = v + 0.1*g_exc + 0.25 - 0.01*v*v : init = 2 ; x = mean(v) + 10*max(v)"
                  " ; y = min(v) - norm1(v) ; z = norm2(v)",
        spike="v > 3 + 0.1*mean(v)", reset="v -= max(v)",
    ),
    "distributions": Neuron(
        parameters="mu = -0.5 : population ; sigma = 2.0 : population ; n = 7 : population, int",
        equations="v = Normal(mu, sigma) + Normal(0, 1)"
                  " ; w = LogNormal(0.1, 0.5)*Uniform(-1, sigma)"
                  " ; x = Exponential(sigma) ; y = Gamma(0.5, sigma) - Gamma(3.5, 1)"
                  " ; z = DiscreteUniform(-2, n) + 100*Binomial(n, 0.3) ; u = Binomial(1000, 0.5)"
                  " ; r0 = Binomial(25, 0.4) ; r1 = Binomial(101, 0.9) ; r2 = Binomial(1e9, 0.25)"
                  " ; r3 = Binomial(1000, 0.999)",
        spike="v > Normal(0, 1)", reset="w = Exponential(1)",
    ),
    "random start values": Neuron(
        parameters="a = Uniform(-1, 1) ; b = DiscreteUniform(1, 3) : int"
                   " ; c = Normal(0, 1) : population",
        equations="v = v + a : init = a ; x = b + c*t",
    ),
}  # fmt: skip


def probe_network(rows: Mapping[str, Neuron], *, dt: float = 1.0) -> tuple[Network, list[str]]:
    """A network whose scores are the variables of all neurons, as the step before left them.

    Returns:
        The network, and "row.variable[rank]" for every score.
    """
    populations = [Population("driver", (1,), DRIVER, role="input")]
    projections = []
    shown: list[tuple[str, str]] = []
    for name, neuron in rows.items():
        population = Population(name, (SIZE,), neuron)
        model = population.model()
        populations.append(population)
        if "exc" in model.conductances:
            weights = np.array([[0.5, 0.25, -0.125]])
            projections.append(Projection(f"to {name}", "driver", name, (Dense(weights),)))
        shown += [(name, entry.name) for entry in model.variables]
    width = SIZE * len(shown)
    populations.append(Population("probe", (width,), PROBE, role="output"))
    for position, (name, variable) in enumerate(shown):
        weights = np.zeros((SIZE, width))
        weights[:, SIZE * position : SIZE * (position + 1)] = np.eye(SIZE)
        projections.append(
            Projection(f"{variable} of {name}", name, "probe", (Dense(weights),), variable)
        )
    readout = Readout(name="values", score="v", observes=("v",))
    network = Network("rows", tuple(populations), tuple(projections), readout, dt=dt)
    network.verify()
    return network, [f"{name}.{var}[{rank}]" for name, var in shown for rank in range(SIZE)]
