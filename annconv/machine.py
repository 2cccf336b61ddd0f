"""What annconv knows of the machine it runs on: its processor and its memory."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

CPUINFO = Path("/proc/cpuinfo")
CACHES = Path("/sys/devices/system/cpu/cpu0/cache")
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
PROC, CGROUPS = Path("/proc"), Path("/sys/fs/cgroup")
USUAL_CACHE = 32 * 1024
"""Bytes of a first-level data cache where the system does not say."""


def available_cores() -> int:
    """Cores that this process may use; all of the machine's where the system does not say."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def size_text(size: int) -> str:
    """A number of bytes in the largest unit of which there is one, as "1.5 MiB"."""
    power = min(max(size.bit_length() - 1, 0) // 10, len(_UNITS) - 1)
    return f"{size} B" if power == 0 else f"{size / 1024**power:.1f} {_UNITS[power]}"


def available_memory(proc: Path = PROC, cgroups: Path = CGROUPS) -> int | None:
    """Bytes of memory that this process can still take without pushing others out of it.

    The least of what Linux counts as available, what the limits of its control groups (a
    container's, a batch job's) leave, and what its own limit on addresses leaves.

    Args:
        proc: Folder in which Linux describes memory and processes.
        cgroups: Folder in which it describes control groups.
    Returns:
        None where the system does not say.
    """
    found = [*_in_machine(proc), *_in_control_groups(proc, cgroups), *_in_addresses(proc)]
    return max(0, min(found)) if found else None


def _in_machine(proc: Path) -> Iterator[int]:
    for line in _text(proc / "meminfo").splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            yield int(amount.split()[0]) * 1024


def _in_control_groups(proc: Path, cgroups: Path) -> Iterator[int]:
    """What each control group that this process is in leaves; of version 2, and of version 1."""
    for line in _text(proc / "self" / "cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            root, limit, usage, cache = cgroups, "memory.max", "memory.current", "inactive_file"
        elif "memory" in controllers.split(","):
            root, cache = cgroups / "memory", "total_inactive_file"
            limit, usage = "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        inner = root / path.strip("/")  # a container may see itself at the root
        for folder in dict.fromkeys([inner, *inner.parents, root]):
            if root in (folder, *folder.parents):
                most, used = _text(folder / limit).strip(), _text(folder / usage).strip()
                if most.isdigit() and used.isdigit():
                    yield int(most) - int(used) + _reclaimable(folder / "memory.stat", cache)


def _reclaimable(statistics: Path, name: str) -> int:
    """Bytes of files that are kept in memory as long as nobody needs it."""
    for line in _text(statistics).splitlines():
        key, _, amount = line.partition(" ")
        if key == name:
            return int(amount)
    return 0


def _in_addresses(proc: Path) -> Iterator[int]:
    if sys.platform == "win32":  # has no such limit
        return
    import resource

    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    pages = _text(proc / "self" / "statm").split()
    if limit != resource.RLIM_INFINITY and pages:
        yield limit - int(pages[0]) * resource.getpagesize()


def _text(path: Path) -> str:
    """The text of a file that describes the system; none where it is not there."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
