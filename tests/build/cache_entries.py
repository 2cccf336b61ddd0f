"""Keys and entries of a cache, as its tests make and age them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from annconv.build.cache import Cache
from annconv.build.key import BuildKey


def variant(key: BuildKey, number: int) -> BuildKey:
    return replace(key, support=str(number))


def listing(cache: Cache, area: str) -> list[str]:
    return sorted(path.name for path in (cache.root / area).iterdir())


def age(folder: Path, seconds: float) -> None:
    """Make an entry, or a file, last used this long ago."""
    path = folder / "manifest.json" if folder.is_dir() else folder
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))
