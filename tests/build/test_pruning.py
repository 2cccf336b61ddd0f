"""What goes and what stays when the cache is made smaller."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import filelock
import pytest
from cache_entries import age, listing, variant

from annconv.build.builder import Support, build_program
from annconv.build.cache import Cache
from annconv.build.key import BuildKey
from annconv.build.pruning import DEFAULT_LIMIT, GRACE, Removed, clear, prune
from annconv.environment import Environment
from annconv.options import CompileOptions


def fill(work: Path) -> None:
    """A build that makes one file."""
    (work / "network.so").write_bytes(b"x" * 1000)


def make_entries(cache: Cache, key: BuildKey, ages: dict[int, float]) -> dict[int, int]:
    """Entries called by their numbers and used that many seconds ago; returns their sizes."""
    sizes = {}
    for number, ago in ages.items():
        entry, _ = cache.obtain(variant(key, number), str(number), fill)
        age(entry.folder, ago)
        sizes[number] = entry.size
    return sizes


def test_what_was_not_used_for_longest_goes_until_the_limit_holds(
    cache: Cache, key: BuildKey
) -> None:
    sizes = make_entries(cache, key, {1: 100.0, 2: 300.0, 3: 200.0})
    total = sum(sizes.values())
    assert prune(cache) == prune(cache, total) == Removed(0, 0)
    assert prune(cache, total - 1) == Removed(1, sizes[2])
    assert [entry.label for entry in cache.entries()] == ["1", "3"]
    assert prune(cache, 0) == Removed(2, sizes[1] + sizes[3])
    assert cache.entries() == []


def test_a_use_saves_an_entry(cache: Cache, key: BuildKey) -> None:
    make_entries(cache, key, {1: 300.0, 2: 200.0})
    assert cache.find(variant(key, 1).digest()) is not None
    assert prune(cache, 0).entries == 1
    assert [entry.label for entry in cache.entries()] == ["1"]


def test_what_was_used_just_now_stays_whatever_the_limit(cache: Cache, key: BuildKey) -> None:
    make_entries(cache, key, {1: GRACE / 2, 2: GRACE * 2})
    assert prune(cache, 0).entries == 1
    assert [entry.label for entry in cache.entries()] == ["1"]
    assert prune(cache, 0, grace=0.0).entries == 1


def test_what_is_used_while_entries_are_listed_stays(
    cache: Cache, key: BuildKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_entries(cache, key, {1: 300.0})
    listed = cache.entries()
    assert cache.find(listed[0].digest) is not None
    monkeypatch.setattr(cache, "entries", lambda: listed)
    assert prune(cache, 0) == Removed(0, 0)


def test_what_vanishes_while_entries_are_listed_is_not_counted(
    cache: Cache, key: BuildKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_entries(cache, key, {1: 300.0})
    listed = cache.entries()
    clear(cache)
    monkeypatch.setattr(cache, "entries", lambda: listed)
    assert prune(cache, 0) == Removed(0, 0)


@pytest.mark.parametrize("remove", [lambda cache: prune(cache, 0, grace=0.0), clear])
def test_what_is_locked_stays(
    cache: Cache, key: BuildKey, remove: Callable[[Cache], Removed]
) -> None:
    held, _ = cache.obtain(variant(key, 1), "held", fill)
    free, _ = cache.obtain(variant(key, 2), "free", fill)
    work = cache.root / "building" / f"{held.digest}-work"
    work.mkdir()
    with filelock.FileLock(cache.root / "locks" / f"{held.digest}.lock"):
        assert remove(cache) == Removed(1, free.size)
        assert [entry.label for entry in cache.entries()] == ["held"]
        assert work.is_dir()
    assert remove(cache) == Removed(1, held.size)
    assert not work.exists()


def test_clear_removes_entries_whole_or_not_logs_and_index(cache: Cache, key: BuildKey) -> None:
    entry, _ = cache.obtain(key, "network", fill)
    cache.remember("0" * 64, entry.digest)
    (cache.root / "entries" / ("f" * 64)).mkdir()
    cache.log_path("e" * 64).write_text("failed")
    assert clear(cache) == Removed(2, entry.size)
    for area in ("entries", "building", "discarded", "logs", "index"):
        assert listing(cache, area) == []


def test_prune_removes_old_logs_only(cache: Cache) -> None:
    old, new = cache.log_path("a" * 64), cache.log_path("b" * 64)
    for log in (old, new):
        log.write_text("failed")
    age(old, 8 * 24 * 3600.0)
    prune(cache)
    assert listing(cache, "logs") == [new.name]


def test_the_index_keeps_what_leads_somewhere(cache: Cache, key: BuildKey) -> None:
    entry, _ = cache.obtain(key, "network", fill)
    cache.remember("0" * 64, entry.digest)
    prune(cache)
    assert cache.indexed("0" * 64) == entry.digest
    prune(cache, 0, grace=0.0)
    assert listing(cache, "index") == []


def test_prune_removes_half_written_index_files_of_long_ago(cache: Cache) -> None:
    old, new = cache.root / "index" / "old.part", cache.root / "index" / "new.part"
    for path in (old, new):
        path.write_text("")
    age(old, 8 * 24 * 3600.0)
    prune(cache)
    assert listing(cache, "index") == ["new.part"]


@pytest.mark.compiles
def test_a_build_prunes_to_two_gigabytes(
    support: Support, environment: Environment, options: CompileOptions, key: BuildKey
) -> None:
    assert DEFAULT_LIMIT == 2 * 1024**3
    cache = Cache(environment.cache)
    for number in (1, 2):
        entry, _ = cache.obtain(variant(key, number), str(number), fill)
        manifest = entry.folder / "manifest.json"
        manifest.write_text(manifest.read_text().replace("1000", str(DEFAULT_LIMIT - 10**6)))
        age(entry.folder, 1000.0 / number)
    sources = {"main.cpp": "int main() { return 0; }\n"}
    build_program(sources, options, environment=environment, support=support, label="new")
    assert [entry.label for entry in cache.entries()] == ["new", "2"]
    build_program(sources, options, environment=environment, support=support, label="again")
    assert [entry.label for entry in cache.entries()] == ["new", "2"]  # nothing built, nothing gone
