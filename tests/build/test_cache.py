"""The cache publishes whole entries only, repairs damaged ones and stays within its limit."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import filelock
import pytest
from cache_entries import age, listing, variant

from annconv.build.cache import Cache, explained
from annconv.build.key import BuildKey
from annconv.errors import BuildError, CacheError

CONTENT = b"x" * 1000


def fill(work: Path) -> None:
    """A build that makes one file."""
    (work / "network.so").write_bytes(CONTENT)


def refuse(work: Path) -> None:
    """A build that must not happen."""
    raise AssertionError(work)


# The folder


def test_the_folder_is_its_owners_only(tmp_path: Path) -> None:
    root = Cache(tmp_path / "cache").root
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    root.chmod(0o755)
    Cache(tmp_path / "cache")
    assert stat.S_IMODE(root.stat().st_mode) == 0o700


def test_without_a_folder_it_is_the_platforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Cache().root.is_relative_to(tmp_path)
    assert "annconv" in Cache().root.parts


def test_a_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = Cache(tmp_path).root.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(CacheError, match=rf"belongs to user {owner}, expected {owner + 1}") as told:
        Cache(tmp_path)
    assert "set ANNCONV_CACHE_DIR to a folder of your own" in str(told.value)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(CacheError, match=r"[Nn]ot a directory|[Ff]ile exists") as caught:
        Cache(tmp_path / "cache")
    assert "set ANNCONV_CACHE_DIR" in str(caught.value)


@pytest.mark.parametrize("letter", [";", "|", "\\", "\n", '"'])
def test_paths_that_cmake_cannot_handle_are_refused(tmp_path: Path, letter: str) -> None:
    with pytest.raises(CacheError, match="CMake and Ninja cannot use a path with"):
        Cache(tmp_path / f"a{letter}b")
    assert not list(tmp_path.iterdir())


# Building


def test_a_build_is_published_and_then_found(cache: Cache, key: BuildKey) -> None:
    assert cache.find(key.digest()) is None
    entry, cached = cache.obtain(key, "network", fill)
    assert not cached
    assert (entry.folder / "network.so").read_bytes() == CONTENT
    assert entry.log.is_file()
    assert entry.key() == key
    assert (entry.label, entry.reason) == ("network", "first build of network")
    again, cached = cache.obtain(key, "network", refuse)
    assert cached
    assert again.folder == entry.folder
    assert listing(cache, "building") == []
    assert listing(cache, "logs") == []


def test_use_is_noted(cache: Cache, key: BuildKey) -> None:
    entry, _ = cache.obtain(key, "network", fill)
    age(entry.folder, 1000.0)
    before = cache.entries()[0].used
    found = cache.find(key.digest())
    assert found is not None
    assert found.used > before + 900.0


def flip_byte(folder: Path) -> None:
    (folder / "network.so").write_bytes(b"y" + CONTENT[1:])


def truncate_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_bytes((folder / "manifest.json").read_bytes()[:50])


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "flipped byte": (flip_byte, "network.so has changed"),
    "truncated manifest": (truncate_manifest, "manifest.json is damaged"),
    "missing file": (lambda folder: (folder / "network.so").unlink(), "network.so is missing"),
    "half-built": (lambda folder: (folder / "manifest.json").unlink(), "manifest.json is missing"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_entry_is_rebuilt(cache: Cache, key: BuildKey, name: str) -> None:
    damage, fault = DAMAGES[name]
    entry, _ = cache.obtain(key, "network", fill)
    damage(entry.folder)
    assert cache.find(key.digest()) is None
    repaired, cached = cache.obtain(key, "network", fill)
    assert not cached
    assert (repaired.folder / "network.so").read_bytes() == CONTENT
    assert f"the entry in the cache is damaged: {fault}" in repaired.reason
    assert listing(cache, "discarded") == []
    assert cache.find(key.digest()) is not None


def test_a_failed_build_leaves_only_its_log(cache: Cache, key: BuildKey) -> None:
    log = cache.log_path(key.digest())

    def fail(work: Path) -> None:
        fill(work)
        log.write_text("kernels.cpp:1:1: error: no")
        raise BuildError("compiling", why="exit code 1", log=log)

    with pytest.raises(BuildError):
        cache.obtain(key, "network", fail)
    assert listing(cache, "entries") == listing(cache, "building") == []
    assert log.read_text() == "kernels.cpp:1:1: error: no"
    _, cached = cache.obtain(key, "network", fill)
    assert not cached


def test_what_a_killed_build_left_goes_with_the_next_build(cache: Cache, key: BuildKey) -> None:
    left = cache.root / "building" / f"{key.digest()}-left"
    (left / "src").mkdir(parents=True)
    aside = cache.root / "discarded" / f"{key.digest()}-left"
    aside.mkdir()
    cache.obtain(key, "network", fill)
    assert listing(cache, "building") == listing(cache, "discarded") == []


def test_a_full_disk_is_a_cache_error(cache: Cache, key: BuildKey) -> None:
    def full(work: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(work / "network.so"))

    with pytest.raises(CacheError, match="no space left on device") as caught:
        cache.obtain(key, "network", full)
    assert "free some space (`annconv cache list` shows the builds)" in str(caught.value)
    assert listing(cache, "building") == listing(cache, "entries") == []


@pytest.mark.parametrize(("free", "expected"), [(2**20 - 1, CacheError), (2**20, BuildError)])
def test_a_failure_on_a_full_disk_is_told_as_one(
    cache: Cache,
    key: BuildKey,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    expected: type[Exception],
) -> None:
    def fail(work: Path) -> None:
        raise BuildError("configuring", why="exit code 1")

    status = os.statvfs_result((1, 1, free, free, free, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _: status)
    with pytest.raises(expected) as caught:
        cache.obtain(key, "network", fail)
    if expected is CacheError:
        assert "the build failed, and its disk has only 1023 KiB left" in str(caught.value)
        assert "Instead: free some space" in str(caught.value)
        assert isinstance(caught.value.__cause__, BuildError)


def test_of_a_copy_the_target_is_named(tmp_path: Path) -> None:
    with pytest.raises(CacheError) as caught, explained(tmp_path):
        raise OSError(errno.ENOSPC, "No space left on device", "from", None, "to")
    assert caught.value.path == "to"


def test_other_faults_of_the_file_system_are_explained(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match="permission denied") as caught, explained(tmp_path):
        raise PermissionError(errno.EACCES, "Permission denied")
    assert caught.value.path == str(tmp_path)
    assert "set ANNCONV_CACHE_DIR" in str(caught.value)


def test_reasons_name_what_differs_from_the_most_similar_build(cache: Cache, key: BuildKey) -> None:
    cache.obtain(key, "network", fill)
    cache.obtain(replace(key, support="other", flags=("-O1",)), "network", fill)
    entry, _ = cache.obtain(replace(key, flags=("-O2",)), "network", fill)
    assert entry.reason == (
        "differs from the most similar build in "
        "flags (-O2 added, -O3 removed, -march=znver4 removed)"
    )
    (entry.folder / "key.json").write_text("")
    entry, _ = cache.obtain(replace(key, support="new"), "network", fill)
    assert entry.reason == (
        "differs from the most similar build in support (annconv's own C++ has changed)"
    )


# Locks


def test_who_waits_is_told_for_what(
    cache: Cache, key: BuildKey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="annconv")
    inside, told = threading.Event(), threading.Event()
    results: list[bool] = []

    class Teller(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.levelno == logging.WARNING:
                told.set()

    def slow(work: Path) -> None:
        inside.set()
        assert told.wait(60)
        fill(work)

    def first() -> None:
        results.append(cache.obtain(key, "network", slow)[1])

    teller = Teller()
    logging.getLogger("annconv").addHandler(teller)
    try:
        thread = threading.Thread(target=first)
        thread.start()
        assert inside.wait(60)
        _, cached = cache.obtain(key, "network", refuse)
        thread.join()
    finally:
        logging.getLogger("annconv").removeHandler(teller)
    assert cached
    assert results == [False]
    waits = [text for text in caplog.messages if text.startswith("waiting for another process")]
    assert len(waits) == 1
    assert "building network" in waits[0]
    assert f"{key.digest()}.lock" in waits[0]


def test_a_file_system_without_locks_is_told(
    cache: Cache, key: BuildKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    def acquire(lock: filelock.FileLock, timeout: float) -> None:
        raise NotImplementedError

    monkeypatch.setattr(filelock.FileLock, "acquire", acquire)
    with pytest.raises(CacheError, match="the file system cannot lock files") as caught:
        cache.obtain(key, "network", fill)
    assert "set ANNCONV_CACHE_DIR to a folder on a local disk" in str(caught.value)


# Listing


def test_entries_are_listed_the_last_used_first(cache: Cache, key: BuildKey) -> None:
    for number, ago in ((1, 100.0), (2, 300.0), (3, 200.0)):
        entry, _ = cache.obtain(variant(key, number), f"network {number}", fill)
        age(entry.folder, ago)
    (cache.root / "entries" / "half-built").mkdir()
    assert [entry.label for entry in cache.entries()] == ["network 1", "network 3", "network 2"]
    assert all(entry.size > len(CONTENT) for entry in cache.entries())


# Index


def test_the_index_leads_to_entries_that_exist(cache: Cache, key: BuildKey) -> None:
    name = "0" * 64
    assert cache.indexed(name) is None
    entry, _ = cache.obtain(key, "network", fill)
    cache.remember(name, entry.digest)
    assert cache.indexed(name) == entry.digest
    shutil.rmtree(entry.folder)
    assert cache.indexed(name) is None


@pytest.mark.parametrize("content", [b"", b"../../outside", b"\xff\xfe", b"abc"])
def test_a_damaged_index_leads_nowhere(cache: Cache, content: bytes) -> None:
    (cache.root / "index" / f"{'0' * 64}.key").write_bytes(content)
    assert cache.indexed("0" * 64) is None
