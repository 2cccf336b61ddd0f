"""What ANNarchy does not know, or computes differently, is refused with its reason."""

from __future__ import annotations

import numpy as np
import pytest

from annconv.interop.annarchy.neuron_faults import neuron_faults
from annconv.ir.population import Population
from annconv.neurons.library import ENCODINGS, HIDDEN, OUTPUTS
from annconv.neurons.neuron import Neuron

CUT = "ANNarchy's C++ cuts it"
BARE = "ANNarchy writes it without brackets"
SPIKE = {"spike": "v > 1.0"}
REMAINDER = "a remainder (modulo) that is multiplied, divided or a term of an ODE"
NEVER = "before the first spike it is -10000 steps in ANNarchy, and -10000 ms here"
SLOPE = "ANNarchy takes its '=' for that of the equation"


def neuron(equations, **others) -> Neuron:
    return Neuron(equations=equations, **others)


def said(value: Neuron, *, dt: float = 1.0, parameters=None) -> list[tuple[str, str]]:
    population = Population("p", (2,), value, parameters or {})
    values = population.parameter_values()
    own = {name for name in values if name not in population.uniform_parameters()}
    return [(fault.what, fault.why) for fault in neuron_faults(value, values, own, dt)]


@pytest.mark.parametrize("name", [*ENCODINGS, *HIDDEN, *OUTPUTS])
def test_nothing_of_our_own_neurons(name):
    assert said({**ENCODINGS, **HIDDEN, **OUTPUTS}[name], dt=0.5) == []


