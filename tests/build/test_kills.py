"""Real builds killed at random: the next one is right, and what the dead one left goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from annconv.build.builder import Support

pytestmark = pytest.mark.compiles

REPOSITORY = Path(__file__).resolve().parents[2]
RIGHT, NOTHING = 0, 4
WAYS = [
    f"{kind}-{how}" for kind in ("tiny", "network") for how in ("tree", "parent", "step", "torn")
]
"""What is built, in a new cache or a shared one, and how its build is killed.

At a random moment, with all it has started (tree) or by itself, so that compilers run on (parent);
or before a random change of the cache folder (step), or when a file is opened there (torn).
"""


def killed(count: int, ways: list[str], folder: Path, support: Support) -> list[dict[str, Any]]:
    """What `kill_driver.py` tells of a number of builds that it killed."""
    driver = Path(__file__).with_name("kill_driver.py")
    arguments = [str(count), "17", str(folder), str(support.folder), ",".join(ways)]
    done = subprocess.run(
        [sys.executable, driver, *arguments],
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"},
        check=True,
        stdout=subprocess.PIPE,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(reports: list[dict[str, Any]]) -> None:
    """No wrong load, the right result of the next build, nothing left."""
    for report in reports:
        assert report["code"] in (-signal.SIGKILL, RIGHT), report  # RIGHT: it was faster
        assert report["load"] in (NOTHING, RIGHT), report
        assert report["again"] == RIGHT, report
        assert report["then"] == RIGHT, report
        assert report["leftovers"] == [], report


def test_killed_builds(tmp_path: Path, support: Support) -> None:
    reports = killed(3, ["tiny-step", "tiny-parent", "tiny-tree"], tmp_path, support)
    check(reports)
    assert len(reports) == 3
    assert any(report["code"] != RIGHT for report in reports)


@pytest.mark.slow
def test_a_hundred_killed_builds(tmp_path: Path, support: Support) -> None:
    reports = killed(104, WAYS, tmp_path, support)
    check(reports)
    dead = [report for report in reports if report["code"] != RIGHT]
    assert len(dead) >= 75
    assert {report["way"] for report in dead} == set(WAYS)
    assert any(report["load"] == RIGHT for report in dead), "some were killed after publication"
    assert any(report["left"] for report in dead), "some were killed while they built"
    assert any(report["orphans"] for report in dead), "some left compilers running"
