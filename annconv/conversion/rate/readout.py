"""How the output of preset `rate` is read: the model's own output, of what arrived divided by t."""

from __future__ import annotations

import re

from annconv.conversion.rate.functions import function_text
from annconv.ir.activations import Function, Relu, Softmax
from annconv.readouts.readout import Readout

VALUE = "value"
"""The variable of the output neurons that is read."""


def readout_of(layer: Relu | Function | Softmax | None) -> Readout:
    """The read-out of a model whose last layer is a function of what arrives.

    Args:
        layer: The function; None: what arrives is the output.
    """
    if layer is None:
        score = VALUE
    elif isinstance(layer, Softmax):
        score = f"exp({VALUE} - logsumexp({VALUE}))"
    else:
        score = re.sub(r"\bx\b", VALUE, function_text(layer))
    return Readout(name="output", observes=(VALUE,), score=score)
