"""`annconv cache`: which builds are kept, how much room they take, and making it less."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from annconv.build.cache import Cache, Entry
from annconv.build.pruning import DEFAULT_LIMIT, GRACE, Removed, clear, prune
from annconv.environment import read_environment
from annconv.machine import size_text
from annconv.printing import show

_SHORT = 12  # digits of a key that are shown
_SPANS = ((24 * 3600, "day"), (3600, "hour"), (60, "minute"))


def run_action(arguments: Namespace) -> None:
    """Do what stands behind `annconv cache`.

    Raises:
        CacheError: The cache cannot be read or written.
    """
    ACTIONS[arguments.action](Cache(read_environment().cache), arguments)


def _list(cache: Cache, _arguments: Namespace) -> None:
    entries, now = cache.entries(), time.time()
    for entry in entries:
        show("\n".join(entry_lines(entry, now)))
    show(_total(entries))


def _size(cache: Cache, _arguments: Namespace) -> None:
    show(str(cache.root))
    limit = f"of {size_text(DEFAULT_LIMIT)} that are kept after each build"
    show(f"{_total(cache.entries())} {limit}")


def _prune(cache: Cache, arguments: Namespace) -> None:
    limit = DEFAULT_LIMIT if arguments.to is None else arguments.to
    _tell_removed(cache, prune(cache, limit))
    if sum(entry.size for entry in cache.entries()) > limit:
        show(
            f"above {size_text(limit)}: what is being built, or was used in the last "
            f"{GRACE:.0f} seconds, stays"
        )


def _clear(cache: Cache, _arguments: Namespace) -> None:
    _tell_removed(cache, clear(cache))
    if cache.entries():
        show("what is being built stays")


def _tell_removed(cache: Cache, removed: Removed) -> None:
    gone = f"{_builds(removed.entries)}, {size_text(removed.size)}"
    show(f"removed {gone}; left: {_total(cache.entries())}")


ACTIONS: Mapping[str, Callable[[Cache, Namespace], None]] = MappingProxyType(
    {"list": _list, "size": _size, "prune": _prune, "clear": _clear}
)
"""What can stand behind `annconv cache`."""


def entry_lines(entry: Entry, now: float) -> tuple[str, str]:
    """An entry for a person: key, size, ages and network; below, why it was built.

    Args:
        entry: The entry.
        now: Seconds since 1970.
    """
    first = (
        f"{entry.digest[:_SHORT]}  {size_text(entry.size):>10}  "
        f"used {age_text(now - entry.used):<14}  built {age_text(now - entry.built):<14}  "
        f"{entry.label}"
    )
    return first, f"{'':{_SHORT}}  {entry.reason}"


def age_text(seconds: float) -> str:
    """How long ago something was, in the largest unit of which there is one."""
    for length, name in _SPANS:
        count = int(seconds // length)
        if count > 0:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def _total(entries: Iterable[Entry]) -> str:
    sizes = [entry.size for entry in entries]
    return f"{_builds(len(sizes))}, {size_text(sum(sizes))}"


def _builds(count: int) -> str:
    return f"{count} build{'' if count == 1 else 's'}"
