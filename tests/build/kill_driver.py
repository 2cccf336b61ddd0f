"""Kills builds at random moments and steps, and tells what became of each: see `test_kills.py`.

Arguments: how many builds, a seed, a folder for caches, the folder of a small support library, and
the names of the ways in which they are killed, with commas.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
from driven import RIGHT, RealNetwork, TinyExtension, adopt_orphans, ended, fork
from step_driver import Steps, kill, tear

from annconv.build.cache import Cache
from annconv.build.pruning import prune

Target = RealNetwork | TinyExtension


def count_steps(folder: Path, target: Target) -> int:
    """How many changes an undisturbed build makes in the cache."""
    reader, writer = os.pipe()

    def work() -> int:
        steps = Steps(folder, lambda *_: None)
        sys.addaudithook(steps)
        code = target.build()
        os.write(writer, str(steps.count).encode())
        return code

    if ended(fork(work)) != RIGHT:
        raise SystemExit("the undisturbed build is not right")
    count = int(os.read(reader, 100))
    os.close(reader)
    os.close(writer)
    return count


def kill_after(child: int, seconds: float) -> None:
    """Kill a process at a moment, unless it has ended before."""
    descriptor = os.pidfd_open(child)
    select.select([descriptor], [], [], seconds)
    os.close(descriptor)
    os.kill(child, signal.SIGKILL)


def orphans() -> list[int]:
    """Processes that killed builds have left."""
    own = os.getpid()
    return [int(word) for word in Path(f"/proc/{own}/task/{own}/children").read_text().split()]


def end_orphans() -> None:
    """Kill what a killed build has started, down to the last compiler."""
    while found := orphans():
        for process in found:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def wait_for_orphans() -> None:
    """Wait until what a killed build has started has come to its end."""
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def at_step(folder: Path, act: Callable[[int, str, str, int], None], target: Target) -> int:
    """Build with a hook that acts at one of the steps."""
    sys.addaudithook(Steps(folder, act))
    return target.build()


class Killer:
    """Kills one build after the other.

    Attributes:
        folder: Where the caches are.
        support: The small support library.
        rng: What draws moments and steps.
    """

    def __init__(self, folder: Path, support: Path, seed: int) -> None:
        self.folder, self.support = folder, support
        self.rng = np.random.default_rng(seed)
        self.scales: dict[str, tuple[float, int]] = {}

    def enter(self, kind: str, number: int) -> tuple[Path, Target]:
        """The cache and the target of a build: a shared cache, or a new one."""
        shared = kind == "network"
        cache = self.folder / ("shared" if shared else f"fresh-{number}")
        os.environ["ANNCONV_CACHE_DIR"] = str(cache)
        return cache, RealNetwork(number) if shared else TinyExtension(number, self.support)

    def scale(self, kind: str) -> tuple[float, int]:
        """Seconds and steps that an undisturbed build takes."""
        if kind not in self.scales:
            if kind == "network" and ended(fork(self.enter(kind, 1000)[1].build)) != RIGHT:
                raise SystemExit("the first build is not right")  # which makes the binding, too
            cache, target = self.enter(kind, 1001)
            start = time.monotonic()
            steps = count_steps(cache, target)
            self.scales[kind] = (time.monotonic() - start, steps)
        return self.scales[kind]

    def kill(self, number: int, way: str, *, last: bool) -> dict[str, object]:
        """Kill one build, load, build again, and tell what came of it.

        Args:
            number: Of the build.
            way: How it is killed.
            last: At the last moment or step, when all is published, instead of any.
        """
        kind, how = way.split("-")
        seconds, steps = self.scale(kind)
        cache, target = self.enter(kind, number)
        share = 1.0 if last else float(self.rng.random())
        if how in ("step", "torn"):
            act = (kill if how == "step" else tear)(min(int(share * steps), steps - 1))
            code = ended(fork(partial(at_step, cache, act, target)))
        else:
            child = fork(target.build)
            kill_after(child, share * seconds)
            code = ended(child)
        if how != "parent":
            end_orphans()
        left_running = len(orphans())
        report = {
            "way": way,
            "share": share,
            "code": code,
            "left": sorted(path.name for path in (cache / "v1").glob("building/*")),
            "orphans": left_running,
            "load": self._settled(target.load),
            "again": self._settled(target.build),
            "then": self._settled(target.load),
        }
        wait_for_orphans()
        prune(Cache(cache))  # as the next build of anything does
        root = Cache(cache).root
        areas = [path for area in ("building", "discarded") for path in (root / area).iterdir()]
        return report | {"leftovers": [path.name for path in areas]}

    def _settled(self, work: Callable[[], int]) -> int:
        child = fork(work)
        return ended(child)


def main() -> None:
    count, seed, folder, support, ways = sys.argv[1:]
    adopt_orphans()
    killer = Killer(Path(folder), Path(support), int(seed))
    names = ways.split(",")
    for number in range(int(count)):
        turn, way = divmod(number, len(names))
        report = killer.kill(number, names[way], last=turn == 1)
        sys.stdout.write(json.dumps(report) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
