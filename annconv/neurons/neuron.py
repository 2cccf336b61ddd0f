"""Neuron: a neuron model in ANNarchy's notation, as the user writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from annconv.neurons.forms import FormReader


@dataclass(frozen=True, slots=True, init=False)
class Neuron:
    """A spiking neuron, written as equations.

    Names, flags and functions are ANNarchy's (`ANNarchy.Neuron`). Every argument may have the form
    it has there; it is kept as the text that says the same. Text is checked when the neuron is
    parsed (`parse_neuron`).

    Attributes:
        parameters: `name = number : flags`, separated by newlines or semicolons, local unless
            flagged `population`. From a dict of numbers or `Parameter` objects each becomes a line,
            the population's unless its locality is "local".
        equations: ODEs and assignments, in the order in which they run. From a list or a `Variable`
            each entry becomes a line.
        spike: Condition of a spike.
        reset: Assignments that follow a spike.
        unspike: Condition of a negative spike, -1 (an extension of annconv).
        unreset: Assignments that follow a negative spike.
        emit: Variable passed on as an analog value instead of spikes (an extension of annconv).
        name: Shown in messages and descriptions.
        refractory: Time after a spike in ms during which all equations but those of `g_<target>`
            stand still: a number, or the name of a parameter or variable.
        functions: Helper functions of the equations, `f(x) = …`, one a line.
    """

    parameters: str = ""
    equations: str = ""
    spike: str | None = None
    reset: str | None = None
    unspike: str | None = None
    unreset: str | None = None
    emit: str | None = None
    name: str = "Neuron"
    refractory: str | None = None
    functions: str | None = None

    def __init__(
        self,
        parameters: str | Mapping[str, object] = "",
        equations: object = "",
        spike: str | None = None,
        reset: str | Sequence[object] | None = None,
        unspike: str | None = None,
        unreset: str | Sequence[object] | None = None,
        emit: str | None = None,
        name: str = "Neuron",
        refractory: float | str | None = None,
        functions: str | Sequence[str] | None = None,
        axon_spike: object = None,
        axon_reset: object = None,
        extra_values: Mapping[str, object] | None = None,
    ) -> None:
        """Bring all arguments into text.

        Args:
            parameters: As the attribute, or a dict.
            equations: As the attribute, a `Variable`, or a list of texts and `Variable`s.
            spike: As the attribute.
            reset: As the attribute, or a list.
            unspike: As the attribute.
            unreset: As the attribute, or a list.
            emit: As the attribute.
            name: As the attribute.
            refractory: As the attribute.
            functions: As the attribute, or a list.
            axon_spike: Refused: neurons here have no second kind of spike.
            axon_reset: Refused.
            extra_values: Constants that the equations read, as numbers or as objects with a
                `value`; they become parameters of the population.

        Raises:
            EquationError: An argument is of another kind, or not supported.
        """
        read = FormReader(name)
        read.nothing("axon_spike", axon_spike, "use spike=")
        read.nothing("axon_reset", axon_reset, "use reset=")
        texts = {
            "equations": read.equations("equations", equations),
            "spike": read.text("spike", spike),
            "reset": None if reset is None else read.equations("reset", reset),
            "unspike": read.text("unspike", unspike),
            "unreset": None if unreset is None else read.equations("unreset", unreset),
            "emit": read.text("emit", emit),
            "refractory": read.period(refractory),
            "functions": None if functions is None else read.equations("functions", functions),
        }
        constants = read.constants(extra_values, texts.values())
        written = read.parameters(parameters)
        texts["parameters"] = "\n".join(filter(None, (written, constants)))
        for part, text in texts.items():
            object.__setattr__(self, part, text)
        object.__setattr__(self, "name", name)
