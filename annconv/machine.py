"""What annconv knows of the processor it runs on."""

from __future__ import annotations

import platform
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
USUAL_CACHE = 32 * 1024
"""Bytes of a first-level data cache where the system does not say."""


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


def first_level_cache(caches: Path = CACHES) -> int:
    """Bytes of the processor's first-level data cache.

    Args:
        caches: Folder in which Linux describes the caches of a core.
    """
    for folder in sorted(caches.glob("index*")):
        try:
            level, kind, size = (
                (folder / name).read_text(encoding="ascii").strip()
                for name in ("level", "type", "size")
            )
        except OSError:  # a system that describes its caches otherwise
            continue
        if level == "1" and kind in {"Data", "Unified"} and size.endswith("K"):
            return int(size[:-1]) * 1024
    return USUAL_CACHE
