"""What a section of the benchmark yields: tables, each with a curve or bars where that helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Chart:
    """A panel of a section's picture.

    Attributes:
        kind: "bars", one per label, or "line", through points.
        title: Above the panel.
        x: Labels of the bars, or x of the points.
        y: One value for each.
        x_label: What x is; "" for bars.
        y_label: What y is.
        logarithmic: Whether the values' axis is.
    """

    kind: Literal["bars", "line"]
    title: str
    x: tuple[str, ...] | tuple[float, ...]
    y: tuple[float, ...]
    x_label: str
    y_label: str
    logarithmic: bool = False


@dataclass(slots=True)
class Table:
    """Rows of text under a title.

    Attributes:
        title: What the rows are.
        columns: Headings.
        rows: One cell for each column.
        note: A sentence below the table.
        charts: Panels of the section's picture.
    """

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    note: str = ""
    charts: list[Chart] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        """Append a row.

        Raises:
            ValueError: It has more or fewer cells than there are columns.
        """
        if len(cells) != len(self.columns):
            raise ValueError(f"{self.title}: {len(self.columns)} columns, {len(cells)} cells")
        self.rows.append(cells)

    def text(self) -> str:
        """For a terminal: columns aligned with spaces."""
        lines = [self.columns, *self.rows]
        widths = [max(len(line[index]) for line in lines) for index in range(len(self.columns))]
        body = [_aligned(line, widths) for line in lines]
        note = [f"  {self.note}"] if self.note else []
        return "\n".join([self.title, *body, *note])

    def markdown(self) -> str:
        """For a document."""
        lines = [self.columns, ("---",) * len(self.columns), *self.rows]
        body = [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines]
        note = ["", self.note] if self.note else []
        return "\n".join([f"**{self.title}**", "", *body, *note])


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"  {'  '.join(padded)}".rstrip()
