"""What the document of ANNarchy's calls says is compared, beside the script that compares."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

NOT_COMPARED = "†"
BEFORE_PREDICT = "before `predict`"
"""Marked as edits before `predict`; the script makes the same calls elsewhere."""

ELSEWHERE = {"default_rng", "directory", "id", "reset"}
"""Names that the script uses of something else: NumPy, the converter, projections, networks."""
BY_POSITION = {"obj", "duration", "window", "pop", "proj"}
"""Arguments that the script gives without their names, and what the document calls the objects."""


def calls(root_folder: Path) -> Iterator[tuple[str, bool]]:
    """Names in the rows that say "same", and whether each is marked as not compared."""
    for line in (root_folder / "docs" / "annarchy.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 4 or not cells[2].startswith("same") or BEFORE_PREDICT in cells[1]:
            continue
        for quoted, mark in re.findall(rf"`([^`]+)`({NOT_COMPARED}?)", cells[1]):
            head, _, arguments = quoted.partition("(")
            names = re.findall(rf"(\w+)({NOT_COMPARED}?)", arguments)
            last = re.findall(r"\w+", head.split("=")[0].split("[")[0])
            yield from ((name, bool(own or mark)) for name, own in names)
            yield from ((name, bool(mark)) for name in last[-1:])


def used(script: str, name: str) -> bool:
    """Whether the script reads, calls or passes something of that name."""
    return re.search(rf"\.{name}\b|\b{name}[(=]", script) is not None


def test_marked_calls_are_those_that_nothing_compares(root_folder):
    scripts = ("annarchy_script.py", "annarchy_sequences.py")
    script = "".join((root_folder / "benchmarks" / name).read_text() for name in scripts)
    found = list(calls(root_folder))
    marked = {name for name, mark in found if mark}
    unmarked = {name for name, mark in found if not mark}
    assert {"force_dict", "neuron_type", "measure_time", "save", "reseed_rng"} <= marked
    assert {name for name in marked if used(script, name)} == ELSEWHERE
    assert {name for name in unmarked if not used(script, name)} == BY_POSITION
