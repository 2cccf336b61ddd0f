"""Keeps the cache small: what was not used for longest goes, and what killed builds left.

Nothing is removed whose lock is held: it is being built, or on its way out already.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from annconv.build.cache import Cache, Entry, explained, remove_path

DEFAULT_LIMIT = 2 * 2**30
"""Bytes that entries may take before those not used for longest go; checked after each build."""

GRACE = 60.0
"""Seconds since its last use in which an entry may be on its way into a process, and stays."""

LOG_AGE = 7 * 24 * 3600.0
"""Seconds for which the log of a failed build is kept."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What was taken out of a cache.

    Attributes:
        entries: How many builds.
        size: Bytes of their files.
    """

    entries: int
    size: int


def prune(cache: Cache, limit: int = DEFAULT_LIMIT, *, grace: float = GRACE) -> Removed:
    """Remove leftovers and what is no entry, then those not used for longest while above a limit.

    Args:
        cache: The cache.
        limit: Bytes that all entries together may take.
        grace: Seconds since its last use for which an entry stays whatever the limit.
    Raises:
        CacheError: The cache cannot be read or written.
    """
    with explained(cache.root):
        _sweep_leftovers(cache)
        for name in cache.damaged():
            with cache.try_lock(name) as locked:
                if locked and name in cache.damaged():  # perhaps built anew since
                    cache.discard(name)
        found = cache.entries()
        excess = sum(entry.size for entry in found) - limit
        count = freed = 0
        for entry in reversed(found):
            if freed >= excess:
                break
            if _remove_unused(cache, entry, grace):
                count, freed = count + 1, freed + entry.size
        _sweep_index(cache)
    return Removed(count, freed)


def clear(cache: Cache) -> Removed:
    """Remove every entry, whole or damaged, all logs and leftovers.

    Raises:
        CacheError: The cache cannot be read or written.
    """
    with explained(cache.root):
        _sweep_leftovers(cache)
        sizes = {entry.digest: entry.size for entry in cache.entries()}
        names = [folder.name for folder in (cache.root / "entries").iterdir()]
        removed = [name for name in names if remove(cache, name)]
        for log in (cache.root / "logs").iterdir():
            with cache.try_lock(log.stem) as locked:
                if locked:
                    remove_path(log)
        _sweep_index(cache)
    return Removed(len(removed), sum(sizes.get(name, 0) for name in removed))


def remove(cache: Cache, digest: str) -> bool:
    """Remove one entry unless it is locked; returns whether it was removed.

    Raises:
        CacheError: The cache cannot be written.
    """
    with explained(cache.root), cache.try_lock(digest) as locked:
        if locked:
            cache.discard(digest)
        return locked


def _remove_unused(cache: Cache, entry: Entry, grace: float) -> bool:
    """Remove an entry unless it is locked or was used just now; returns whether it was removed."""
    with cache.try_lock(entry.digest) as locked:
        if not locked:
            return False
        used = cache.last_use(entry.digest)  # perhaps since the entries were listed
        if used is None or time.time() - used < grace:
            return False
        cache.discard(entry.digest)
        return True


def _sweep_leftovers(cache: Cache) -> None:
    """Remove what killed processes left, and old logs, where no lock is held."""
    areas = (cache.root / "building", cache.root / "discarded")
    for digest in {folder.name.split("-")[0] for area in areas for folder in area.iterdir()}:
        with cache.try_lock(digest) as locked:
            if locked:
                cache.sweep(digest)
    for log in (cache.root / "logs").iterdir():
        with suppress(FileNotFoundError):  # its build has ended this instant
            if _age(log) > LOG_AGE:
                remove_path(log)


def _sweep_index(cache: Cache) -> None:
    """Remove index entries whose build is gone, and what a killed process half wrote."""
    for path in (cache.root / "index").iterdir():
        with suppress(FileNotFoundError):  # replaced or removed by another process
            whole = path.suffix == ".key"
            if cache.indexed(path.stem) is None if whole else _age(path) > GRACE:
                remove_path(path)


def _age(path: Path) -> float:
    """Seconds since a file, or a link, was written."""
    return time.time() - path.lstat().st_mtime
