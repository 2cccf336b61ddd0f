"""A manifest recognises every kind of damage."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from annconv.build.manifest import find_fault, read_manifest, write_manifest


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    folder = tmp_path / "entry"
    (folder / "src").mkdir(parents=True)
    (folder / "network.so").write_bytes(b"\x7fELF 1234")
    (folder / "src" / "kernels.cpp").write_text("int f();")
    write_manifest(folder, "network", "first build")
    return folder


def test_a_whole_entry_has_no_fault(entry: Path) -> None:
    assert find_fault(entry) is None
    manifest = read_manifest(entry)
    assert (manifest.label, manifest.reason, manifest.size) == ("network", "first build", 17)


def flip_byte(folder: Path) -> None:
    content = bytearray((folder / "network.so").read_bytes())
    content[3] ^= 1
    (folder / "network.so").write_bytes(content)


def truncate_manifest(folder: Path) -> None:
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text[: len(text) // 2])


def rewrite_format(folder: Path) -> None:
    data = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(data | {"format": 99}))


DAMAGES: list[tuple[Callable[[Path], object], str]] = [
    (flip_byte, "network.so has changed since it was built"),
    (lambda folder: (folder / "network.so").write_bytes(b"\x7fELF"), "has 4 bytes instead of 9"),
    (lambda folder: (folder / "network.so").unlink(), "network.so is missing"),
    (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
    (truncate_manifest, "manifest.json is damaged"),
    (lambda folder: (folder / "manifest.json").write_text("[]"), "manifest.json is damaged"),
    (lambda folder: (folder / "manifest.json").write_bytes(b"\xff"), "manifest.json is damaged"),
    (rewrite_format, "manifest.json is of another version of annconv"),
]


@pytest.mark.parametrize(("damage", "expected"), DAMAGES)
def test_damage_is_found(entry: Path, damage: Callable[[Path], object], expected: str) -> None:
    damage(entry)
    fault = find_fault(entry)
    assert fault is not None
    assert expected in fault


def test_no_folder_is_a_missing_manifest(tmp_path: Path) -> None:
    assert find_fault(tmp_path / "nothing") == "manifest.json is missing"
