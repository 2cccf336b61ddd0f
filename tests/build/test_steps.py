"""A build that is killed, or finds the disk full, at any one of its steps harms nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
RIGHT, REFUSED = 0, 3


class Report(NamedTuple):
    """What `step_driver.py` tells of one disturbed build.

    Attributes:
        start: Whether the cache was "empty" or its entry "damaged".
        act: What happened: "killed" before a step, "torn" after a file was opened, "full" from
            there on.
        event: Python's name of the step.
        path: What it changes, below the cache folder.
        code: How the build ended.
        loads: Whether what is found then is right; None: nothing is found.
        again: How the next build ended.
        leftovers: What there is then that no finished build leaves.
    """

    start: str
    act: str
    event: str
    path: str
    code: int
    loads: bool | None
    again: int
    leftovers: list[str]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Report]:
    """Every step of a build, ended in every way."""
    folder = tmp_path_factory.mktemp("steps") / "cache"
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("step_driver.py"), folder],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        check=True,
        capture_output=True,
    )
    return [Report(*entry) for entry in json.loads(done.stdout)]


def test_all_stages_are_among_the_steps(reports: list[Report]) -> None:
    for start in ("empty", "damaged"):
        steps = [(r.event, r.path) for r in reports if (r.start, r.act) == (start, "killed")]
        places = [
            [number for number, (name, path) in enumerate(steps) if name == event and part in path]
            for event, part in (
                ("open", "/locks/"),
                ("os.mkdir", "/building/"),
                ("open", "/network.so"),
                ("open", "/key.json"),
                ("os.rename", "/logs/"),
                ("open", "/manifest.json"),
                ("os.rename", "/building/"),
                ("open", "/index/"),
                ("os.rename", "/index/"),
            )
        ]
        first = [found[0] for found in places]
        assert first == sorted(first)
    discarded = [r.path for r in reports if r.event == "os.rename" and "/entries/" in r.path]
    assert discarded, "a damaged entry is taken out of sight"


def test_nothing_wrong_is_ever_found(reports: list[Report]) -> None:
    assert [r for r in reports if r.loads is False] == []
    published = {r.loads for r in reports if r.act == "killed"}
    assert published == {None, True}, "some were killed before, some after the entry was published"


def test_the_next_build_is_right_and_cleans_up(reports: list[Report]) -> None:
    assert [r for r in reports if r.again != RIGHT or r.leftovers] == []


def test_a_full_disk_gives_the_right_result_or_a_cache_error(reports: list[Report]) -> None:
    full = [r for r in reports if r.act == "full"]
    assert {r.code for r in full} == {RIGHT, REFUSED}


def test_the_others_were_killed(reports: list[Report]) -> None:
    codes = [r.code for r in reports if r.act != "full"]
    assert codes.count(-signal.SIGKILL) == len(codes)
