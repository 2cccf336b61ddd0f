"""What a synapse does, in the reference's words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Synapse:
    """A synapse without dynamics of its own.

    Attributes:
        pre_spike: What a pre-synaptic spike does, None if nothing.
        psp: What is delivered in every step, None if nothing.
        operation: How what arrives is combined.
    """

    pre_spike: str | None = None
    psp: str | None = None
    operation: str = "sum"
