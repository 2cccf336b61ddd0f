"""Vectors of the processor and free memory, read from what Linux says of them."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from annconv.machine import available_memory, size_text, vector_bits


@pytest.mark.parametrize(
    ("flags", "bits"),
    [("fpu sse2 avx avx2 avx512f", 512), ("fpu sse2 avx avx2", 256), ("fpu sse2", 128), ("", 128)],
)
def test_x86(flags: str, bits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"model name : some\nflags : {flags}\nflags : other\n")
    assert vector_bits(cpuinfo) == bits


def test_other_processors_and_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert vector_bits(tmp_path / "missing") == 128
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert vector_bits() == 128


def made(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


MEMINFO = "MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable:   8192 kB\n"


@pytest.mark.parametrize(
    ("groups", "files", "size"),
    [
        ("", {}, 8192 * 1024),
        ("0::/", {"memory.max": "max\n", "memory.current": "5\n"}, 8192 * 1024),
        ("0::/", {"memory.max": "5000\n", "memory.current": "1000\n"}, 4000),
        ("0::/", {"memory.max": "5000\n", "memory.current": "6000\n"}, 0),
        (
            "0::/",
            {
                "memory.max": "5000\n",
                "memory.current": "3000\n",
                "memory.stat": "active_file 5\ninactive_file 500\n",
            },
            2500,
        ),
        (
            "0::/job/step",
            {
                "memory.max": "9000\n",
                "memory.current": "1000\n",
                "job/memory.max": "4000\n",
                "job/memory.current": "1000\n",
                "job/step/memory.max": "max\n",
                "job/step/memory.current": "1000\n",
            },
            3000,
        ),
        (
            "5:cpu,cpuacct:/x\n4:memory:/x\n",
            {
                "memory/x/memory.limit_in_bytes": "7000\n",
                "memory/x/memory.usage_in_bytes": "3000\n",
                "memory/x/memory.stat": "inactive_file 1\ntotal_inactive_file 700\n",
            },
            4700,
        ),
        (
            "4:memory:/outside\n",
            {"memory/memory.limit_in_bytes": "70\n", "memory/memory.usage_in_bytes": "30\n"},
            40,
        ),
    ],
    ids=["machine", "no limit", "limit", "beyond", "files", "parents", "version 1", "container"],
)
def test_the_least_memory_that_anything_leaves(
    groups: str, files: dict[str, str], size: int, tmp_path: Path
) -> None:
    proc = made(tmp_path / "proc", {"meminfo": MEMINFO, "self/cgroup": groups})
    cgroups = made(tmp_path / "cgroup", files)
    assert available_memory(proc, cgroups) == size


def test_a_limit_of_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = resource.getpagesize()
    proc = made(tmp_path, {"meminfo": MEMINFO, "self/statm": "10 5 1"})
    monkeypatch.setattr("resource.getrlimit", lambda _: (30 * page, -1))
    assert available_memory(proc, tmp_path) == 20 * page
    monkeypatch.setattr("resource.getrlimit", lambda _: (resource.RLIM_INFINITY, -1))
    assert available_memory(proc, tmp_path) == 8192 * 1024


def test_a_system_that_says_nothing_of_its_memory(tmp_path: Path) -> None:
    assert available_memory(tmp_path, tmp_path) is None


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536 * 1024, "1.5 MiB"),
        (5 * 1024**3 // 2, "2.5 GiB"),
        (3000 * 1024**4, "3000.0 TiB"),
    ],
)
def test_sizes_in_words(size: int, text: str) -> None:
    assert size_text(size) == text