REFUSED = {
    "unspike": (
        neuron("v = 1.0", **SPIKE, unspike="v < -1.0"),
        "unspike", "neurons of ANNarchy emit no negative spikes",
    ),
    "emit": (
        neuron("v = 1.0", emit="v"), "emit", "neurons of ANNarchy with spikes emit nothing else",
    ),
    "word of Python": (
        neuron("v = lambda", parameters="lambda = 1.0"), "the name 'lambda'",
        "ANNarchy keeps it as it is in Python and C++, where the word means something",
    ),
    "word of C++": (
        neuron("double = 1.0"), "the name 'double'",
        "ANNarchy keeps it as it is in Python and C++, where the word means something",
    ),
    "attribute": (
        neuron("width = 1.0"), "the name 'width'",
        "every population of ANNarchy has something else of that name",
    ),
    "ends with if": (
        neuron("dif = 1.0"), "the name 'dif'", "ANNarchy looks for 'if' before a space",
    ),
    "random number": (
        neuron("rand_0 = 1.0"), "the name 'rand_0'", "ANNarchy's C++ calls something else so",
    ),
    "member": (
        neuron("spiked = 1.0"), "the name 'spiked'", "ANNarchy's C++ calls something else so",
    ),
    "statistic": (
        neuron("v = mean(v)"), "mean(v)", "after a reset ANNarchy reads what the run before left",
    ),
    "error function": (
        neuron("v = 2*erf(v)"), "erf(x)", "its equations have no such function",
    ),
    "cut inside": (
        neuron("v = 1.5 ; n = 1 : int ; w = n", spike="v > 1", reset="n = v/2"), None, None,
    ),
    "multiplied remainder": (neuron("v = 2*modulo(t, 3)"), REMAINDER, BARE),
    "divided remainder": (neuron("v = -modulo(t, 3)/2"), REMAINDER, BARE),
    "power of a remainder": (neuron("v = modulo(t, 3)^0.5"), REMAINDER, BARE),
    "fused remainder": (neuron("v = fma(t, -modulo(t, 3), 1)"), REMAINDER, BARE),
    "term of an ODE": (neuron("dv/dt = v - (1 + modulo(t, 3))"), REMAINDER, BARE),
    "term of an exponent in an ODE": (neuron("dv/dt = 2^(v - modulo(t, 3))"), REMAINDER, BARE),
    "remainder at a spike": (
        neuron("v = t", spike="2*modulo(t, 3) > 1"), REMAINDER, BARE,
    ),
    "remainders that stay whole": (
        neuron("v = 1 - modulo(t, 3) ; w = exp(modulo(t, 3))*2 ; x = 2^(1 + modulo(t, 8))"
               " ; dy/dt = exp(modulo(t, 3))"), None, None,
    ),
    "quotient of whole numbers": (
        neuron("v = n/(m - n)", parameters="n = 3 : int ; m = True"),
        "the quotient n/(m - n) of whole numbers", CUT,
    ),
    "quotients of real numbers": (
        neuron("v = n/2 + x/n + (2*n)/n + n/x", parameters="n = 3 : int ; x = 1.0"), None, None,
    ),
    "equal draws": (
        neuron("v = Uniform(0, 1) - Uniform(0, 1)"),
        "two draws Uniform(0.0, 1.0) in one equation", "ANNarchy draws once for both",
    ),
    "draws": (neuron("v = Uniform(0, 1) - Uniform(0, 2) ; w = Uniform(0, 1)"), None, None),
    "draw at a spike": (
        neuron("v = 1.0", spike="v > Uniform(0, 1)"),
        "a random number in spike or reset", "ANNarchy draws in equations only",
    ),
    "draw in a reset": (
        neuron("v = 1.0", spike="v > 0", reset="v = Normal(0, 1)"),
        "a random number in spike or reset", "ANNarchy draws in equations only",
    ),
    "not below": (
        neuron("dv/dt = ite(not (t < 3), 1, 2)"), "the comparison '>=' in an ODE", SLOPE,
    ),
    "equal": (neuron("dv/dt = ite(t == 3, 1, 2)"), "the comparison '==' in an ODE", SLOPE),
    "truth value": (
        neuron("dv/dt = ite(b, 1, 2)", parameters="b = True"),
        "the comparison '!=' in an ODE", SLOPE,
    ),
    "conditional": (
        neuron("dv/dt = ite(t > 3, 1, 2) - v : exponential"),
        "a conditional with the method 'exponential'", "ANNarchy integrates it by another one",
    ),
    "slope": (
        neuron("dx = 1.0 ; x = dx/dt"), "the quotient dx/dt",
        "ANNarchy takes it for the slope of 'x'",
    ),
    "later variable of the population": (
        neuron("v = pace ; pace = t : population"), "the variable 'pace' of the population",
        "ANNarchy computes it before equations that stand above, and read it",
    ),
    "neighbouring variable of the population": (
        neuron("dpace/dt = 1.0 : population ; dv/dt = pace"),
        "the variable 'pace' of the population",
        "ANNarchy computes it before equations that stand above, and read it",
    ),
    "earlier variable of the population": (
        neuron("pace = t : population ; v = pace"), None, None,
    ),
    "input at a spike": (
        neuron("v = 1.0", spike="g_exc > 1.0"), "g_exc, which spike or reset reads",
        "ANNarchy looks for what arrives in equations only",
    ),
    "input of its own equation": (
        neuron("dg_exc/dt = -g_exc", spike="g_exc > 1.0"), None, None,
    ),
    "implicit system that waits": (
        neuron("dv/dt = -v : implicit ; dw/dt = -w : implicit", refractory=2.0, **SPIKE),
        "refractory with the method 'implicit'",
        "ANNarchy sets the variables of an implicit system to 0 in neurons that wait",
    ),
    "one implicit equation that waits": (
        neuron("dv/dt = -v : implicit", refractory=2.0, **SPIKE), None, None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    value, what, why = REFUSED[name]
    found = said(value)
    if what is None:
        assert found == []
        return
    ((found_what, found_why),) = found
    assert found_what == what
    assert found_why.startswith(why)


def test_times_are_those_of_annarchy():
    waiting = neuron("v = t - t_last", refractory=0.3, **SPIKE)
    assert said(waiting) == []
    assert said(waiting, dt=0.1) == [
        ("t_last with dt=0.1", NEVER),
        ("refractory = 0.3", "of 2.9999999999999996 steps ANNarchy leaves the whole ones"),
    ]  # fmt: skip
    named = neuron("v = t", parameters="wait = 0.2", refractory="wait", **SPIKE)
    assert said(named, dt=0.1) == []
    values = {"wait": np.array([0.2, 0.3])}
    assert [what for what, _ in said(named, dt=0.1, parameters=values)] == ["refractory = wait"]


def test_values_of_what_the_population_shares():
    value = neuron(
        "pace = a : population, max = b, init = c ; v = d + Normal(e, 1.0)",
        parameters="; ".join(f"{name} = 1.0 : population" for name in "abcde"),
    )
    different = {name: np.array([1.0, 2.0]) for name in "abcde"}
    why = "what it decides is one number for the population, or for its random numbers"
    expected = [(f"different values of {name!r}", why) for name in "abce"]
    assert said(value, parameters=different) == expected
    assert said(value, parameters={name: np.array([2.0]) for name in "abcde"}) == []
