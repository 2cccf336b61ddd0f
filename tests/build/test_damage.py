"""Whatever is done to the cache folder: the right result, built again where it must be."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from annconv.build.cache import Cache, Entry
from annconv.build.key import BuildKey
from annconv.build.pruning import clear, prune
from annconv.errors import CacheError

NAME, OTHER_NAME = "0" * 64, "1" * 64
FILES = ("network.so", "key.json", "build.log", "manifest.json")
AREAS = ("entries", "building", "discarded", "locks", "logs", "index")


def content_of(number: int) -> bytes:
    return bytes(range(256)) * 4 + bytes([number])


def filler(number: int) -> Callable[[Path], None]:
    """A build that makes one file."""

    def fill(work: Path) -> None:
        (work / "network.so").write_bytes(content_of(number))

    return fill


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache", patience=0.0)


@pytest.fixture
def keys(key: BuildKey) -> list[BuildKey]:
    return [replace(key, support=str(number)) for number in range(2)]


@pytest.fixture
def entries(cache: Cache, keys: list[BuildKey]) -> list[Entry]:
    """Two builds of one size, both in the index."""
    built = [cache.obtain(key, "network", filler(number))[0] for number, key in enumerate(keys)]
    for name, entry in zip((NAME, OTHER_NAME), built, strict=True):
        cache.remember(name, entry.digest)
    return built


def check(cache: Cache, keys: list[BuildKey]) -> None:
    """Whatever was done: what is found is right, builds succeed, nothing is left."""
    for number, key in enumerate(keys):
        found = cache.find(key.digest())
        if found is not None:
            assert (found.folder / "network.so").read_bytes() == content_of(number)
    cache = Cache(cache.root.parent, patience=0.0)
    prune(cache)
    for number, key in enumerate(keys):
        entry, _ = cache.obtain(key, "network", filler(number))
        assert (entry.folder / "network.so").read_bytes() == content_of(number)
        assert not (entry.folder / "network.so").is_symlink()
        found = cache.find(key.digest())
        assert found is not None
        assert found.key() == key
    for name, key in zip((NAME, OTHER_NAME), keys, strict=True):
        assert cache.indexed(name) in (None, key.digest())
        cache.remember(name, key.digest())
        assert cache.indexed(name) == key.digest()
    prune(cache)
    names = sorted(path.name for path in (cache.root / "entries").iterdir())
    assert names == sorted(key.digest() for key in keys)
    for area in ("building", "discarded", "logs"):
        assert list((cache.root / area).iterdir()) == []


def remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def by_folder(path: Path) -> None:
    remove(path)
    path.mkdir()
    (path / "inside").write_text("something")


def by_fifo(path: Path) -> None:
    remove(path)
    os.mkfifo(path)


def by_nothing(path: Path) -> None:
    remove(path)


def by_empty_file(path: Path) -> None:
    remove(path)
    path.write_bytes(b"")


def by_dangling_link(path: Path) -> None:
    remove(path)
    path.symlink_to("nowhere")


def by_loop(path: Path) -> None:
    remove(path)
    path.symlink_to(path.name)


def by_closed_file(path: Path) -> None:
    path.chmod(0)


REPLACEMENTS = {
    "folder": by_folder,
    "fifo": by_fifo,
    "nothing": by_nothing,
    "empty file": by_empty_file,
    "dangling link": by_dangling_link,
    "loop of links": by_loop,
    "closed": by_closed_file,
}


@pytest.mark.parametrize("name", REPLACEMENTS)
@pytest.mark.parametrize("place", [*FILES, "entry", "index"])
def test_something_else_in_place_of_a_file(
    cache: Cache, keys: list[BuildKey], entries: list[Entry], name: str, place: str
) -> None:
    folder = entries[0].folder
    index = cache.root / "index" / f"{NAME}.key"
    replaced = {"entry": folder, "index": index}.get(place, folder / place)
    REPLACEMENTS[name](replaced)
    assert len(cache.entries()) in (1, 2)
    check(cache, keys)


@pytest.mark.parametrize("name", REPLACEMENTS)
def test_something_else_in_place_of_what_a_build_writes(
    cache: Cache, keys: list[BuildKey], name: str
) -> None:
    digest = keys[0].digest()
    for path in (
        cache.root / "building" / f"{digest}-left",
        cache.root / "discarded" / f"{digest}-left",
        cache.log_path(digest),
    ):
        path.write_text("left")
        REPLACEMENTS[name](path)
    check(cache, keys)


def test_truncated_at_any_length(cache: Cache, keys: list[BuildKey], entries: list[Entry]) -> None:
    rng = np.random.default_rng(5)
    paths = [entries[0].folder / name for name in FILES]
    for path in [*paths, cache.root / "index" / f"{NAME}.key"]:
        size = path.stat().st_size
        for length in sorted({0, max(size - 1, 0), *rng.integers(0, size + 1, 6).tolist()}):
            with path.open("r+b") as file:
                file.truncate(length)
            check(cache, keys)


def test_flipped_bits_anywhere(cache: Cache, keys: list[BuildKey], entries: list[Entry]) -> None:
    rng = np.random.default_rng(6)
    paths = [entries[0].folder / name for name in FILES if name != "build.log"]
    for path in [*paths, cache.root / "index" / f"{NAME}.key"]:
        for _ in range(16):
            content = bytearray(path.read_bytes())
            content[rng.integers(len(content))] ^= 1 << rng.integers(8)
            path.write_bytes(content)
            check(cache, keys)


def files_of_another(cache: Cache, entries: list[Entry]) -> None:
    shutil.copy(entries[1].folder / "network.so", entries[0].folder / "network.so")


def manifest_of_another(cache: Cache, entries: list[Entry]) -> None:
    files_of_another(cache, entries)
    shutil.copy(entries[1].folder / "manifest.json", entries[0].folder / "manifest.json")


def copy_of_another(cache: Cache, entries: list[Entry]) -> None:
    shutil.rmtree(entries[0].folder)
    shutil.copytree(entries[1].folder, entries[0].folder)


def link_to_another(cache: Cache, entries: list[Entry]) -> None:
    shutil.rmtree(entries[0].folder)
    entries[0].folder.symlink_to(entries[1].folder)


def swapped(cache: Cache, entries: list[Entry]) -> None:
    aside = cache.root / "aside"
    entries[0].folder.rename(aside)
    entries[1].folder.rename(entries[0].folder)
    aside.rename(entries[1].folder)


def index_of_another(cache: Cache, entries: list[Entry]) -> None:
    index = cache.root / "index"
    shutil.copy(index / f"{OTHER_NAME}.key", index / f"{NAME}.key")


def index_without_its_name(cache: Cache, entries: list[Entry]) -> None:
    (cache.root / "index" / f"{NAME}.key").write_text(f"{entries[1].digest}\n")


def no_files(cache: Cache, entries: list[Entry]) -> None:
    path = entries[0].folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"files": {}}))
    (entries[0].folder / "network.so").write_bytes(b"anything")


def endless_size(cache: Cache, entries: list[Entry]) -> None:
    path = entries[0].folder / "manifest.json"
    path.write_text(path.read_text().replace(str(len(content_of(0))), "Infinity"))


MIXTURES = (
    files_of_another,
    manifest_of_another,
    copy_of_another,
    link_to_another,
    swapped,
    index_of_another,
    index_without_its_name,
    no_files,
    endless_size,
)


@pytest.mark.parametrize("mix", MIXTURES)
def test_what_belongs_to_another_build_is_not_taken(
    cache: Cache,
    keys: list[BuildKey],
    entries: list[Entry],
    mix: Callable[[Cache, list[Entry]], None],
) -> None:
    mix(cache, entries)
    check(cache, keys)


def test_the_reason_says_that_an_entry_was_anothers(
    cache: Cache, keys: list[BuildKey], entries: list[Entry]
) -> None:
    copy_of_another(cache, entries)
    assert cache.find(entries[0].digest) is None
    repaired, cached = cache.obtain(keys[0], "network", filler(0))
    assert not cached
    assert repaired.reason == (
        "the entry in the cache is damaged: key.json is that of another build"
    )


def test_a_damaged_key_explains_nothing(
    cache: Cache, keys: list[BuildKey], entries: list[Entry]
) -> None:
    for entry in entries:
        path = entry.folder / "key.json"
        data = json.loads(path.read_text())
        path.write_text(json.dumps(data | {"sources": [1, [2]], "environment": [["only"]]}))
        with pytest.raises(ValueError, match=r"key\.json is damaged"):
            entry.key()
    built, _ = cache.obtain(replace(keys[0], support="new"), "network", filler(2))
    assert built.reason == "first build of network"


@pytest.mark.parametrize("area", AREAS)
def test_an_area_that_is_a_file_is_told(tmp_path: Path, area: str) -> None:
    root = Cache(tmp_path).root
    shutil.rmtree(root / area)
    (root / area).write_text("")
    with pytest.raises(CacheError, match="file exists") as caught:
        Cache(tmp_path)
    assert caught.value.path == str(root / area)
    assert "Instead: remove what stands in its place, or set ANNCONV_CACHE_DIR" in str(caught.value)


@pytest.mark.parametrize("area", AREAS)
def test_a_missing_area_is_made_again(
    cache: Cache, keys: list[BuildKey], entries: list[Entry], area: str
) -> None:
    shutil.rmtree(cache.root / area)
    check(Cache(cache.root.parent), keys)


def test_a_lock_that_is_a_folder_is_told(cache: Cache, key: BuildKey) -> None:
    lock = cache.root / "locks" / f"{key.digest()}.lock"
    lock.mkdir()
    with pytest.raises(CacheError, match="is a directory") as caught:
        cache.obtain(key, "network", filler(0))
    assert caught.value.path == str(lock)
    assert "remove what stands in its place" in str(caught.value)


def test_clear_removes_what_is_no_file(
    cache: Cache, keys: list[BuildKey], entries: list[Entry]
) -> None:
    by_folder(entries[0].folder / "manifest.json")
    by_fifo(cache.root / "index" / f"{NAME}.key")
    for area in ("logs", "building", "discarded"):
        (cache.root / area / f"{NAME}-folder").mkdir()
        (cache.root / area / f"{NAME}-file").write_text("")
    clear(cache)
    for area in ("entries", "building", "discarded", "logs", "index"):
        assert list((cache.root / area).iterdir()) == []


def test_prune_removes_what_is_no_entry_unless_it_is_locked(
    cache: Cache, entries: list[Entry], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for entry in entries:
        (entry.folder / "manifest.json").write_text("{")
    with cache.try_lock(entries[0].digest):
        prune(cache)
        assert [path.name for path in (cache.root / "entries").iterdir()] == [entries[0].digest]
    prune(cache)
    assert list((cache.root / "entries").iterdir()) == []
