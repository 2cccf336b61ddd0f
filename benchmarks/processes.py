"""Timing of fresh Python processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any


def process_time(code: str, *arguments: Path | str) -> float:
    """Seconds from start to end of a fresh Python that runs `code`."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    start = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - start


def measured_inside(code: str, *arguments: Path | str, cache: Path | None = None) -> Any:
    """What a fresh Python measured itself: the JSON that `code` prints.

    Args:
        code: A script.
        *arguments: Its `sys.argv[1:]`.
        cache: Its build cache; None: this process's own.
    """
    environment = os.environ | ({} if cache is None else {"ANNCONV_CACHE_DIR": str(cache)})
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return json.loads(done.stdout)
