"""Neurons as ANNarchy's text: read back, and against the text of ANNarchy's own neurons."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import sympy
from annarchy_values import NEURONS
from grammar_rows import ROWS

from annconv.interop.annarchy.neurons import NEVER_SPIKES, neuron_text
from annconv.neurons.equations import parse_neuron
from annconv.neurons.expressions import Draw
from annconv.neurons.library import ENCODINGS, HIDDEN, IB, INTEGRATOR, OUTPUTS, IaF
from annconv.neurons.neuron import Neuron
from annconv.reference.expressions import evaluate

ALL = {**ROWS, **NEURONS, **ENCODINGS, **HIDDEN, **OUTPUTS}
UNSAID = ("population-wide",)
"""Its functions have no text."""

# As ANNarchy 5.0.4.1 writes them in InputEncoding.py and ReadOut.py.
THEIRS = {
    "IB": {
        "v": "0.04 * v^2 + 5.0 * v + 140.0 - u + rates",
        "u": "a * (b*v - u)",
        "mask": "-mask/mask_tau",
    },
    "IB-fused": {
        "v": "0.04 * v^2 + 5.0 * v + 140.0 - u + rates",
        "u": "a * (b*v - u)",
        "mask": "-mask/mask_tau",
    },
    "CPN": {"p": "(Uniform(0.0, 1.0) * 1000.0) / dt", "mask": "-mask/mask_tau"},
    "PSO": {
        "p": "2^(-1+(modulo(t-1,k)))",
        "vt_new": "p*vt",
        "v": "rates",
        "mask": "-mask/mask_tau",
    },
    "IaF": {"v": "g_exc", "mask": "-mask/mask_tau"},
}


def symbolic(text: str) -> sympy.Expr:
    """An expression as SymPy reads it, with the names that it would take for its own."""
    names = {name: sympy.Symbol(name) for name in ("v", "u", "t", "k", "a", "b", "p", "dt")}
    functions = {name: sympy.Function(name) for name in ("modulo", "Uniform")}
    return sympy.sympify(text.replace("^", "**"), locals={**names, **functions})


@pytest.mark.parametrize("name", THEIRS)
def test_equations_are_those_of_annarchys_own_neurons(name):
    text = neuron_text({**ENCODINGS, **HIDDEN}[name])
    lines = (line.partition(" : ")[0].partition(" = ") for line in text.equations.splitlines())
    written = {left.removesuffix("/dt").removeprefix("d"): right for left, _, right in lines}
    slopes = {"mask", "v", "u"} if name.startswith(("IB", "IaF")) else {"mask"}
    starts = [line.startswith("d") for line in text.equations.splitlines()]
    assert starts == [variable in slopes for variable in written]
    assert written.keys() == THEIRS[name].keys()
    for variable, expected in THEIRS[name].items():
        difference = sympy.nsimplify(symbolic(written[variable]) - symbolic(expected))
        assert sympy.simplify(difference) == 0, variable


def test_the_whole_text():
    text = neuron_text(IB)
    assert text.name == "IB"
    assert text.parameters.splitlines() == [
        "a = 0.02", "b = 0.2", "c = -55.0", "d = 4.0", "v_thresh = 30.0", "rates = 0.0",
        "mask_tau = 20.0",
    ]  # fmt: skip
    assert text.equations.splitlines() == [
        "dv/dt = 0.04*(v*v) + 5.0*v + 140.0 - u + rates : init = -55.0",
        "du/dt = a*(b*v - u) : init = -13.0",
        "dmask/dt = -mask/mask_tau : init = 0.0",
    ]
    assert text.spike == "v > v_thresh"
    assert text.reset.splitlines() == ["v = c", "u = u + d", "mask = mask + 1.0/mask_tau"]
    assert text.refractory is None


def read_back(neuron: Neuron) -> Neuron:
    """The neuron that a text says."""
    text = neuron_text(neuron)
    return Neuron(
        parameters=text.parameters,
        equations=text.equations,
        spike=None if text.spike == NEVER_SPIKES else text.spike,
        reset=text.reset or None,
        refractory=text.refractory,
        name=neuron.name,
    )


def drawn(numbers: np.ndarray, draw: Draw, number: int) -> float:
    """Uniform numbers of a draw."""
    return numbers[draw.index % len(numbers), number]


@pytest.mark.parametrize("name", [name for name in ALL if name not in UNSAID])
def test_the_text_read_back_is_the_same_neuron(name):
    neuron = ALL[name]
    before, after = parse_neuron(neuron), parse_neuron(read_back(neuron))
    assert {entry.name for entry in before.variables} == {entry.name for entry in after.variables}
    assert sorted(before.conductances) == sorted(after.conductances)
    for variable in before.variables:
        assert after.variable(variable.name) == variable
    for parameter in before.parameters:
        assert after.parameter(parameter.name) == replace(parameter, start=None)
    rng = np.random.default_rng(3)
    for _ in range(20):
        values = {name: rng.normal() * 3.0 for name in sorted(before.reads() | after.reads())}
        numbers = rng.random((40, 100))
        draws = partial(drawn, numbers)
        for one, other in zip(before.expressions(), after.expressions(), strict=True):
            results = [evaluate(entry, values, draws) for entry in (one, other)]
            np.testing.assert_allclose(*results, rtol=1e-12, err_msg=str(one))


def test_methods_bounds_and_flags():
    neuron = Neuron(
        parameters="low = -1.0 : population ; n = 2 : int ; on = True",
        equations="""
            du/dt = 1.0 - u : exponential, min = low
            dw/dt = n*0.5 : exponential
            dx/dt = n*0.5 : semiimplicit, max = 2
            s = 0.5 : population, init = low
            k = t : int, min = -3
        """,
        spike="u > 0.5 and not (k >= 2 or on)",
        reset="n = k",
        refractory="low",
    )
    text = neuron_text(neuron)
    assert text.parameters.splitlines() == [
        "low = -1.0 : population", "on = True : bool", "n = 2 : int",
    ]  # fmt: skip
    assert text.equations.splitlines() == [
        "du/dt = 1.0 - u : init = 0.0, min = low, exponential",
        "dw/dt = n*0.5 : init = 0.0",
        "dx/dt = n*0.5 : init = 0.0, max = 2.0",
        "s = 0.5 : init = low, population",
        "k = t : init = 0, int, min = -3",
    ]
    assert text.spike == "(u > 0.5) and ((k < 2.0) and (on == 0.0))"
    assert text.reset == "n = k"
    assert text.refractory == "low"


def test_a_parameter_with_values_of_its_own_is_local():
    text = neuron_text(IaF, own={"vt"})
    assert text.parameters.splitlines() == [
        "vt = 1.0", "vr = 0.0 : population", "mask_tau = 20.0 : population",
    ]  # fmt: skip


def test_a_neuron_that_never_spikes_has_a_condition_that_never_holds():
    assert neuron_text(INTEGRATOR).spike == "t < -1.0"


def test_a_period_in_ms():
    text = neuron_text(Neuron(equations="v = 1.0", spike="v > 0.5", refractory=2.5))
    assert (text.refractory, text.parameters) == (2.5, "")


def test_what_annarchy_keeps_itself_is_not_written():
    neuron = Neuron(equations="v = t - t_last", spike="v > 3.0", reset="v = t_last", refractory=1.0)
    text = neuron_text(neuron)
    assert text.equations == "v = t - t_last : init = 0.0"
    assert text.reset == "v = t_last"
