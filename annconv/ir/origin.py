"""Where a node or a population came from: a layer of the Keras model."""

from __future__ import annotations

from dataclasses import dataclass

from annconv.ir.records import TEXT, WHOLE, record


@dataclass(frozen=True, slots=True)
class Origin:
    """A layer of the Keras model.

    Attributes:
        name: Its name; in a nested model or a wrapper behind the name of that, as in `OUTER/NAME`.
        index: Position in `model.layers`, counted as if the Input stood first; in a nested model
            that of the layer of the outermost one.
        type: Its class name.
    """

    name: str
    index: int
    type: str

    def __str__(self) -> str:
        return f"{self.type} {self.name!r}"


ORIGIN = record(Origin, name=TEXT, index=WHOLE, type=TEXT)
