"""A disk that fills up during a build: one clear error or the right result, at whatever stage.

The size of files is limited everywhere, which is an error of the same kind. Tests with a small disk
are there only where mounting is allowed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from places import SMALL_DISK, mounted, small_disks_are_allowed

from annconv.build.builder import Support

pytestmark = pytest.mark.compiles

REPOSITORY = Path(__file__).resolve().parents[2]
RIGHT, REFUSED, NOTHING = 0, 3, 4
KEPT = 64 * 1024
"""Bytes that may stay: log, locks, folders."""
SIZES = [20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 224, 256, 288, 320, 384, 448, 512, 1024]
SMALLEST = [0, 4, 8]
"""KiB that are left; a smaller limit on files is not tried, as compilers print more than that."""
MOUNTS = small_disks_are_allowed()
WAYS = ["limit", "disk"] if MOUNTS else ["limit"]
TOO_LITTLE = {"limit": 17, "disk": 64}
"""KiB with which no build ends well: of each file, or of all."""
HINTS = ("free some space", "free space on the disk of the cache", "ulimit -f")


def attempts(how: str, sizes: list[int], tmp_path: Path, support: Support) -> list[dict[str, Any]]:
    """What `space_driver.py` tells of builds with so many KiB left."""
    folder = tmp_path / "disk"
    folder.mkdir()
    prefix = [] if how == "limit" else mounted(SMALL_DISK, folder)
    assert prefix is not None
    if how == "disk" and len(sizes) > 1:
        sizes = SMALLEST + sizes
    driver = Path(__file__).with_name("space_driver.py")
    listed = ",".join(map(str, sizes))
    done = subprocess.run(
        [*prefix, sys.executable, driver, how, folder, support.folder, listed],
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"},
        check=True,
        stdout=subprocess.PIPE,
    )
    reports: list[dict[str, Any]] = json.loads(done.stdout)
    assert len(reports) == len(sizes)
    return reports


def check(report: dict[str, Any]) -> None:
    """The right result or one error that helps; never a wrong load; space is given back."""
    assert report["code"] in (RIGHT, REFUSED), report
    if report["code"] == REFUSED:
        assert report["message"].startswith(("CacheError: ", "BuildError: ")), report
        assert report["root"] in report["message"], report
        assert any(hint in report["message"] for hint in HINTS), report
        assert report["load"] in (NOTHING, RIGHT), report
        assert report["taken"] < KEPT or report["how"] == "limit", report  # a disk of many
    else:
        assert report["load"] == RIGHT, report
    assert report["left"] == [], report
    assert report["again"] == RIGHT, report


@pytest.mark.parametrize("how", WAYS)
def test_little_space(how: str, tmp_path: Path, support: Support) -> None:
    (report,) = attempts(how, [TOO_LITTLE[how]], tmp_path, support)
    check(report)
    assert report["code"] == REFUSED


@pytest.mark.slow
@pytest.mark.parametrize("how", WAYS)
def test_space_that_ends_at_any_stage(how: str, tmp_path: Path, support: Support) -> None:
    reports = attempts(how, SIZES, tmp_path, support)
    for report in reports:
        check(report)
    assert {report["code"] for report in reports} == {RIGHT, REFUSED}


if MOUNTS:

    @pytest.mark.slow
    def test_a_full_disk_of_temporary_files(tmp_path: Path, support: Support) -> None:
        for report in attempts("tmpdir", [0, 64], tmp_path, support):
            assert report["again"] == RIGHT
            assert report["code"] == RIGHT or "ulimit -f" in report["message"], report
