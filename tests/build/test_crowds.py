"""Eight processes that build at once, the same and different networks, in one cache."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.compiles, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]
ROUNDS = 20


def test_each_network_is_built_once_and_is_right_in_all_processes(tmp_path: Path) -> None:
    driver = Path(__file__).with_name("crowd_driver.py")
    done = subprocess.run(
        [sys.executable, driver, str(ROUNDS), tmp_path],
        env=os.environ | {"PYTHONPATH": f"{REPOSITORY}{os.pathsep}{REPOSITORY / 'tests'}"},
        check=True,
        stdout=subprocess.PIPE,
    )
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == ROUNDS
    for number, report in enumerate(reports):
        assert report["right"], report
        networks = [f"network {2 * number}", f"network {2 * number + 1}"]
        assert report["built"] == (["binding"] if number == 0 else []) + networks
        assert report["entries"] == 1 + 2 * (number + 1)
        assert report["leftovers"] == []
