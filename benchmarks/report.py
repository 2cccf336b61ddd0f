"""Rows of the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement.

    Attributes:
        name: What was measured.
        seconds: One time per repeat.
        note: What to compare it with.
    """

    name: str
    seconds: list[float]
    note: str = ""

    def __str__(self) -> str:
        times = f"{readable(median(self.seconds))}  {spread(self.seconds)}"
        return f"  {self.name:<44} {times:<32} {self.note}".rstrip()


def print_rows(title: str, rows: Iterable[Row]) -> None:
    """Print a section, each row as soon as it is measured."""
    print(f"\n{title}", flush=True)
    for row in rows:
        print(row, flush=True)


def readable(seconds: float) -> str:
    """Seconds, or milliseconds below a tenth of one."""
    if seconds < 0.1:
        return f"{seconds * 1e3:8.3f} ms"
    return f"{seconds:8.3f} s "


def spread(seconds: list[float]) -> str:
    """Fastest and slowest repeat, where there are several."""
    if len(seconds) == 1:
        return ""
    return f"({readable(min(seconds)).strip()} to {readable(max(seconds)).strip()})"


def ratio(numerators: list[float], denominators: list[float]) -> float:
    """Median of the ratios of paired repeats."""
    pairs = zip(numerators, denominators, strict=True)
    return median(above / below for above, below in pairs)
