"""Neuron: a neuron model in ANNarchy's notation, as the user writes it."""

from __future__ import annotations

from dataclasses import InitVar, dataclass

from annconv.errors import EquationError


@dataclass(frozen=True, slots=True)
class Neuron:
    """A spiking neuron, written as equations.

    Names, flags and functions are ANNarchy's (`ANNarchy.Neuron`); parameters are local unless
    flagged `population`. Text is checked when the neuron is parsed (`parse_neuron`).

    Attributes:
        parameters: `name = number : flags`, separated by newlines or semicolons.
        equations: ODEs and assignments, in the order in which they run.
        spike: Condition of a spike.
        reset: Assignments that follow a spike.
        unspike: Condition of an emission of -1 (an extension of annconv).
        unreset: Assignments that follow an emission of -1.
        emit: Variable passed on as an analog value instead of spikes (an extension of annconv).
        name: Shown in messages and descriptions.

    The further arguments of `ANNarchy.Neuron` (`refractory`, `functions`, `axon_spike`,
    `axon_reset`, `extra_values`) are refused by name.

    Raises:
        EquationError: An argument that is not supported is given.
    """

    parameters: str = ""
    equations: str = ""
    spike: str | None = None
    reset: str | None = None
    unspike: str | None = None
    unreset: str | None = None
    emit: str | None = None
    name: str = "Neuron"
    refractory: InitVar[object] = None
    functions: InitVar[object] = None
    axon_spike: InitVar[object] = None
    axon_reset: InitVar[object] = None
    extra_values: InitVar[object] = None

    def __post_init__(
        self,
        refractory: object,
        functions: object,
        axon_spike: object,
        axon_reset: object,
        extra_values: object,
    ) -> None:
        given = {
            "refractory": refractory,
            "functions": functions,
            "axon_spike": axon_spike,
            "axon_reset": axon_reset,
            "extra_values": extra_values,
        }
        for part, value in given.items():
            if value is not None:
                raise EquationError(
                    "not supported yet",
                    neuron=self.name,
                    part=part,
                    hint=f"Received {value!r}; leave it out, or write it into the equations.",
                )
