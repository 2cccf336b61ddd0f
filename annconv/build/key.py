"""The key of a build: everything that can change the binary, and nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

_FORMAT = 1
_LISTED = 4  # of many changes in one field this many are told


@dataclass(frozen=True)
class BuildKey:
    """Two builds with equal keys make the same binary; times and folders are no part of it."""

    sources: tuple[tuple[str, str], ...]
    """Path and SHA-256 of each emitted file, CMakeLists.txt included, sorted by path."""
    support: str
    """SHA-256 over the C++ support library."""
    compiler: tuple[str, str, str]
    """Real path, version text and target of the compiler."""
    cmake: tuple[str, str]
    """Version of CMake, and generator."""
    flags: tuple[str, ...]
    """As passed, with -march=native expanded to what it means on this machine."""
    binding: tuple[str, str] | None
    """Python ABI tag and version of pybind11; None for a program."""
    environment: tuple[tuple[str, str], ...]
    """The variables let through that can change the result."""

    def to_json(self) -> str:
        """Canonical text, from which `digest` is made."""
        return json.dumps({"format": _FORMAT} | asdict(self), sort_keys=True, indent=1) + "\n"

    def digest(self) -> str:
        """SHA-256 of the canonical text, 64 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def differences(self, other: BuildKey) -> tuple[str, ...]:
        """Names of the fields in which two keys differ."""
        names = (field.name for field in fields(self))
        return tuple(name for name in names if getattr(self, name) != getattr(other, name))

    def changes(self, other: BuildKey) -> tuple[str, ...]:
        """What is different here from another key, a phrase for each field that differs."""
        return tuple(
            f"{name} ({_change(name, getattr(self, name), getattr(other, name))})"
            for name in self.differences(other)
        )

    @classmethod
    def from_json(cls, text: str) -> BuildKey:
        """Read what `to_json` wrote.

        Raises:
            ValueError: The text is not the key of a build, or of another version of annconv.
        """
        data = json.loads(text)
        names = {field.name for field in fields(cls)}
        if (
            not isinstance(data, dict)
            or data.pop("format", None) != _FORMAT
            or data.keys() != names
        ):
            raise ValueError("not the key of a build")
        return cls(**{name: _tuples(value) for name, value in data.items()})


def _change(name: str, new: Any, old: Any) -> str:
    """How the value of one field came out of that of another key."""
    if name in ("sources", "environment"):
        return _changed_entries(dict(new), dict(old))
    if name == "support":
        return "annconv's own C++ has changed"
    if name == "flags":
        return _changed_entries(dict.fromkeys(new, ""), dict.fromkeys(old, "")) or "other order"
    return f"{_words(new)} instead of {_words(old)}"


def _changed_entries(new: Mapping[str, str], old: Mapping[str, str]) -> str:
    changed = [f"{name} changed" for name in new if name in old and new[name] != old[name]]
    added = [f"{name} added" for name in new if name not in old]
    gone = [f"{name} removed" for name in old if name not in new]
    return _listed([*changed, *added, *gone])


def _listed(phrases: list[str]) -> str:
    """Phrases as one; of many the first ones and how many more there are."""
    rest = len(phrases) - _LISTED
    return ", ".join(phrases[:_LISTED]) + (f" and {rest} more" if rest > 0 else "")


def _words(value: tuple[str, ...] | None) -> str:
    return "nothing" if value is None else " ".join(value)


def _tuples(value: Any) -> Any:
    """JSON lists as tuples, all the way down."""
    return tuple(_tuples(entry) for entry in value) if isinstance(value, list) else value


def source_digests(sources: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Path and SHA-256 of each text, sorted by path."""
    return tuple(
        (path, hashlib.sha256(text.encode()).hexdigest()) for path, text in sorted(sources.items())
    )


def folder_digest(folder: Path) -> str:
    """SHA-256 over paths and bytes of all files below a folder; times do not matter."""
    total = hashlib.sha256()
    paths = (
        (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()
    )
    for name, path in sorted(paths):
        total.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
