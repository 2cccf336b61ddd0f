"""The neurons of annconv, in ANNarchy's notation.

Encoding neurons receive the sample in their parameter `rates`; hidden and output neurons receive
`g_exc`. `mask` is an exponential trace of the spikes: it decays first, then grows at a spike.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from annconv.neurons.neuron import Neuron

IaF = Neuron(
    name="IaF",
    parameters="""
        vt = 1.0 : population
        vr = 0.0 : population
        mask_tau = 20.0 : population
    """,
    equations="""
        dv/dt = g_exc : init = 0.0, min = -2.0
        dmask/dt = -mask/mask_tau : init = 0.0
    """,
    spike="v > vt",
    reset="v = vr ; mask += 1.0/mask_tau",
)
"""Integrate and fire, without leak."""

IB = Neuron(
    name="IB",
    parameters="""
        a = 0.02
        b = 0.2
        c = -55.0
        d = 4.0
        v_thresh = 30.0
        rates = 0.0
        mask_tau = 20.0
    """,
    equations="""
        dv/dt = 0.04*v^2 + 5.0*v + 140.0 - u + rates : init = -55.0
        du/dt = a*(b*v - u) : init = -13.0
        dmask/dt = -mask/mask_tau : init = 0.0
    """,
    spike="v > v_thresh",
    reset="v = c ; u += d ; mask += 1.0/mask_tau",
)
"""Intrinsically bursting neuron. Source: Izhikevich 2003, Simple model of spiking neurons."""

IB_FUSED = Neuron(
    name="IB-fused",
    parameters=IB.parameters,
    equations="""
        dv/dt = fma(5.0, v, fma(0.04, v^2, rates - u)) + 140.0 : init = -55.0
        du/dt = a*fma(b, v, -u) : init = -13.0
        dmask/dt = -mask/mask_tau : init = 0.0
    """,
    spike=IB.spike,
    reset=IB.reset,
)
"""IB with the terms in the order of ANNarchy's C++, and products and sums that the compiler fuses
there: on a processor with fused multiply-add, which `-O3 -march=native` uses, ANNarchy computes
these bits."""

CPN = Neuron(
    name="CPN",
    parameters="""
        rates = 0.0
        mask_tau = 20.0
    """,
    equations="""
        p = Uniform(0.0, 1.0) * 1000.0/dt : init = 0.0
        dmask/dt = -mask/mask_tau : init = 0.0
    """,
    spike="p < rates",
    reset="mask += 1.0/mask_tau",
)
"""Poisson neuron: `rates` spikes a second."""

PSO = Neuron(
    name="PSO",
    parameters="""
        k = 8.0
        vt = 1.0
        rates = 0.0
        mask_tau = 20.0
    """,
    equations="""
        p = 2.0^(-1.0 + modulo(t - 1.0, k)) : init = 0.0
        vt_new = p*vt : init = 0.0
        v = rates : init = 0.0
        dmask/dt = -mask/mask_tau : init = 0.0
    """,
    spike="v > vt_new",
    reset="mask += 1.0/mask_tau",
)
"""Phase shift oscillator as ANNarchy computes it: a threshold that doubles with every step."""

PHASE = Neuron(
    name="phase",
    parameters=PSO.parameters,
    equations="""
        p = 2.0^(-(1.0 + modulo(t, k))) : init = 0.0
        vt_new = p*vt : init = 0.0
        v = rates : init = 0.0
        dmask/dt = -mask/mask_tau : init = 0.0
    """,
    spike=PSO.spike,
    reset=PSO.reset,
)
"""Phase coding as its documentation states it. Source: Park et al. 2019, Fast and efficient
information transmission with burst spikes in deep spiking neural networks."""

COUNTER = Neuron(
    name="Counter",
    parameters="""
        k = 5.0 : population
        vt = 1.0 : population
        vr = 0.0 : population
        sc = 0 : int
    """,
    equations="dv/dt = g_exc : init = 0.0, min = -2.0",
    spike="v > vt",
    reset="v = vr ; sc += 1",
)
"""Integrate and fire that counts its spikes; `k` is how many of them end a sample."""

INTEGRATOR = Neuron(
    name="Integrator",
    equations="dv/dt = g_exc : init = 0.0, min = -2.0",
)
"""Sums its input and never spikes."""

ENCODINGS: Mapping[str, Neuron] = MappingProxyType(
    {"CPN": CPN, "poisson": CPN, "IB": IB, "IB-fused": IB_FUSED, "PSO": PSO, "phase": PHASE}
)
"""Neurons of the input population, by the name in `input_encoding=`."""

UNIT_STEP_ENCODINGS: frozenset[str] = frozenset({"PSO", "phase"})
"""Encodings that count steps, so that they are defined for dt = 1 only."""

HIDDEN: Mapping[str, Neuron] = MappingProxyType({"IaF": IaF})
"""Neurons of the hidden populations, by the name in `hidden_neuron=`."""

OUTPUTS: Mapping[str, Neuron] = MappingProxyType(
    {"IaF": IaF, "Counter": COUNTER, "Integrator": INTEGRATOR}
)
"""Neurons of the output population, by the name in `Readout.neuron`."""
