"""Child processes that read files, and the intact files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from reading import Outcomes
from zoo import OPTIONS, dense

from annconv.passes.pipeline import lower
from annconv.plan.packing import pack
from annconv.runtime.compiled import compile_network

HERE = Path(__file__).parent
LIMIT = 60.0
"""Seconds a process may take to begin, and at least as many for the files."""
LIMIT_PER_FILE = 10.0


@pytest.fixture(scope="session")
def read_apart(root_folder: Path, build_cache: Path) -> Callable[..., Outcomes]:
    """Reads files in one process: `read_apart(kind, intact, paths)`.

    It fails with the name of a file at which the process ends or does not end.
    """
    folders = [root_folder, root_folder / "tests", HERE]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))}

    def read(kind: str, intact: Path, paths: Iterable[Path]) -> Outcomes:
        listed = list(map(str, paths))
        command = [sys.executable, str(HERE / "reading.py"), kind, str(intact), *listed]
        limit = LIMIT + LIMIT_PER_FILE * len(listed)
        try:
            done = subprocess.run(
                command, capture_output=True, timeout=limit, check=False, env=environment
            )
        except subprocess.TimeoutExpired as error:
            ended = len((error.stdout or b"").splitlines())
            pytest.fail(f"{[intact, *listed][ended]}: not read after {limit:.0f} s")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode != 0 or len(lines) != len(listed) + 2:
            at = [intact, *listed, "the end"][len(lines)]
            said = done.stderr.decode(errors="replace")[-2000:]
            pytest.fail(f"{at}: the process ended with {done.returncode}: {said}")
        first, *files, last = lines
        assert "answer" in first, first
        return Outcomes(
            first["answer"],
            {entry["file"]: entry for entry in files},
            last["forbidden"],
            last["grown"],
        )

    return read


@pytest.fixture(scope="session")
def packed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packed data of the zoo's first network, which is compiled."""
    compile_network(dense(), OPTIONS)
    lowered, plan = lower(dense(), OPTIONS)
    path = tmp_path_factory.mktemp("packed") / "weights.bin"
    path.write_bytes(pack(plan, lowered))
    return path


@pytest.fixture
def intact(request: pytest.FixtureRequest, packed_file: Path, root_folder: Path) -> Path:
    """The intact file of a kind."""
    return {
        "keras": HERE / "data" / "tiny.keras",
        "h5": HERE / "data" / "tiny.h5",
        "snn": root_folder / "tests" / "ir" / "data" / "picture.snn",
        "packed": packed_file,
    }[request.getfixturevalue("kind")]
