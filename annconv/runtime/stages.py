"""Keeps the text of every stage of a compilation, for a person to read."""

from __future__ import annotations

from contextlib import AbstractContextManager
from difflib import unified_diff
from pathlib import Path

from annconv.build.cache import explained

WHOLE_STAGES = ("network", "plan")
"""Stages kept as they are; of the passes between them the difference is kept."""


class KeptStages:
    """Writes numbered files: `01-network.txt`, `02-order_channels.diff` and so on.

    Args:
        folder: Made if it is missing.
    Raises:
        CacheError: It cannot be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        with _explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._number = 0
        self._before = ""

    def observe(self, name: str, text: str) -> None:
        """Keep one stage."""
        self._number += 1
        if name in WHOLE_STAGES:
            path, kept = self._folder / f"{self._number:02}-{name}.txt", f"{text}\n"
        else:
            path = self._folder / f"{self._number:02}-{name}.diff"
            lines = unified_diff(
                self._before.splitlines(), text.splitlines(), "before", "after", lineterm=""
            )
            kept = "".join(f"{line}\n" for line in lines)
        with _explained(self._folder):
            # a layer's name may hold what is no Unicode text
            path.write_text(kept, encoding="utf-8", errors="backslashreplace")
        self._before = text


def _explained(folder: Path) -> AbstractContextManager[None]:
    return explained(folder, "set ANNCONV_KEEP to a folder that can be written to")
