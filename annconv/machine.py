"""What annconv knows of the processor it runs on."""

from __future__ import annotations

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")


def vector_bits(cpuinfo: Path = CPUINFO) -> int:
    """Width of the processor's vectors: 512 or 256 where an x86 has them, else 128.

    Args:
        cpuinfo: File in which Linux describes the processor.
    """
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return 128
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:  # another system: kernels laid out for narrow vectors run everywhere
        return 128
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "").split()
    if "avx512f" in flags:
        return 512
    return 256 if "avx" in flags else 128
