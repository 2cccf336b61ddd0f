"""Words of the equations' language: functions, flags, reserved names, what is refused by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from annconv.distributions import DISTRIBUTIONS
from annconv.neurons.expressions import FUNCTIONS

GIVEN_NAMES = ("t", "dt", "pi")
"""Names every neuron may read: time in ms (0 in the first step), length of a step in ms, pi."""

CONDUCTANCE = "g_"
"""`g_<target>` is what projections with that target added up in this step."""

LAST_SPIKE = "t_last"
"""Time of the neuron's last spike in ms; NEVER before the first."""

NEVER = -10000.0
"""What `t_last` is before the first spike."""

REFRACTORY = "refractory"
"""The parameter that holds a refractory period given as a number of ms."""

REFRACTORY_LEFT = "_refractory"
"""The variable that counts down the steps of a refractory period; no user's name begins so."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {"ln": "log", "fabs": "abs", "power": "pow", "pos": "positive", "neg": "negative"}
)
"""Further spellings of functions."""

STATISTICS = ("mean", "max", "min", "norm1", "norm2")
"""Functions of a variable of all neurons of the population."""

READ_OUT_STATISTICS = ("second", "logsumexp")
"""Functions of all output neurons that read-outs have besides: the largest value but one, and the
logarithm of the sum of exponentials."""

CALLABLE = tuple(sorted((*FUNCTIONS, *ALIASES, "ite", *DISTRIBUTIONS, *STATISTICS)))
"""Everything that may be called in an equation."""

KEYWORDS = frozenset({"and", "or", "not", "is", "if", "else", "True", "False"})

RESCALED: Mapping[str, str] = MappingProxyType(
    {
        "Uniform": "scale it instead: a + b*Uniform(0, 1)",
        "Normal": "scale it instead: a + b*Normal(0, 1)",
        "LogNormal": "scale it instead: exp(a + b*Normal(0, 1))",
        "Exponential": "scale it instead: Exponential(1)/a",
    }
)
"""How a distribution is written whose arguments differ between neurons."""

_SYNAPSE = "belongs to synapses, not to neurons"

REFUSED_NAMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "last_spike": ("last_spike is not supported", "t_last is the time of the last spike"),
        "r": (
            "the firing rate r is not supported in equations",
            "keep a trace: dx/dt = -x/tau, and x += 1/tau in the reset",
        ),
        REFRACTORY: (
            "the refractory period cannot be read",
            "declare a parameter and name it: refractory='period'",
        ),
        "t_pre": (f"t_pre {_SYNAPSE}", ""),
        "t_post": (f"t_post {_SYNAPSE}", ""),
        "nan": ("nan is not a number that equations may hold", ""),
        "inf": ("inf is not a number that equations may hold", ""),
    }
)
"""Names that may not be read: name -> (what, hint)."""

RESERVED = frozenset(
    {
        *GIVEN_NAMES,
        *KEYWORDS,
        *CALLABLE,
        *REFUSED_NAMES,
        LAST_SPIKE,
        *("rk_pre", "rk_post", "i", "j", "active", "size"),
        *("spike", "spikes", "count"),
    }
)
"""Names that no parameter or variable may have: ANNarchy's own, and what recordings are called."""

METHODS = ("explicit", "exponential", "semiimplicit", "implicit", "midpoint", "rk4")
"""Numerical methods of ODEs."""

FLAGS = ("init", "min", "max", "population", "int", "bool", *METHODS)
"""Flags of an equation; a parameter has `population`, `int` and `bool`."""

REFUSED_FLAGS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "event-driven": (f"the flag 'event-driven' {_SYNAPSE}", "leave it out"),
        "projection": (f"the flag 'projection' {_SYNAPSE}", "write 'population'"),
        "postsynaptic": (f"the flag 'postsynaptic' {_SYNAPSE}", "leave it out"),
        "unless_refractory": (
            "the flag 'unless_refractory' is not needed",
            "leave it out: with refractory= all equations but those of g_<target> wait",
        ),
    }
)
"""Flags of ANNarchy that are refused: name -> (what, hint)."""
