"""Builds where space is short, and tells what became of each: see `test_space.py`.

Arguments: how it is short, a folder, the folder of a small support library, and the sizes in KiB
that are left, with commas. How: "disk" fills the disk of the folder, which is a small one; "limit"
sets the largest size of a file; "tmpdir" fills the disk of the folder, of which only temporary
files are, and builds in the folder `beside` it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from functools import partial
from pathlib import Path

from driven import TinyExtension, ended, fork

from annconv.build.cache import Cache
from annconv.build.pruning import clear
from annconv.errors import BuildError, CacheError

REFUSED = 3
KIB = 1024


def used(folder: Path) -> int:
    """Bytes taken on the disk of a folder."""
    status = os.statvfs(folder)
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def fill_disk(folder: Path, left: int) -> Path:
    """A file that leaves so many bytes of the disk."""
    status, filler = os.statvfs(folder), folder / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(status.f_bfree * status.f_frsize - left, 1))
    return filler


def attempt(target: TinyExtension, limit: int | None, messages: int) -> int:
    """Build with files of a limited size; an error is written to a pipe."""
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        return target.build()
    except (BuildError, CacheError) as error:
        os.write(messages, f"{type(error).__name__}: {error}".encode())
        return REFUSED


def short_of(
    how: str, folder: Path, cache: Path, target: TinyExtension, size: int
) -> dict[str, object]:
    """Build with little space, look, build again with enough of it."""
    root = Cache(cache).root
    clear(Cache(cache))
    before = used(folder)
    filler = None if how == "limit" else fill_disk(folder, size)
    reader, writer = os.pipe()
    code = ended(fork(partial(attempt, target, size if how == "limit" else None, writer)))
    os.close(writer)
    with os.fdopen(reader) as file:
        message = file.read()
    load = ended(fork(target.load))
    left = [path.name for area in ("building", "discarded") for path in (root / area).iterdir()]
    if filler is not None:
        filler.unlink()
    taken = used(folder) - before
    again = ended(fork(target.build))
    return {
        "how": how,
        "size": size // KIB,
        "code": code,
        "message": message,
        "load": load,
        "left": left,
        "taken": taken,
        "again": again,
        "root": str(root),
    }


def main() -> None:
    how, folder, support, sizes = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
    cache = folder.parent / "beside" if how == "tmpdir" else folder / "cache"
    os.environ["ANNCONV_CACHE_DIR"] = str(cache)
    if how == "tmpdir":
        os.environ["TMPDIR"] = str(folder)
    reports = [
        short_of(how, folder, cache, TinyExtension(number, support), int(size) * KIB)
        for number, size in enumerate(sizes.split(","))
    ]
    sys.stdout.write(json.dumps(reports))


if __name__ == "__main__":
    main()
