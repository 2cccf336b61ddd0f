"""A projection of a Network: what one population sends to another."""

from __future__ import annotations

from dataclasses import dataclass

from annconv.ir.operators import OPERATORS, Operator
from annconv.ir.records import REAL, TEXT, WHOLE, one_of, optional, record, several

SPIKES = "spikes"
"""What a projection transmits unless it names a variable of its pre-population."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """What one population sends to another.

    Attributes:
        name: Unique in the network.
        pre: Name of the population it reads.
        post: Name of the population it adds to.
        operators: Chain of operators from pre's geometry to post's.
        transmits: "spikes" or a variable of `pre`.
        target: It adds into `g_<target>` of `post`.
        delay: Steps until it arrives, 0 or 1, the same throughout a network; 0 from a junction.
        trace_decay: What a step leaves of what it delivered before, so that it delivers an
            exponential trace of what arrives; None: it delivers what arrives.
    """

    name: str
    pre: str
    post: str
    operators: tuple[Operator, ...]
    transmits: str = SPIKES
    target: str = "exc"
    delay: int = 1
    trace_decay: float | None = None

    def __str__(self) -> str:
        chain = " | ".join(map(str, self.operators)) or "identity"
        if self.trace_decay is not None:
            chain += f" | trace {self.trace_decay:g}"
        return (
            f"projection {self.name}: {self.pre} -> {self.post}  "
            f"{self.transmits} to g_{self.target}, delay {self.delay}  {chain}"
        )


PROJECTION = record(
    Projection,
    name=TEXT,
    pre=TEXT,
    post=TEXT,
    operators=several(one_of("an operator", OPERATORS)),
    transmits=TEXT,
    target=TEXT,
    delay=WHOLE,
    trace_decay=optional(REAL),
)
