"""Makes cache entries, each in a process that ends, or meets a full disk, at one of its steps.

A step is a change of the cache folder: Python tells its audit hooks of each before it is done. The
driver prints what became of each: see `test_steps.py`. It runs by itself, as it forks.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from annconv.build.cache import Cache
from annconv.build.key import BuildKey
from annconv.build.pruning import prune
from annconv.errors import CacheError

KEY = BuildKey(
    sources=(("kernels.cpp", "aa"),),
    support="bb",
    compiler=("/usr/bin/g++", "g++ 12", "x86_64-linux-gnu"),
    cmake=("4.0", "Ninja"),
    flags=("-O2",),
    binding=None,
    environment=(),
)
NAME = "0" * 64
CONTENT = b"machine code" * 1000
RIGHT, REFUSED = 0, 3
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
CHANGES = ("os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.utime", "shutil.rmtree")


def fill(work: Path) -> None:
    (work / "src").mkdir()
    (work / "src" / "kernels.cpp").write_text("int f();")
    (work / "network.so").write_bytes(CONTENT)


def build(folder: Path) -> int:
    """Build, note and prune as `build_extension` does; whether the result is right."""
    cache = Cache(folder)
    entry, _ = cache.obtain(KEY, "network", fill)
    prune(cache)
    cache.remember(NAME, entry.digest)
    return RIGHT if whole(cache) else 1


def whole(cache: Cache) -> bool:
    """Whether what is found is what was built."""
    entry = cache.find(KEY.digest())
    return entry is not None and (entry.folder / "network.so").read_bytes() == CONTENT


def leftovers(folder: Path) -> list[str]:
    """What no finished build leaves behind."""
    root = Cache(folder).root
    found = [path for area in ("building", "discarded", "logs") for path in (root / area).iterdir()]
    found += [path for path in (root / "entries").iterdir() if path.name != KEY.digest()]
    return [path.relative_to(root).as_posix() for path in found]


class Steps:
    """An audit hook that counts the steps in a folder, and acts at one of them."""

    def __init__(self, folder: Path, act: Callable[[int, str, str, int], None]) -> None:
        self.folder, self.act, self.count, self.busy = str(folder), act, 0, False

    def __call__(self, event: str, arguments: tuple[object, ...]) -> None:
        if self.busy or event not in ("open", *CHANGES):
            return
        path, flags = str(arguments[0]), arguments[2] if event == "open" else 0
        assert isinstance(flags, int)
        if not path.startswith(self.folder) or not (event in CHANGES or flags & WRITING):
            return
        self.busy = True
        self.act(self.count, event, path, flags)
        self.busy = False
        self.count += 1


def kill(wanted: int) -> Callable[[int, str, str, int], None]:
    """Ends the process before a step."""

    def act(number: int, event: str, path: str, flags: int) -> None:
        if number == wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def tear(wanted: int) -> Callable[[int, str, str, int], None]:
    """Ends the process when a file is opened for writing, and nothing written."""

    def act(number: int, event: str, path: str, flags: int) -> None:
        if number == wanted:
            if event == "open":
                os.close(os.open(path, (flags | os.O_CREAT) & ~os.O_EXCL, 0o600))
            os.kill(os.getpid(), signal.SIGKILL)

    return act


def refuse(wanted: int) -> Callable[[int, str, str, int], None]:
    """From a step on there is no space for another file."""

    def act(number: int, event: str, path: str, flags: int) -> None:
        if number >= wanted and (event == "os.mkdir" or flags & WRITING):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)

    return act


ACTS = {"killed": kill, "torn": tear, "full": refuse}
"""How a build is disturbed at a step; only a file that is written can be torn."""


def in_child(work: Callable[[], int]) -> int:
    """Exit code of a forked process, or the number of its signal below zero."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = work()
        except CacheError as error:
            code = REFUSED if "Instead: free some space" in str(error) else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def prepare(folder: Path, start: str) -> None:
    """The cache before the build: empty, or with a damaged entry in the place of the new one."""
    shutil.rmtree(folder, ignore_errors=True)
    cache = Cache(folder)
    if start == "damaged":
        entry, _ = cache.obtain(KEY, "network", fill)
        (entry.folder / "network.so").write_bytes(b"")


def steps_of(folder: Path, start: str) -> list[tuple[str, str]]:
    """Event and path of every step of an undisturbed build."""
    prepare(folder, start)
    seen = folder.parent / "steps"

    def record() -> int:
        found: list[tuple[str, str]] = []
        sys.addaudithook(Steps(folder, lambda _, event, path, __: found.append((event, path))))
        code = build(folder)
        seen.write_text(json.dumps(found))
        return code

    if in_child(record) != RIGHT:
        raise SystemExit("the undisturbed build is not right")
    return [(event, path.removeprefix(str(folder))) for event, path in json.loads(seen.read_text())]


def disturbed(folder: Path, act: Callable[[int, str, str, int], None]) -> int:
    """As `build`, with a hook that acts at one of the steps."""
    sys.addaudithook(Steps(folder, act))
    return build(folder)


def main(folder: Path) -> None:
    reports = []
    for start in ("empty", "damaged"):
        for number, (event, path) in enumerate(steps_of(folder, start)):
            for name, act in ACTS.items():
                if (name == "torn" and event != "open") or (name != "killed" and start == "empty"):
                    continue
                prepare(folder, start)
                code = in_child(partial(disturbed, folder, act(number)))
                cache = Cache(folder)
                found = cache.find(KEY.digest())
                loads = None if found is None else whole(cache)
                again = in_child(partial(build, folder))
                reports.append([start, name, event, path, code, loads, again, leftovers(folder)])
    sys.stdout.write(json.dumps(reports))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
