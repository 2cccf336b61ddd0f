"""1,000 damaged files: each is refused with one error of ours or gives the unchanged answer.

`.keras` and packed weights have checksums (CRC-32), `.snn` a digest: a changed answer is a failure.
An HDF5 model file has none. There a changed answer is allowed in one case only: it is what the
changed bytes say. `reading.what_bytes_say` reads them without the HDF5 library: the text of the
configuration where it stands, and the numbers of each weight where the file says that they lie. A
flip anywhere else (structure, types, shapes, names) is refused or changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from damages import CUT_EVERY, damaged
from reading import Outcomes, raw_weights

pytestmark = [pytest.mark.compiles, pytest.mark.keras]

GROWTH = 2**28
"""Bytes by which a process may grow while it reads small files."""
SAMPLE = {"keras": 16, "h5": 10, "snn": 18, "packed": 16}
EVERY = dict.fromkeys(SAMPLE, 250)
Read = Callable[..., Outcomes]


def spots(kind: str, intact: Path) -> list[int]:
    """Bytes of an HDF5 file that deserve more flips: those of its numbers."""
    if kind != "h5":
        return []
    return [byte for weight in raw_weights(intact) for byte in weight.bytes()]


def write_damaged(kind: str, intact: Path, count: int, seed: int, folder: Path) -> list[Path]:
    """The damaged copies of a file."""
    paths = []
    copies = damaged(intact.read_bytes(), count, seed, spots(kind, intact))
    for index, content in enumerate(copies):
        paths.append(folder / f"{index:03}{intact.suffix}")
        paths[-1].write_bytes(content)
    return paths


def classify(entry: dict, intact: str) -> str:
    """What became of a file, in a word; "changed" and "failed" may not be."""
    if "refused" in entry or "failed" in entry:
        return "refused" if "refused" in entry else "failed"
    if entry["answer"] == intact:
        return "unchanged"
    return "said" if entry.get("said") == entry["answer"] else "changed"


def judge(found: Outcomes) -> dict[str, str]:
    """What became of each file; all of it is allowed."""
    kinds = {name: classify(entry, found.intact) for name, entry in found.files.items()}
    bad = [found.files[name] for name, word in kinds.items() if word in ("changed", "failed")]
    assert not bad, bad[:3]
    assert found.forbidden == []
    assert found.grown < GROWTH
    return kinds


def check(kind: str, intact: Path, count: int, seed: int, folder: Path, read: Read) -> Counter[str]:
    paths = write_damaged(kind, intact, count, seed, folder)
    found = read(kind, intact, paths)
    kinds = judge(found)
    for position, path in enumerate(paths):
        if position % CUT_EVERY == 0:
            assert kinds[path.name] == "refused", f"{path.name} is cut"
    return Counter(kinds.values())


@pytest.mark.parametrize("kind", sorted(SAMPLE))
def test_a_sample_of_damaged_files(
    kind: str, intact: Path, tmp_path: Path, read_apart: Read
) -> None:
    words = check(kind, intact, SAMPLE[kind], 7, tmp_path, read_apart)
    assert words["refused"] >= SAMPLE[kind] // 3
    assert words.total() == SAMPLE[kind]


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(EVERY))
def test_every_damaged_file(kind: str, intact: Path, tmp_path: Path, read_apart: Read) -> None:
    words = check(kind, intact, EVERY[kind], 1, tmp_path, read_apart)
    assert words.total() == EVERY[kind]
    if kind == "h5":
        assert min(words["refused"], words["said"], words["unchanged"]) > 10
    else:
        assert words["refused"] > 0.9 * EVERY[kind]
        assert words["said"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["h5"])
def test_every_bit_of_where_numbers_lie(
    kind: str, intact: Path, tmp_path: Path, read_apart: Read
) -> None:
    """Offsets have no checksum either; those that leave the file or meet others are refused."""
    content, paths = intact.read_bytes(), []
    for weight in raw_weights(intact):
        for bit in range(24):
            copy = bytearray(content)
            copy[weight.place + bit // 8] ^= 1 << bit % 8
            paths.append(tmp_path / f"{weight.place}-{bit:02}.h5")
            paths[-1].write_bytes(copy)
    words = Counter(judge(read_apart(kind, intact, paths)).values())
    assert words["refused"] + words["said"] == len(paths)
    assert words["refused"] > len(paths) // 2
