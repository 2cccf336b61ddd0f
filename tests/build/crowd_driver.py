"""Eight processes that build at once in one cache, round after round: see `test_crowds.py`.

Arguments: how many rounds, and a folder for caches. In each round half of the processes want one
network and then another, the other half the same the other way round. The first round begins
with an empty cache, the others find the binding there.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from driven import RIGHT, RealNetwork, ended, fork

from annconv.build.cache import Cache

PROCESSES = 8


class Noting(logging.Handler):
    """Writes down what is built; lines of several processes do not mix."""

    def __init__(self, path: Path) -> None:
        super().__init__(logging.INFO)
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def emit(self, record: logging.LogRecord) -> None:
        if str(record.msg).startswith("building"):
            arguments = record.args
            assert isinstance(arguments, tuple)
            os.write(self.descriptor, f"{arguments[0]}\n".encode())


def build_all(numbers: Sequence[int], notes: Path, gate: int) -> int:
    """Wait for the start, then build one network after the other."""
    logger = logging.getLogger("annconv")
    logger.addHandler(Noting(notes))
    logger.setLevel(logging.INFO)
    os.read(gate, 1)  # ends when the parent closes the other end
    return max(RealNetwork(number).build() for number in numbers)


def one_round(number: int, folder: Path) -> dict[str, object]:
    """Exit codes of all processes, and how often each thing was built."""
    cache = folder / "cache"
    os.environ["ANNCONV_CACHE_DIR"] = str(cache)
    notes = folder / f"built-{number}"
    wanted = [2 * number, 2 * number + 1]
    reader, writer = os.pipe()

    def work(order: list[int]) -> int:
        os.close(writer)
        return build_all(order, notes, reader)

    children = [
        fork(lambda order=wanted[:: (-1) ** place]: work(order)) for place in range(PROCESSES)
    ]
    os.close(reader)
    os.close(writer)
    codes = [ended(child) for child in children]
    root = Cache(cache).root
    return {
        "codes": codes,
        "right": codes == [RIGHT] * PROCESSES,
        "built": sorted(notes.read_text().splitlines()),
        "entries": len(list((root / "entries").iterdir())),
        "leftovers": [path.name for path in (root / "building").iterdir()],
    }


def main(rounds: int, folder: Path) -> None:
    for number in range(rounds):
        sys.stdout.write(json.dumps(one_round(number, folder)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
