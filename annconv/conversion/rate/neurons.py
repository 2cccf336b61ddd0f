"""Neurons of preset `rate`, as equations that a user could have written.

C(t) is all that has arrived at a neuron up to now, its bias included once a step, so that C(t) / t
is the mean input and becomes the input of the trained network. n(t) counts its spikes, those with
a negative sign taken off. `theta` is the value of a spike, in the units of the trained network:
n(t) theta / t is what the neuron says its value is.
"""

from __future__ import annotations

from collections.abc import Sequence

from annconv.conversion.rate.functions import SLOPE, function_text
from annconv.ir.activations import Function, PRelu, Relu
from annconv.ir.joins import Maximum, Minimum, Multiply
from annconv.neurons.neuron import Neuron

THETA, BIAS, START, COUNT = "theta", "bias", "start", "n"
"""Parameters: the value of a spike, the constant part of the input, the membrane potential at the
start. The variable that counts spikes."""

INPUT = Neuron(
    name="Constant",
    parameters="rates = 0.0",
    equations="value = rates",
    emit="value",
)
"""Hands on the sample itself in every step."""

RECTIFIER = Neuron(
    name="Rectifier",
    parameters=f"{THETA} = 1.0 ; {BIAS} = 0.0 ; {START} = 0.5 ; {COUNT} = 0.0",
    equations=f"v += g_exc + {BIAS} : init = {START}",
    spike=f"v >= {THETA}",
    reset=f"v -= {THETA} ; {COUNT} += 1.0",
    unspike=f"v < 0.0 and {COUNT} > 0.0",
    unreset=f"v += {THETA} ; {COUNT} -= 1.0",
)
"""ReLU. v = start + C - theta n: reset by subtraction, and a spike too many is taken back.

With start = theta / 2 its count is that of a follower of max(x, 0). Source: Rueckauer et al.,
"Conversion of continuous-valued deep networks to efficient event-driven networks", Frontiers in
Neuroscience 11, 2017.
"""

ACCUMULATOR = Neuron(
    name="Accumulator",
    parameters=f"{BIAS} = 0.0",
    equations=f"v += g_exc + {BIAS}",
    emit="v",
)
"""Hands on C(t), for a maximum over values that no spikes carry."""

READER = Neuron(
    name="Reader",
    parameters=f"{BIAS} = 0.0",
    equations=f"v += g_exc + {BIAS} ; steps += 1.0 ; value = v/steps",
)
"""The output: `value` is C(t) / t."""


def neuron_of(layer: Relu | PRelu | Function) -> Neuron:
    """The neuron whose value becomes that of an activation function."""
    if isinstance(layer, Relu) and not (layer.slope or layer.threshold) and layer.maximum != 0:
        return RECTIFIER  # where it has a maximum, that of theta
    slope = [f"{SLOPE} = 0.0"] if isinstance(layer, PRelu) else []
    return _follower(
        layer,
        [f"{BIAS} = 0.0", *slope],
        [f"c += g_exc + {BIAS}", "steps += 1.0", "x = c/steps"],
        function_text(layer),
    )


def target_of(place: int) -> str:
    """Where the value at a place of a join arrives."""
    return f"input{place}"


def bias_of(place: int) -> str:
    """The parameter with the constant part of the value at a place of a join."""
    return f"{BIAS}{place}"


def joining_neuron(layer: Multiply | Maximum | Minimum, count: int) -> Neuron:
    """The neuron whose value becomes the product, or an extreme, of several values.

    Args:
        layer: How they are joined.
        count: How many; each arrives at `target_of` its place.
    """
    places = range(count)
    sums = [f"c{place} += g_{target_of(place)} + {bias_of(place)}" for place in places]
    means = [f"x{place} = c{place}/steps" for place in places]
    return _follower(
        layer,
        [f"{bias_of(place)} = 0.0" for place in places],
        [*sums, "steps += 1.0", *means],
        _joined(layer, [f"x{place}" for place in places]),
    )


def _follower(
    layer: Relu | PRelu | Function | Multiply | Maximum | Minimum,
    parameters: Sequence[str],
    equations: Sequence[str],
    value: str,
) -> Neuron:
    """A neuron whose count follows t value / theta.

    Where it is half a spike or more behind, or ahead, it emits one of either sign.
    """
    return Neuron(
        name=f"Follower of {str(layer).partition('  ')[0]}",
        parameters="\n".join([f"{THETA} = 1.0", *parameters, f"{COUNT} = 0.0"]),
        equations="\n".join([*equations, f"due = steps*({value})/{THETA} - {COUNT}"]),
        spike="due >= 0.5",
        reset=f"{COUNT} += 1.0",
        unspike="due <= -0.5",
        unreset=f"{COUNT} -= 1.0",
    )


def _joined(layer: Multiply | Maximum | Minimum, values: Sequence[str]) -> str:
    """Text of a join of values."""
    if isinstance(layer, Multiply):
        return "*".join(values)
    sign = ">" if isinstance(layer, Maximum) else "<"
    text = values[0]
    for value in values[1:]:
        text = f"ite({text} {sign} {value}, {text}, {value})"
    return text
