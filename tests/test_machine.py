"""Vectors of the processor, read from what Linux says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from annconv.machine import vector_bits


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
