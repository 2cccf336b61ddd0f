"""Neuron: a neuron model in ANNarchy's notation, as the user writes it."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    parameters: str = ""
    equations: str = ""
    spike: str | None = None
    reset: str | None = None
    unspike: str | None = None
    unreset: str | None = None
    emit: str | None = None
    name: str = "Neuron"
