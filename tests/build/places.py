"""Child processes in places that a test cannot be in itself: small disks, folders only to read."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SMALL_DISK = 'mount -t tmpfs -o size=32m none "$1" && shift && exec "$@"'
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
BOUND = """
import ctypes, os, sys
if os.geteuid() == 0:  # what lets root pass over the rights of files: DAC_OVERRIDE, DAC_READ_SEARCH
    for capability in (1, 2):
        if ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) != 0:
            sys.exit("root's rights cannot be given up")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def bound() -> list[str]:
    """Beginning of a command that runs Python bound by the rights of files, even as root."""
    return [sys.executable, "-c", BOUND]


def mounted(script: str, folder: Path) -> list[str] | None:
    """Beginning of a command that sees another disk at a folder; None where mounting is forbidden.

    Args:
        script: SMALL_DISK or READ_ONLY.
        folder: Where.
    """
    unshare = shutil.which("unshare")
    for options in ("--mount", "--map-root-user --mount"):
        if unshare is not None:
            command = [unshare, *options.split(), "sh", "-c", script, "sh", str(folder)]
            if subprocess.run([*command, "true"], check=False, capture_output=True).returncode == 0:
                return command
    return None


def small_disks_are_allowed() -> bool:
    """Whether a small disk can be mounted here."""
    with tempfile.TemporaryDirectory() as folder:
        return mounted(SMALL_DISK, Path(folder)) is not None
