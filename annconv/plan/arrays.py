"""Arrays of a plan: buffers of a thread's arena, and packed data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from annconv.plan.layouts import Layout

BufferType = Literal["real", "spike", "bits", "count", "flag"]


PackedType = Literal["real", "int16", "int32"]


@dataclass(frozen=True, slots=True)
class Buffer:
    """An array of a thread's arena.

    Attributes:
        name: Identifier in the generated code.
        type: "real", "spike" for signed bytes, "bits" for bytes of eight neurons' spikes each,
            "count" for 32-bit integers, "flag" for yes or no.
        length: Number of elements of a slot.
        slots: 1, or 1 + the steps of a tile: slot 0 holds what the step before the tile left.
    """

    name: str
    type: BufferType
    length: int
    slots: int = 1

    def __str__(self) -> str:
        slots = f"[{self.slots}]" if self.slots > 1 else ""
        return f"buffer {self.name}  {self.type}{slots}[{self.length}]"


@dataclass(frozen=True, slots=True)
class Source:
    """Where in a Network the values of a packed array come from.

    Attributes:
        kind: "operator" (an array of a projection's operator), "trace" (a projection's decay),
            "parameter" or "initial" (of a population), "places" (at each channel of a population
            the one where it stands), or "readout" (a parameter of the read-out).
        owner: Name of the projection or population, "" for the read-out.
        name: Name of the array, parameter or variable.
        position: Position of the operator in its chain.
    """

    kind: Literal["operator", "trace", "parameter", "initial", "places", "readout"]
    owner: str
    name: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Packed:
    """An array of the packed data.

    Attributes:
        name: Identifier in the generated code.
        length: Number of elements.
        source: Where its values come from.
        layout: How they are arranged, None for the order of the source.
        type: "real", "int16" for whole weights, or "int32" for places of channels or values.
    """

    name: str
    length: int
    source: Source
    layout: Layout | None = None
    type: PackedType = "real"

    def __str__(self) -> str:
        origin = ".".join(filter(None, (self.source.owner, self.source.name)))
        layout = "" if self.layout is None else f" as {self.layout}"
        return (
            f"packed {self.name}  {self.type}[{self.length}]  from {self.source.kind} "
            f"{origin}{layout}"
        )
