"""The manifest of a cache entry: which files it has, so that a damaged one is recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MANIFEST = "manifest.json"
KEY = "key.json"
LOG = "build.log"

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an entry must hold.

    Attributes:
        label: What was built, for a person.
        reason: Why it was built.
        files: Path inside the entry -> size in bytes and SHA-256.
    """

    label: str
    reason: str
    files: dict[str, tuple[int, str]]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(size for size, _ in self.files.values())


def write_manifest(folder: Path, label: str, reason: str) -> None:
    """Write the manifest of all files below a folder; the last act before it is published."""
    files: dict[str, tuple[int, str]] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            files[path.relative_to(folder).as_posix()] = (len(content), digest)
    data = {"format": _FORMAT, "label": label, "reason": reason, "files": files}
    (folder / MANIFEST).write_text(json.dumps(data, indent=1, sort_keys=True) + "\n", "utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of an entry.

    Raises:
        ValueError: There is none, or it is not one; the text says which.
    """
    content = read_file(folder, MANIFEST)
    try:
        data = json.loads(content)
        known = data["format"] == _FORMAT
        files = {str(path): (int(size), str(sha)) for path, (size, sha) in data["files"].items()}
        manifest = Manifest(str(data["label"]), str(data["reason"]), files)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"{MANIFEST} is damaged") from error
    if not known:
        raise ValueError(f"{MANIFEST} is of another version of annconv")
    return manifest


def read_file(folder: Path, name: str) -> bytes:
    """The bytes of a file of an entry.

    Raises:
        ValueError: It is missing, or something else (a FIFO would never end), or cannot be read.
    """
    path = folder / name
    try:
        if not path.is_file():
            raise ValueError(f"{name} is {'not a file' if path.exists() else 'missing'}")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"{name} cannot be read ({error.strerror})") from error


def find_fault(folder: Path, key: str | None = None) -> str | None:
    """What is wrong with an entry, or None if its files are those of its manifest.

    Args:
        folder: The entry.
        key: Digest of the key that it must have been built for; None: any.
    """
    try:
        manifest = read_manifest(folder)
        if key is not None and manifest.files.get(KEY, (0, ""))[1] != key:
            return f"{KEY} is that of another build"
        return next(_changes(folder, manifest), None)
    except ValueError as error:
        return str(error)


def _changes(folder: Path, manifest: Manifest) -> Iterator[str]:
    """How the files of an entry differ from its manifest.

    Raises:
        ValueError: As `read_file`.
    """
    for name, (size, digest) in manifest.files.items():
        content = read_file(folder, name)
        if len(content) != size:
            yield f"{name} has {len(content)} bytes instead of {size}"
        elif hashlib.sha256(content).hexdigest() != digest:
            yield f"{name} has changed since it was built"
