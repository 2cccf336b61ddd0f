"""Neurons of ANNarchy, known by their attributes: ANNarchy itself is never imported."""

from __future__ import annotations

from typing import Any

from annconv.neurons.neuron import Neuron

_MARKS = ("parameters", "equations", "spike")
_ARGUMENTS = (
    *_MARKS, "reset", "refractory", "functions", "axon_spike", "axon_reset", "extra_values",
)  # fmt: skip


def as_neuron(value: object) -> Neuron | None:
    """A neuron as annconv keeps it.

    Args:
        value: A `Neuron`, an `ANNarchy.Neuron` or anything with its attributes, or a class of such
            neurons that takes no arguments, as ANNarchy's built-in ones.
    Returns:
        The neuron, None where it is something else.
    Raises:
        EquationError: An argument has a form that is not supported.
        TypeError: The class takes arguments.
    """
    if isinstance(value, type) and not issubclass(value, str | int | float):
        value = value()
    if isinstance(value, Neuron):
        return value
    if not all(hasattr(value, name) for name in _MARKS):
        return None
    given: dict[str, Any] = {name: getattr(value, name, None) for name in _ARGUMENTS}
    name = getattr(value, "name", None)
    return Neuron(**given, name=name if isinstance(name, str) else type(value).__name__)


def neuron_name(value: object) -> str | None:
    """What a neuron is called, None for something that is no neuron."""
    if isinstance(value, type):
        return value.__name__
    if not all(hasattr(value, name) for name in _MARKS):
        return None
    return str(getattr(value, "name", type(value).__name__))
